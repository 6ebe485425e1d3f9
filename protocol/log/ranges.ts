/**
 * Subtrees as ranges of leaves: which tiles hold them, and their hashes out of those tiles. Proofs are lists of such
 * ranges; this file knows nothing of proofs.
 * Precondition throughout: a range begins where a subtree of a tree of `size` leaves begins (RFC 6962 section 2.1).
 */
import { emptyRoot, nodeHash, perfectRoot } from './hash.ts'
import { HASH_BYTES, TILE_WIDTH, hashesAtLevel, tileIn, tileName, type LoadedTiles, type Tile } from './tile.ts'

/** Leaves `start` up to, and without, `end`. */
export interface LeafRange { readonly start: number, readonly end: number }

export const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0

/** The largest power of two below `n` (at least 2): where RFC 6962 splits a tree. */
export function splitPoint (n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

/** Where the hash of a perfect subtree comes from: `count` neighbours in one tile. */
interface TilePart { readonly level: number, readonly index: number, readonly slot: number, readonly count: number }

/** The perfect subtrees that a range consists of, largest first. */
function partsOf ({ start, end }: LeafRange): TilePart[] {
  const parts: TilePart[] = []
  for (let at = start; at < end;) {
    const leaves = largestPowerUpTo(end - at)
    parts.push(partOf(at, leaves))
    at += leaves
  }
  return parts
}

function largestPowerUpTo (n: number): number {
  let power = 1
  while (power * 2 <= n) power *= 2
  return power
}

function partOf (start: number, leaves: number): TilePart {
  let level = 0
  while (TILE_WIDTH ** (level + 1) <= leaves) level++
  const first = hashesAtLevel(start, level)
  return { level, index: Math.floor(first / TILE_WIDTH), slot: first % TILE_WIDTH, count: leaves / TILE_WIDTH ** level }
}

/** The tiles that hold these ranges in a tree of `size` leaves, each once. */
export function tilesForRanges (size: number, ranges: readonly LeafRange[]): Tile[] {
  const tiles = new Map<string, Tile>()
  for (const range of ranges) for (const part of partsOf(range)) tiles.set(tileName(part), tileIn(size, part.level, part.index))
  return [...tiles.values()]
}

/** The Merkle tree hash of a range; throws RangeError when a tile is missing or too short. */
export function hashOfRange (range: LeafRange, tiles: LoadedTiles): Uint8Array {
  let hash: Uint8Array | undefined
  for (const { level, index, slot, count } of partsOf(range).reverse()) {
    const bytes = tiles.get(tileName({ level, index }))
    if (bytes === undefined || bytes.length < (slot + count) * HASH_BYTES) throw new RangeError(`tile ${level}/${index} is missing or too short`)
    const left = perfectRoot(bytes, slot, count)
    hash = hash === undefined ? left : nodeHash(left, hash)
  }
  return hash ?? emptyRoot()
}

/** The tiles that give the root of a tree of `size` leaves. */
export const tilesForRoot = (size: number): Tile[] => tilesForRanges(size, [{ start: 0, end: size }])

/** The root of a tree of `size` leaves out of the tiles of a tree at least as large. */
export const rootFromTiles = (size: number, tiles: LoadedTiles): Uint8Array => hashOfRange({ start: 0, end: size }, tiles)
