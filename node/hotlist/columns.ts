/**
 * Typed arrays that grow, and heads of hash chains: what keeps a million entries in tens of megabytes, where objects
 * would take gigabytes. Row 0xFFFFFFFF means "none".
 */
export const NONE = 0xFFFF_FFFF
/** Rows of one table; beyond it placing throws, so that a runaway list cannot eat the node. */
export const ROWS_MAX = 16_000_000

type Column = Uint8Array | Uint16Array | Uint32Array

/** A copy with room for `rows`, or the same array when it has it; new rows hold 0. */
export function widened<C extends Column> (column: C, rows: number): C {
  if (rows <= column.length) return column
  const wider = new (column.constructor as new (length: number) => C)(rows)
  wider.set(column)
  return wider
}

/** Room for at least `rows`, growing by a quarter so that little of it lies idle. */
export const roomFor = (rows: number, room: number): number => rows <= room ? room : Math.max(rows, Math.ceil(room * 1.25), 1024)

/** How many chains for so many rows: the power of two at or below, so that a chain is one or two long. */
export const headCount = (rows: number): number => 2 ** Math.floor(Math.log2(Math.max(rows, 16)))
export const chainHeads = (rows: number): Uint32Array => new Uint32Array(headCount(rows)).fill(NONE)

/** Spreads two words over 32 bits (the finisher of MurmurHash3). */
export function spread (high: number, low: number): number {
  let hash = Math.imul(high, 0x9E37_79B1) ^ Math.imul(low ^ (low >>> 15), 0x85EB_CA6B)
  hash = Math.imul(hash ^ (hash >>> 13), 0xC2B2_AE35)
  return (hash ^ (hash >>> 16)) >>> 0
}
