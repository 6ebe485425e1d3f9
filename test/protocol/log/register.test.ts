/** The sharing register says what the log says, of one agency and one span. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAgencyId } from '../../../protocol/identifiers.ts'
import type { Leaf } from '../../../protocol/log/leaf.ts'
import { SharingRegister } from '../../../protocol/log/register.ts'

const test = suite('protocol/log/register')
const OURS = parseAgencyId('lt:utena-police'); const THEIRS = parseAgencyId('lv:state-police'); const TOWN = parseAgencyId('lt:utena')
const leaf = (t: Leaf['t'], at: number, rest: Partial<Leaf> = {}): Leaf => ({ v: 1, t, at, agency: OURS, peer: THEIRS, ...rest })
const linesOf = (leaves: readonly Leaf[], span = { from: 0, until: 1000 }) => {
  const register = new SharingRegister(OURS, span)
  for (const one of leaves) register.add(one)
  return register.lines()
}

test('counts each kind by partner, and messages by the grant that they named', () => {
  const lines = linesOf([
    leaf('disclosure', 1, { policy: 'g-a@1' }), leaf('disclosure', 2, { policy: 'g-a@1' }), leaf('disclosure', 3, { policy: 'g-b@2' }), leaf('receipt', 4, { n: 2 }), leaf('withheld', 5, { why: 'withheld' }),
    leaf('decision', 6, { why: 'no-grant' }), leaf('refusal', 7, { why: 'not-permitted' }), leaf('acceptance', 8, { peer: TOWN, policy: 'g-c@1' })
  ])
  assert.equal(lines, [
    { partner: TOWN, disclosed: 0, accepted: 1, receipts: 0, refused: 0, withheld: 0, kept: 0, first: 8, last: 8, grants: [{ grant: 'g-c@1', disclosed: 0, accepted: 1 }] },
    { partner: THEIRS, disclosed: 3, accepted: 0, receipts: 2, refused: 1, withheld: 1, kept: 1, first: 1, last: 7, grants: [{ grant: 'g-a@1', disclosed: 2, accepted: 0 }, { grant: 'g-b@2', disclosed: 1, accepted: 0 }] }
  ])
})

test('leaves out other agencies, other times, what stays at home and what shares nothing', () => {
  assert.equal(linesOf([
    leaf('disclosure', 1, { agency: TOWN }), leaf('disclosure', 1, { peer: OURS }), leaf('combination', 1), leaf('consultation', 1), leaf('policy', 1), leaf('collection', 1, { n: 7 }),
    leaf('decision', 1, { why: 'confirmed' }), leaf('receipt', 1, { why: 'gone-expired' }), { v: 1, t: 'start', at: 1 }
  ]), [])
  const edges = [leaf('disclosure', 9), leaf('disclosure', 10), leaf('disclosure', 19), leaf('disclosure', 20)]
  assert.equal(linesOf(edges, { from: 10, until: 20 }).map(({ disclosed, first, last }) => [disclosed, first, last]), [[2, 10, 19]])
})

test.run()
