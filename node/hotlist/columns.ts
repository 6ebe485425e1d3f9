/**
 * How rows and hash chains are laid out in typed arrays: what keeps a million entries in tens of megabytes, where
 * objects would take hundreds. Row 0xFFFFFFFF means "none".
 */
export const NONE = 0xFFFF_FFFF
/** Rows of one table; beyond it placing throws, so that a runaway list cannot eat the node. */
export const ROWS_MAX = 16_000_000
export const isRow = (n: number): boolean => Number.isInteger(n) && n >= 0 && n < ROWS_MAX

/**
 * Rows live in segments of this many, so that a growing table never copies them: buffers of a megabyte that are given
 * up one after the other would stay with the process as holes.
 */
export const SEGMENT_BITS = 15
export const SEGMENT_ROWS = 2 ** SEGMENT_BITS
export const SEGMENT_MASK = SEGMENT_ROWS - 1

/** Empty heads of chains: the power of two at or below `rows`. A table makes them anew when there are two rows a chain. */
export const chainHeads = (rows: number): Uint32Array => new Uint32Array(2 ** Math.floor(Math.log2(Math.max(rows, 16)))).fill(NONE)

/** Spreads two words over 32 bits (the finisher of MurmurHash3). */
export function spread (high: number, low: number): number {
  let hash = Math.imul(high, 0x9E37_79B1) ^ Math.imul(low ^ (low >>> 15), 0x85EB_CA6B)
  hash = Math.imul(hash ^ (hash >>> 13), 0xC2B2_AE35)
  return (hash ^ (hash >>> 16)) >>> 0
}
