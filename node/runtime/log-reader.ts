/**
 * Reads the log back out of the store: its right edge after a start, tiles for proofs, and all of it for an audit.
 * Only leaves and full tiles are stored, each written once in the commit that made it; a partial tile is computed from
 * what lies below it. This file never writes, and never sees more than hashes of what a leaf says.
 */
import { equalBytes } from '../../protocol/bytes.ts'
import { consistencyProof, tilesForConsistency } from '../../protocol/log/consistency.ts'
import { leafHash, perfectRoot } from '../../protocol/log/hash.ts'
import { inclusionProof, tilesForInclusion } from '../../protocol/log/inclusion.ts'
import { rootFromTiles, tilesForRoot } from '../../protocol/log/ranges.ts'
import { HASH_BYTES, TILE_BYTES, TILE_WIDTH, edgeTiles, tileName, type LoadedTiles, type Tile } from '../../protocol/log/tile.ts'
import { appendLeafHashes, edgeFromTiles, emptyEdge, rootOf, type FullTile, type LogEdge } from '../../protocol/log/tree.ts'
import { keyOf } from '../../protocol/records.ts'
import { StoreError, type Store, type StoreKey } from './ports.ts'

const LEAF_PREFIX: StoreKey = 'log/leaf/'
const leafKey = keyOf.logLeaf
const tileKey = keyOf.logTile

/** The store lacks, or holds damaged, what the log says is there; the message names the key. */
export class LogDamage extends Error {
  readonly key: StoreKey
  constructor (key: StoreKey) {
    super(`the log lacks ${key}, or it is damaged`)
    this.name = 'LogDamage'
    this.key = key
  }
}

/** The edge of a log of `size` leaves, from at most 255 leaves and 255 tiles a level. Throws LogDamage; compare its root with a signed head. */
export async function recoverEdge (store: Store, size: number): Promise<LogEdge> {
  return edgeFromTiles(size, await Promise.all(edgeTiles(size).map(tile => buildTile(store, tile))))
}

/**
 * The hashes of the wanted tiles, by `tileName`. Throws LogDamage when one cannot be had.
 * With the running node's `edge`, what lies in partial tiles is not read and hashed again.
 */
export async function loadTiles (store: Store, wanted: readonly Tile[], edge?: LogEdge): Promise<LoadedTiles> {
  const tiles = new Map<string, Uint8Array>()
  // Before anything is awaited: the edge goes on growing meanwhile.
  const held = edge === undefined ? [] : edgeTiles(edge.size).map(({ level, index, width }) => ({ level, index, width, bytes: edge.tiles[level]! }))
  const rest = wanted.filter(tile => {
    const ours = held.find(({ level, index, width }) => level === tile.level && index === tile.index && width >= tile.width)
    if (ours !== undefined) tiles.set(tileName(tile), ours.bytes.slice(0, tile.width * HASH_BYTES))
    return ours === undefined
  })
  const stored = await store.getMany(rest.map(({ level, index }) => tileKey(level, index)))
  for (const [i, tile] of rest.entries()) {
    const full = stored[i]
    if (full === undefined && tile.width === TILE_WIDTH) throw new LogDamage(tileKey(tile.level, tile.index))
    tiles.set(tileName(tile), full === undefined ? await buildTile(store, tile) : wholeTile(full, tile))
  }
  return tiles
}

function wholeTile (bytes: Uint8Array, { level, index }: { level: number, index: number }): Uint8Array {
  if (bytes.length !== TILE_BYTES) throw new LogDamage(tileKey(level, index))
  return bytes
}

/** The hashes of a partial tile: of leaves at level 0, of the full tiles one level down above it. */
async function buildTile (store: Store, { level, index, width }: Tile): Promise<Uint8Array> {
  const places = Array.from({ length: width }, (_, slot) => index * TILE_WIDTH + slot)
  const keys = places.map(place => level === 0 ? leafKey(place) : tileKey(level - 1, place))
  const below = await store.getMany(keys)
  const hashes = new Uint8Array(width * HASH_BYTES)
  for (const [slot, bytes] of below.entries()) {
    if (bytes === undefined || (level > 0 && bytes.length !== TILE_BYTES)) throw new LogDamage(keys[slot]!)
    hashes.set(level === 0 ? leafHash(bytes) : perfectRoot(bytes, 0, TILE_WIDTH), slot * HASH_BYTES)
  }
  return hashes
}

/** RFC 6962 inclusion proof of leaf `index` in the tree of `size`. Throws RangeError for a leaf outside, LogDamage. */
export async function proveInclusion (store: Store, size: number, index: number, edge?: LogEdge): Promise<Uint8Array[]> {
  return inclusionProof(size, index, await loadTiles(store, tilesForInclusion(size, index), edge))
}

/** RFC 6962 consistency proof between two sizes. Throws RangeError when size1 is above size2, LogDamage. */
export async function proveConsistency (store: Store, size1: number, size2: number, edge?: LogEdge): Promise<Uint8Array[]> {
  return consistencyProof(size1, size2, await loadTiles(store, tilesForConsistency(size1, size2), edge))
}

/** The root (32 bytes) of the log when it had `size` leaves, to compare with an older head. Throws LogDamage. */
export async function rootAt (store: Store, size: number, edge?: LogEdge): Promise<Uint8Array> {
  return rootFromTiles(size, await loadTiles(store, tilesForRoot(size), edge))
}

// ── The whole log ────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * `-missing`: not in the store. `-damaged`: the store found its digest wrong. `leaf-differs`: not what its stored tile
 * says; the leaf is at fault when the root differs too, else the tile. `tile-differs`: not what the leaves below give.
 * `root-differs`: the leaves are not those of the signed head.
 */
export type LogFault = 'leaf-missing' | 'leaf-damaged' | 'leaf-differs' | 'tile-missing' | 'tile-damaged' | 'tile-differs' | 'root-differs'
export interface LogFinding { readonly fault: LogFault, readonly key?: StoreKey }
export interface LogAudit {
  readonly ok: boolean
  /** Leaves and full tiles that were read and hashed. */
  readonly leaves: number, readonly tiles: number
  /** What the stored leaves give. */
  readonly root: Uint8Array
  /** The first FINDINGS_MAX; `found` counts all. */
  readonly findings: readonly LogFinding[], readonly found: number
}
export const FINDINGS_MAX = 100
/** Leaves read at once: whole tiles, and little enough that nothing else waits long. */
const PAGE_LEAVES = 4 * TILE_WIDTH

type Read = Uint8Array | 'missing' | 'damaged'
interface Progress { leaves: number, tiles: number, findings: LogFinding[], found: number }

/**
 * Reads all `size` leaves again, computes the tree anew, and compares every full tile and the root (32 bytes, of a
 * verified head). Goes on after a finding; a missing leaf is stood for by its tile's hash. Rejects only when the store does.
 */
export async function verifyWholeLog (store: Store, size: number, root: Uint8Array, onProgress?: (leaves: number, size: number) => void): Promise<LogAudit> {
  const progress: Progress = { leaves: 0, tiles: 0, findings: [], found: 0 }
  const edge = emptyEdge()
  while (edge.size < size) {
    const hashes = await hashesOfPage(store, edge.size, Math.min(PAGE_LEAVES, size - edge.size), progress)
    await compareTiles(store, appendLeafHashes(edge, hashes).tiles, progress)
    onProgress?.(edge.size, size)
  }
  const computed = rootOf(edge)
  if (!equalBytes(computed, root)) report(progress, 'root-differs')
  return { ...progress, ok: progress.found === 0, root: computed }
}

function report (progress: Progress, fault: LogFault, key?: StoreKey): void {
  progress.found++
  if (progress.findings.length < FINDINGS_MAX) progress.findings.push(key === undefined ? { fault } : { fault, key })
}

async function hashesOfPage (store: Store, from: number, count: number, progress: Progress): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = []
  for (const [i, leaf] of (await readLeaves(store, from, count)).entries()) {
    if (typeof leaf === 'string') {
      report(progress, `leaf-${leaf}`, leafKey(from + i))
      hashes.push(await hashInTile(store, from + i))
    } else {
      progress.leaves++
      hashes.push(leafHash(leaf))
    }
  }
  return hashes
}

/** What the stored tile says that a leaf hashed to; zeros, which no root fits, without one. */
async function hashInTile (store: Store, index: number): Promise<Uint8Array> {
  const tile = await readOne(store, tileKey(0, Math.floor(index / TILE_WIDTH)))
  const at = index % TILE_WIDTH * HASH_BYTES
  return tile instanceof Uint8Array && tile.length === TILE_BYTES ? tile.slice(at, at + HASH_BYTES) : new Uint8Array(HASH_BYTES)
}

async function compareTiles (store: Store, tiles: readonly FullTile[], progress: Progress): Promise<void> {
  const stored = await readMany(store, tiles.map(({ level, index }) => tileKey(level, index)))
  for (const [i, tile] of tiles.entries()) {
    const bytes = stored[i]!
    if (typeof bytes === 'string') report(progress, `tile-${bytes}`, tileKey(tile.level, tile.index))
    else {
      progress.tiles++
      if (!equalBytes(bytes, tile.bytes)) reportDifference(bytes, tile, progress)
    }
  }
}

function reportDifference (stored: Uint8Array, { level, index, bytes }: FullTile, progress: Progress): void {
  if (level > 0 || stored.length !== TILE_BYTES) return report(progress, 'tile-differs', tileKey(level, index))
  for (let slot = 0; slot < TILE_WIDTH; slot++) {
    const [start, end] = [slot * HASH_BYTES, (slot + 1) * HASH_BYTES]
    if (!equalBytes(stored.subarray(start, end), bytes.subarray(start, end))) report(progress, 'leaf-differs', leafKey(index * TILE_WIDTH + slot))
  }
}

/** One scan when all is well; one by one when a leaf is missing or damaged, to know which. */
async function readLeaves (store: Store, from: number, count: number): Promise<Read[]> {
  const keys = Array.from({ length: count }, (_, i) => leafKey(from + i))
  const rows = await unlessDamaged(store.scan({ prefix: LEAF_PREFIX, limit: count, ...(from > 0 && { after: leafKey(from - 1) }) }))
  if (rows?.length === count && rows.every((row, i) => row.key === keys[i])) return rows.map(row => row.value)
  return Promise.all(keys.map(key => readOne(store, key)))
}

async function readMany (store: Store, keys: readonly StoreKey[]): Promise<Read[]> {
  const values = await unlessDamaged(store.getMany(keys))
  return values?.map(value => value ?? 'missing') ?? Promise.all(keys.map(key => readOne(store, key)))
}

async function readOne (store: Store, key: StoreKey): Promise<Read> {
  const value = await unlessDamaged(store.getMany([key]))
  return value === undefined ? 'damaged' : value[0] ?? 'missing'
}

/** Undefined when the store found a value damaged; other failures are not for the audit to judge. */
async function unlessDamaged<Value> (reading: Promise<Value>): Promise<Value | undefined> {
  try { return await reading } catch (error) {
    if (error instanceof StoreError && error.code === 'corrupt') return undefined
    throw error
  }
}
