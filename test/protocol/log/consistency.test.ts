import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { consistencyProof, tilesForConsistency, verifyConsistency, type ConsistencyClaim } from '../../../protocol/log/consistency.ts'
import { HASH_BYTES, edgeTiles, tileName } from '../../../protocol/log/tile.ts'
import { appendLeaves, emptyEdge, rootOf } from '../../../protocol/log/tree.ts'
import { entriesUpTo, entryOf, flipped, fromText64, referenceRoot, runs, vectors } from './reference.ts'

const consistency = suite('protocol/log/consistency')

interface Line { why?: string, size1: number, root1: string, size2: number, root2: string, proof: string[] }
const claimOf = ({ size1, root1, size2, root2, proof }: Line): ConsistencyClaim =>
  ({ size1, root1: fromText64(root1), size2, root2: fromText64(root2), proof: proof.map(fromText64) })

function prove (size1: number, size2: number): ConsistencyClaim {
  const { edge, tiles } = appendLeaves(emptyEdge(), entriesUpTo(size2))
  const all = new Map([...edgeTiles(size2).map(tile => [tileName(tile), edge.tiles[tile.level]!] as const), ...tiles.map(tile => [tileName(tile), tile.bytes] as const)])
  const wanted = tilesForConsistency(size1, size2).map(tile => [tileName(tile), all.get(tileName(tile))!.slice(0, tile.width * HASH_BYTES)] as const)
  return { size1, root1: referenceRoot(entriesUpTo(size1)), size2, root2: rootOf(edge), proof: consistencyProof(size1, size2, new Map(wanted)) }
}

consistency('accepts the valid vectors and makes the same proofs', () => {
  for (const line of vectors<Line>('consistency-valid.jsonl')) {
    assert.ok(verifyConsistency(claimOf(line)))
    if (line.size2 <= 1000) assert.equal(prove(line.size1, line.size2), claimOf(line))
  }
})

consistency('refuses the invalid vectors', () => {
  for (const line of vectors<Line>('consistency-invalid.jsonl')) assert.not.ok(verifyConsistency(claimOf(line)), line.why)
})

consistency('proves every pair of small trees', () => {
  for (let size2 = 0; size2 <= 34; size2++) for (let size1 = 0; size1 <= size2; size1++) assert.ok(verifyConsistency(prove(size1, size2)), `${size1} in ${size2}`)
})

consistency('proves larger trees; one changed byte or another size fails', () => {
  const pair = fc.integer({ min: 2, max: 2500 }).chain(size2 => fc.tuple(fc.integer({ min: 1, max: size2 - 1 }), fc.constant(size2), fc.nat(4095)))
  fc.assert(fc.property(pair, ([size1, size2, at]) => {
    const claim = prove(size1, size2)
    assert.ok(verifyConsistency(claim))
    assert.not.ok(verifyConsistency({ ...claim, root1: flipped(claim.root1, at) }))
    assert.not.ok(verifyConsistency({ ...claim, root2: flipped(claim.root2, at) }))
    claim.proof.forEach((hash, i) => assert.not.ok(verifyConsistency({ ...claim, proof: claim.proof.with(i, flipped(hash, at)) })))
    assert.not.ok(verifyConsistency({ ...claim, proof: [...claim.proof, claim.root2] }))
    assert.not.ok(verifyConsistency({ ...claim, size1: size2, size2: size1 }))
  }), runs(20))
})

consistency('does not let a rewritten log pass', () => {
  const honest = prove(300, 500)
  const rewritten = appendLeaves(emptyEdge(), entriesUpTo(500).with(17, entryOf(9999)))
  const tiles = new Map([...edgeTiles(500).map(tile => [tileName(tile), rewritten.edge.tiles[tile.level]!] as const), ...rewritten.tiles.map(tile => [tileName(tile), tile.bytes] as const)])
  assert.not.ok(verifyConsistency({ ...honest, root2: rootOf(rewritten.edge), proof: consistencyProof(300, 500, tiles) }))
})

consistency('answers rubbish with false, and refuses to plan a shrinking log', () => {
  const claim = prove(5, 8)
  for (const size1 of [-1, 0, 1.5, Number.NaN, 9, 2 ** 53]) assert.not.ok(verifyConsistency({ ...claim, size1 }))
  for (const size2 of [-1, 0, 8.5, Number.NaN, 2 ** 53]) assert.not.ok(verifyConsistency({ ...claim, size2 }))
  assert.throws(() => tilesForConsistency(9, 8), RangeError)
  assert.throws(() => consistencyProof(5, 8, new Map()), RangeError)
})

consistency.run()
