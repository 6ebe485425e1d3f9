/** Which versions governed at a past moment: the same as an engine that had been told only of those known by then. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PolicyEngine } from '../../../protocol/policies/decide.ts'
import type { Grant } from '../../../protocol/policies/grant.ts'
import { governingAt, type KnownVersion } from '../../../protocol/policies/history.ts'
import { anyGrants, anyTime, BEGIN, DAY_SECONDS, grant, printSeed, STATE_POLICE } from './samples.ts'

const seed = printSeed()
const history = suite('protocol/policies/history')
const refs = (grants: readonly Grant[]): string[] => grants.map(({ id, version }) => `${id}@${version}`)

/** Versions are put one after the other, each a day later. */
const knownOf = (grants: readonly Grant[]): KnownVersion[] => grants.filter(({ agency }) => agency === STATE_POLICE)
  .sort((a, b) => a.version - b.version).map((one, i) => ({ grant: one, at: BEGIN + i * DAY_SECONDS }))

history('random histories: the past is what the engine would have said then', () => {
  let nonEmpty = 0
  fc.assert(fc.property(anyGrants, anyTime, (grants, at) => {
    const known = knownOf(grants)
    const engine = new PolicyEngine()
    for (const version of known) if (version.at <= at) engine.put(version.grant)
    const right = refs(engine.inForce(STATE_POLICE, at))
    assert.equal(refs(governingAt(known, at)), right)
    if (right.length > 0) nonEmpty++
  }), { seed, numRuns: 1000 })
  assert.ok(nonEmpty > 100, 'too few histories say anything')
})

history('what was ended or replaced later still stands on the day before', () => {
  const first = grant({ version: 1 })
  const ended = { ...first, version: 2, until: BEGIN + 10 * DAY_SECONDS }
  const known = [{ grant: first, at: BEGIN }, { grant: ended, at: BEGIN + 10 * DAY_SECONDS }]
  assert.equal(refs(governingAt(known, BEGIN + 9 * DAY_SECONDS)), ['g-hits@1'])
  assert.equal(refs(governingAt(known, BEGIN + 10 * DAY_SECONDS)), [])
})

history('a version that was approved late did not hold before, whatever its dates say', () => {
  const known = [{ grant: grant({ version: 1 }), at: BEGIN + 5 * DAY_SECONDS }]
  assert.equal(refs(governingAt(known, BEGIN + 5 * DAY_SECONDS - 1)), [])
  assert.equal(refs(governingAt(known, BEGIN + 5 * DAY_SECONDS)), ['g-hits@1'])
})

history.run()
