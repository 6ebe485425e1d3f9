import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { leafHash } from '../../../protocol/log/hash.ts'
import { inclusionProof, tilesForInclusion, verifyInclusion, type InclusionClaim } from '../../../protocol/log/inclusion.ts'
import { HASH_BYTES, edgeTiles, tileName } from '../../../protocol/log/tile.ts'
import { appendLeaves, emptyEdge, rootOf } from '../../../protocol/log/tree.ts'
import { entriesUpTo, entryOf, flipped, fromText64, runs, vectors } from './reference.ts'

const inclusion = suite('protocol/log/inclusion')

interface Line { why?: string, size: number, index: number, root: string, leafHash: string, proof: string[] }
const claimOf = ({ size, index, root, leafHash, proof }: Line): InclusionClaim =>
  ({ size, index, root: fromText64(root), leafHash: fromText64(leafHash), proof: proof.map(fromText64) })

/** The tree with exactly the tiles that a proof asks for, at the widths that it names. */
function prove (size: number, index: number): InclusionClaim {
  const { edge, tiles } = appendLeaves(emptyEdge(), entriesUpTo(size))
  const all = new Map([...edgeTiles(size).map(tile => [tileName(tile), edge.tiles[tile.level]!] as const), ...tiles.map(tile => [tileName(tile), tile.bytes] as const)])
  const wanted = tilesForInclusion(size, index).map(tile => [tileName(tile), all.get(tileName(tile))!.slice(0, tile.width * HASH_BYTES)] as const)
  return { size, index, root: rootOf(edge), leafHash: leafHash(entryOf(index)), proof: inclusionProof(size, index, new Map(wanted)) }
}

inclusion('accepts the valid vectors and makes the same proofs', () => {
  for (const line of vectors<Line>('inclusion-valid.jsonl')) {
    assert.ok(verifyInclusion(claimOf(line)))
    if (line.size <= 1000) assert.equal(prove(line.size, line.index), claimOf(line))
  }
})

inclusion('refuses the invalid vectors', () => {
  for (const line of vectors<Line>('inclusion-invalid.jsonl')) assert.not.ok(verifyInclusion(claimOf(line)), line.why)
})

inclusion('proves every leaf of small trees', () => {
  for (let size = 1; size <= 40; size++) for (let index = 0; index < size; index++) assert.ok(verifyInclusion(prove(size, index)), `${index} of ${size}`)
})

inclusion('proves leaves of larger trees; one changed byte, another index or another length fails', () => {
  const place = fc.integer({ min: 1, max: 3000 }).chain(size => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.nat(4095)))
  fc.assert(fc.property(place, ([size, index, at]) => {
    const claim = prove(size, index)
    assert.ok(verifyInclusion(claim))
    assert.not.ok(verifyInclusion({ ...claim, root: flipped(claim.root, at) }))
    assert.not.ok(verifyInclusion({ ...claim, leafHash: flipped(claim.leafHash, at) }))
    claim.proof.forEach((hash, i) => assert.not.ok(verifyInclusion({ ...claim, proof: claim.proof.with(i, flipped(hash, at)) })))
    assert.not.ok(verifyInclusion({ ...claim, proof: [...claim.proof, claim.root] }))
    assert.not.ok(verifyInclusion({ ...claim, proof: claim.proof.slice(0, -1), root: flipped(claim.root, at) }))
    if (size > 1) assert.not.ok(verifyInclusion({ ...claim, index: (index + 1) % size }))
  }), runs(25))
})

inclusion('answers rubbish with false', () => {
  const claim = prove(8, 3)
  for (const size of [-1, 0, 1.5, Number.NaN, Infinity, 2 ** 53]) assert.not.ok(verifyInclusion({ ...claim, size }))
  for (const index of [-1, 2.5, 8, Number.NaN, 2 ** 53]) assert.not.ok(verifyInclusion({ ...claim, index }))
  assert.not.ok(verifyInclusion({ ...claim, proof: Array.from({ length: 1000 }, () => claim.root) }))
})

inclusion('plans few tiles at any size, and refuses a leaf outside', () => {
  // One tile a level on the way up, and one a level at the right edge.
  assert.ok(tilesForInclusion(2 ** 53 - 1, 2 ** 52 + 12_345).length <= 14)
  assert.throws(() => tilesForInclusion(8, 8), RangeError)
  assert.throws(() => inclusionProof(0, 0, new Map()), RangeError)
  assert.throws(() => inclusionProof(8, 3, new Map()), RangeError)
})

inclusion.run()
