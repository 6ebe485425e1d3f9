/**
 * An append-only Merkle tree (RFC 6962 section 2.1) of which only the right edge is kept: everything to its left is in
 * full tiles, which are handed out once and never change.
 * Invariant: `peaks` are the roots of the perfect subtrees that `size` splits into (its binary digits), largest first,
 * so that the root costs a handful of hashes at any size.
 */
import { emptyRoot, leafHash, nodeHash, perfectRoot } from './hash.ts'
import { HASH_BYTES, TILE_BYTES, TILE_WIDTH, edgeTiles } from './tile.ts'

/** Plain data. `tiles[level]` has room for a full tile (8192 bytes) and is filled as far as `edgeTiles(size)` says, zero beyond. */
export interface LogEdge { size: number, readonly tiles: Uint8Array[], readonly peaks: Uint8Array[] }
/** 256 hashes, 8192 bytes. */
export interface FullTile { readonly level: number, readonly index: number, readonly bytes: Uint8Array }

export const emptyEdge = (): LogEdge => ({ size: 0, tiles: [], peaks: [] })

/** The edge of a tree of `size` leaves out of its partial tiles, one for each of `edgeTiles(size)`; throws RangeError when one is too short. */
export function edgeFromTiles (size: number, partialTiles: readonly Uint8Array[]): LogEdge {
  const edge: LogEdge = { size, tiles: [], peaks: [] }
  for (const { level, width } of edgeTiles(size)) {
    const hashes = partialTiles[level]
    if (hashes === undefined || hashes.length < width * HASH_BYTES) throw new RangeError('a tile of the edge is too short')
    const tile = new Uint8Array(TILE_BYTES)
    tile.set(hashes.subarray(0, width * HASH_BYTES))
    edge.tiles.push(tile)
    edge.peaks.unshift(...peaksOf(tile, width))
  }
  return edge
}

function peaksOf (tile: Uint8Array, width: number): Uint8Array[] {
  const peaks: Uint8Array[] = []
  let from = 0
  for (let count = TILE_WIDTH / 2; count >= 1; count /= 2) {
    if (from + count > width) continue
    peaks.push(perfectRoot(tile, from, count))
    from += count
  }
  return peaks
}

/** Appends entries. Changes `edge` in place, for speed, and returns it with the tiles that became full, lower levels first. */
export const appendLeaves = (edge: LogEdge, leaves: readonly Uint8Array[]): { edge: LogEdge, tiles: FullTile[] } =>
  appendLeafHashes(edge, leaves.map(leafHash))

/** The same for entries that are hashed already. */
export function appendLeafHashes (edge: LogEdge, hashes: readonly Uint8Array[]): { edge: LogEdge, tiles: FullTile[] } {
  if (!Number.isSafeInteger(edge.size + hashes.length)) throw new RangeError('the log is full')
  const tiles: FullTile[] = []
  for (const hash of hashes) appendHash(edge, hash, tiles)
  return { edge, tiles }
}

/** Like adding one to a binary number: every carry joins two subtrees, and each eighth height is a level of tiles. */
function appendHash (edge: LogEdge, leaf: Uint8Array, full: FullTile[]): void {
  let hash = leaf
  let index = edge.size
  for (let height = 0; ; height++) {
    if (height % 8 === 0) keepInTile(edge, height / 8, index, hash, full)
    if (index % 2 === 0) break
    hash = nodeHash(edge.peaks.pop()!, hash)
    index = (index - 1) / 2
  }
  edge.peaks.push(hash)
  edge.size++
}

function keepInTile (edge: LogEdge, level: number, index: number, hash: Uint8Array, full: FullTile[]): void {
  const tile = edge.tiles[level] ??= new Uint8Array(TILE_BYTES)
  const slot = index % TILE_WIDTH
  tile.set(hash, slot * HASH_BYTES)
  if (slot < TILE_WIDTH - 1) return
  full.push({ level, index: Math.floor(index / TILE_WIDTH), bytes: tile })
  // A new buffer, so that whoever holds the full tile holds it for good.
  edge.tiles[level] = new Uint8Array(TILE_BYTES)
}

/** 32 bytes; for no leaves the hash of nothing. */
export function rootOf (edge: LogEdge): Uint8Array {
  let root: Uint8Array | undefined
  for (let i = edge.peaks.length - 1; i >= 0; i--) {
    const peak = edge.peaks[i]!
    root = root === undefined ? peak : nodeHash(peak, root)
  }
  return root?.slice() ?? emptyRoot()
}
