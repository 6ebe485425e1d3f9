/**
 * Proving, and checking, that a larger tree only added to a smaller one (RFC 6962 section 2.1.2): nothing was removed
 * or rewritten. Between equal sizes, and from size 0, the proof is empty; from size 0 it says nothing about what follows.
 */
import { equalBytes } from '../bytes.ts'
import { emptyRoot, nodeHash } from './hash.ts'
import { hashOfRange, isCount, splitPoint, tilesForRanges, type LeafRange } from './ranges.ts'
import { HASH_BYTES, type LoadedTiles, type Tile } from './tile.ts'

export interface ConsistencyClaim {
  readonly size1: number, readonly root1: Uint8Array
  readonly size2: number, readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

const areOrdered = (size1: number, size2: number): boolean => isCount(size1) && isCount(size2) && size1 <= size2

/** SUBPROOF of RFC 6962 as ranges, lowest first; ends with the seed [start, size1) unless the old tree is a subtree as it stands. */
function ranges (size1: number, size2: number): LeafRange[] {
  if (size1 === 0 || size1 === size2) return []
  const found: LeafRange[] = []
  let start = 0; let end = size2
  while (end !== size1) {
    const middle = start + splitPoint(end - start)
    if (size1 <= middle) { found.push({ start: middle, end }); end = middle } else { found.push({ start, end: middle }); start = middle }
  }
  if (start > 0) found.push({ start, end })
  return found.reverse()
}

function rangesBetween (size1: number, size2: number): LeafRange[] {
  if (!areOrdered(size1, size2)) throw new RangeError('the first tree is larger than the second')
  return ranges(size1, size2)
}

/** Which tiles `consistencyProof` reads; throws RangeError when size1 is above size2. */
export const tilesForConsistency = (size1: number, size2: number): Tile[] => tilesForRanges(size2, rangesBetween(size1, size2))

/** Throws RangeError when size1 is above size2, or a tile is missing. */
export const consistencyProof = (size1: number, size2: number, tiles: LoadedTiles): Uint8Array[] =>
  rangesBetween(size1, size2).map(range => hashOfRange(range, tiles))

/** Foreign input: anything that is not exactly a proof of the claim gives false. */
export function verifyConsistency ({ size1, root1, size2, root2, proof }: ConsistencyClaim): boolean {
  if (!areOrdered(size1, size2) || ![root1, root2, ...proof].every(hash => hash.length === HASH_BYTES)) return false
  const expected = ranges(size1, size2)
  if (proof.length !== expected.length) return false
  if (size1 === 0) return equalBytes(root1, emptyRoot()) && (size2 > 0 || equalBytes(root2, root1))
  if (size1 === size2) return equalBytes(root1, root2)
  return rebuildsBoth(expected, { size1, root1, size2, root2, proof })
}

/** Both roots from one seed: what lies left of size1 is in both trees, what lies right of it only in the second. */
function rebuildsBoth (expected: readonly LeafRange[], { size1, root1, root2, proof }: ConsistencyClaim): boolean {
  const isSeeded = expected[0]!.end === size1
  let first = isSeeded ? proof[0]! : root1
  let second = first
  for (let i = isSeeded ? 1 : 0; i < expected.length; i++) {
    const hash = proof[i]!
    if (expected[i]!.start < size1) first = nodeHash(hash, first)
    second = expected[i]!.start < size1 ? nodeHash(hash, second) : nodeHash(second, hash)
  }
  return equalBytes(first, root1) && equalBytes(second, root2)
}
