import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf, utf8ToBytes } from '../../protocol/bytes.ts'
import { OWN_POLICY } from '../../protocol/policies/own.ts'
import type { PolicyAnswer } from '../../protocol/policies/answer.ts'
import type { Store } from '../../node/runtime/ports.ts'
import { sameTraceTwice } from '../../simulations/checkers/same-seed-same-trace.ts'
import type { Fault } from '../../simulations/faults.ts'
import { simulate, type Verdict } from '../../simulations/seed.ts'
import type { Plants } from '../../simulations/simulated-node.ts'

const SEED = 1
console.log(`seed ${SEED}`)

const planted = (plants: Plants, faults: readonly Fault[] = [], hours = 0.25): Promise<Verdict> => simulate({ seed: SEED, hours, faults, plants })
const assertCaughtBy = (checker: string, { violations }: Verdict): void =>
  assert.ok(violations.some(violation => violation.checker === checker), `${checker} says nothing; ${violations.map(violation => violation.checker).join() || 'nobody does'}`)

const through = (store: Store, changes: Partial<Store>): Store => ({
  get: key => store.get(key), getMany: keys => store.getMany(keys), scan: range => store.scan(range), commit: writes => store.commit(writes), close: () => store.close(), ...changes
})

const x = suite('planted faults')

x('without one, no checker complains', async () => {
  assert.equal((await planted({})).violations, [])
})

x('sending before the leaf is durable is caught', async () => {
  const store = (inner: Store): Store => through(inner, { commit: async writes => { inner.commit(writes).catch(() => {}) } })
  assertCaughtBy('nothing-leaves-unlogged', await planted({ store }))
})

x('forgetting what was told and received is caught', async () => {
  const isForgotten = (key: string): boolean => key.startsWith('dedupe/') || key.startsWith('received/')
  const store = (inner: Store): Store => through(inner, { getMany: async keys => (await inner.getMany(keys)).map((value, i) => isForgotten(keys[i]!) ? undefined : value) })
  assertCaughtBy('accepted-once', await planted({ store }, ['crash'], 0.5))
})

x('skipping the policy is caught', async () => {
  const yes: PolicyAnswer = {
    allowed: true, awaitsConfirmation: false, grants: [{ ref: 'g-any@1', hash: digestOf(utf8ToBytes('any')) }],
    obligations: OWN_POLICY.obligations, reason: { code: 'permitted', text: '' }
  }
  assertCaughtBy('nothing-leaves-unpermitted', await planted({ node: node => { node.driver.state.policies.decide = () => yes } }))
})

x('promising what is not kept is caught', async () => {
  const store = (inner: Store): Store => through(inner, { commit: writes => inner.commit(writes.filter(({ key }) => !key.startsWith('received/'))) })
  assertCaughtBy('promised-is-kept', await planted({ store }))
})

x('overlooking withdrawals of entries is caught', async () => {
  const deafen: Plants['node'] = ({ driver }) => {
    const give = driver.give.bind(driver)
    driver.give = event => give(event.type === 'parcel-opened' ? { ...event, items: event.items.filter(item => !('message' in item && item.message.type === 'hotlist.withdraw/1')) } : event)
  }
  assertCaughtBy('withdrawn-is-gone', await planted({ node: deafen }, [], 0.5))
})

x('another trace for the same seed is caught', async () => {
  const first = await simulate({ seed: SEED, hours: 0.05 })
  assert.equal((await sameTraceTwice(first, () => simulate({ seed: SEED + 1, hours: 0.05 }))).map(({ checker }) => checker), ['same-seed-same-trace'])
})

x.run()
