import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AgencyId } from '../../../protocol/identifiers.ts'
import type { HitWithdraw, Receipt } from '../../../protocol/messages/message.ts'
import { keyOf, type HitStateRecord } from '../../../protocol/records.ts'
import { OWN_POLICY } from '../../../protocol/policies/own.ts'
import { ABROAD, Bench, idOf, NOW, POLICE } from '../machine-bench.ts'

const hitId = idOf('hit')
const SENDER = 'lt:town' as AgencyId
const withdraw = (revision: number): HitWithdraw =>
  ({ type: 'hit.withdraw/1', id: idOf(`w${revision}`), iss: SENDER, aud: POLICE, iat: NOW, exp: NOW + 3600, hitId, revision, reason: 'misread', policy: OWN_POLICY.policy })

function benchWithHit (revision: number): Bench {
  const bench = new Bench()
  bench.records.set(keyOf.hitState(hitId), { agency: POLICE, from: SENDER, revision, state: 'active', message: idOf('m'), leaf: 0, at: NOW } satisfies HitStateRecord)
  return bench
}
const receipts = (bench: Bench): Receipt[] => bench.effects.flatMap(effect => effect.type === 'sign' && effect.message.type === 'receipt/1' ? [effect.message] : [])

const x = suite('withdrawal of a hit')

x('a sender whose count of revisions a restore took back can still withdraw', () => {
  const bench = benchWithHit(3)
  bench.receive(ABROAD, 'urgent', withdraw(2))
  const state = bench.record<HitStateRecord>(keyOf.hitState(hitId))!
  assert.is(state.state, 'withdrawn')
  assert.is(state.revision, 3)
})

x('a withdrawn hit never comes back, whatever its revision', () => {
  const bench = benchWithHit(1)
  bench.receive(ABROAD, 'urgent', withdraw(2))
  bench.effects = []
  bench.receive(ABROAD, 'urgent', withdraw(7))
  assert.equal(receipts(bench).flatMap(({ refused }) => refused.map(({ code }) => code)), ['superseded'])
  assert.is(bench.record<HitStateRecord>(keyOf.hitState(hitId))!.state, 'withdrawn')
})

x.run()
