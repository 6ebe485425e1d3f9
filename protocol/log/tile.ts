/**
 * How a tree is cut into tiles, and what they are called (C2SP tlog-tiles v0.1.0).
 * A tile at level L holds up to 256 hashes, each of a perfect subtree of 256^L leaves; only full tiles are hashed
 * upwards. Indexes are safe integers and never meet a 32-bit bit operator.
 */
export const HASH_BYTES = 32
export const TILE_WIDTH = 256
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES
/** tlog-tiles carries an entry's length in a uint16. */
export const ENTRY_BYTES_MAX = 65_535

/** Hashes `index * 256` up to `index * 256 + width` of the level; a width below 256 is a partial tile. */
export interface Tile { readonly level: number, readonly index: number, readonly width: number }
/** What a log serves: a tile, or the bundle of entries below a tile of level 0. */
export interface TileAddress { readonly level: number | 'entries', readonly index: number, readonly width: number }
/** Hashes by `tileName`; a wider tile than asked for serves as well. */
export type LoadedTiles = ReadonlyMap<string, Uint8Array>

export const tileName = (tile: { readonly level: number, readonly index: number }): string => `${tile.level}/${tile.index}`

/** How many hashes a level has in a tree of `size` leaves. */
export const hashesAtLevel = (size: number, level: number): number => Math.floor(size / TILE_WIDTH ** level)

/** The tile as it is in a tree of `size` leaves. */
export const tileIn = (size: number, level: number, index: number): Tile =>
  ({ level, index, width: Math.min(TILE_WIDTH, hashesAtLevel(size, level) - index * TILE_WIDTH) })

/** The partial tiles of a tree of `size` leaves, lowest level first; a level whose last tile is full has width 0 here. */
export function edgeTiles (size: number): Tile[] {
  const tiles: Tile[] = []
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const hashes = hashesAtLevel(size, level)
    tiles.push({ level, index: Math.floor(hashes / TILE_WIDTH), width: hashes % TILE_WIDTH })
  }
  return tiles
}

/** `tile/0/x001/x234/067` or `tile/entries/003.p/17`. */
export function tilePath ({ level, index, width }: TileAddress): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g)!
  const name = groups.map((group, i) => i < groups.length - 1 ? `x${group}` : group).join('/')
  return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`
}

const TILE_PATH = /^tile\/(entries|[1-5]?\d|6[0-3])\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

/** Foreign text: undefined when it is not the one spelling of a tile's path. */
export function parseTilePath (path: string): TileAddress | undefined {
  const parts = TILE_PATH.exec(path)
  if (parts === null) return undefined
  const address: TileAddress = {
    level: parts[1] === 'entries' ? 'entries' : Number(parts[1]),
    index: Number(parts[2]!.replace(/[x/]/g, '')),
    width: parts[3] === undefined ? TILE_WIDTH : Number(parts[3])
  }
  return Number.isSafeInteger(address.index) && tilePath(address) === path ? address : undefined
}

/** An entry bundle: `uint16 length, bytes` for each entry. Throws RangeError for more than 256 entries or one above ENTRY_BYTES_MAX. */
export function encodeEntries (entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH) throw new RangeError('a bundle holds at most 256 entries')
  const bytes = new Uint8Array(entries.reduce((total, entry) => total + 2 + entry.length, 0))
  let at = 0
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX) throw new RangeError('an entry has at most 65535 bytes')
    bytes[at] = Math.floor(entry.length / 256)
    bytes[at + 1] = entry.length % 256
    bytes.set(entry, at + 2)
    at += 2 + entry.length
  }
  return bytes
}

/** Foreign bytes: undefined unless they are exactly `width` entries. */
export function parseEntries (bytes: Uint8Array, width: number): Uint8Array[] | undefined {
  const entries: Uint8Array[] = []
  let at = 0
  while (at + 2 <= bytes.length && entries.length < width) {
    const end = at + 2 + bytes[at]! * 256 + bytes[at + 1]!
    if (end > bytes.length) return undefined
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  return at === bytes.length && entries.length === width ? entries : undefined
}
