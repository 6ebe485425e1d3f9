/**
 * Proving, and checking, that a leaf is in a tree (RFC 6962 section 2.1.1).
 * Both sides walk the same list of sibling ranges, so that a proof has exactly one length and one order.
 */
import { equalBytes } from '../bytes.ts'
import { nodeHash } from './hash.ts'
import { hashOfRange, isCount, splitPoint, tilesForRanges, type LeafRange } from './ranges.ts'
import { HASH_BYTES, type LoadedTiles, type Tile } from './tile.ts'

export interface InclusionClaim {
  readonly size: number, readonly root: Uint8Array
  readonly index: number, readonly leafHash: Uint8Array
  /** From the leaf's sibling up to the root's child. */
  readonly proof: readonly Uint8Array[]
}

const isInside = (size: number, index: number): boolean => isCount(size) && isCount(index) && index < size

function siblings (size: number, index: number): LeafRange[] {
  const ranges: LeafRange[] = []
  let start = 0; let end = size
  while (end - start > 1) {
    const middle = start + splitPoint(end - start)
    if (index < middle) { ranges.push({ start: middle, end }); end = middle } else { ranges.push({ start, end: middle }); start = middle }
  }
  return ranges.reverse()
}

function siblingsInside (size: number, index: number): LeafRange[] {
  if (!isInside(size, index)) throw new RangeError('the leaf is not in a tree of this size')
  return siblings(size, index)
}

/** Which tiles `inclusionProof` reads; throws RangeError when the leaf is not below `size`. */
export const tilesForInclusion = (size: number, index: number): Tile[] => tilesForRanges(size, siblingsInside(size, index))

/** Throws RangeError when the leaf is not below `size`, or a tile is missing. */
export const inclusionProof = (size: number, index: number, tiles: LoadedTiles): Uint8Array[] =>
  siblingsInside(size, index).map(range => hashOfRange(range, tiles))

/** Foreign input: anything that is not exactly a proof of the claim gives false. */
export function verifyInclusion ({ size, root, index, leafHash, proof }: InclusionClaim): boolean {
  if (!isInside(size, index) || ![root, leafHash, ...proof].every(hash => hash.length === HASH_BYTES)) return false
  const ranges = siblings(size, index)
  if (proof.length !== ranges.length) return false
  const hash = ranges.reduce((inner, range, i) => range.start > index ? nodeHash(inner, proof[i]!) : nodeHash(proof[i]!, inner), leafHash)
  return equalBytes(hash, root)
}
