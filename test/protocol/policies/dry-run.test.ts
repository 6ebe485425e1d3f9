/** The four classes of a dry run, and what it keeps of a case. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Fate } from '../../../protocol/hits/foresee.ts'
import type { EntryRef, MessageId } from '../../../protocol/identifiers.ts'
import type { Candidate, HitMessage } from '../../../protocol/messages/message.ts'
import { PolicyEngine } from '../../../protocol/policies/decide.ts'
import { compareFates, comparedAt, DRY_RUN_SAMPLES_MAX, DryRun, policiesAfter } from '../../../protocol/policies/dry-run.ts'
import { refOf, type Grant } from '../../../protocol/policies/grant.ts'
import { whoGets } from '../../../protocol/policies/who-gets.ts'
import { BEGIN, DAY_SECONDS, grant, STATE_POLICE, UTENA_POLICE } from './samples.ts'

const test = suite('protocol/policies/dry-run')
const AT = BEGIN + 1000
const engineOf = (...grants: readonly Grant[]): PolicyEngine => {
  const engine = new PolicyEngine()
  for (const one of grants) engine.put(one)
  return engine
}

// ── two fates ────────────────────────────────────────────────────────────────────────────────────────────────────

const hit = (changes: object = {}): HitMessage => ({ area: { precision: 'nuts3' }, retainUntil: 100, handling: { code: 'H1' }, thirdCountry: 'prohibited', purpose: 'detection', legalBasis: 'a', ...changes }) as unknown as HitMessage
const told = (changes: object = {}): Fate => ({ fate: 'told', hit: hit(changes) })
const waits: Fate = { fate: 'waits', hit: hit() }
const kept: Fate = { fate: 'kept', because: 'no-grant' }

test('what was kept and is told is new; what was told and is kept is less', () => {
  for (const after of [told(), waits]) {
    assert.equal(compareFates(kept, after), { class: 'newly-shared', aspects: [] })
    assert.equal(compareFates(after, kept), { class: 'less', aspects: [] })
  }
  assert.equal(compareFates(kept, { fate: 'kept', because: 'no-grant-fits' }), { class: 'same', aspects: [] })
  assert.equal(compareFates(told(), told()), { class: 'same', aspects: [] })
})

test('each aspect counts in its direction', () => {
  const more: [object, string][] = [[{ area: { precision: 'road' } }, 'place'], [{ retainUntil: 200 }, 'retention'], [{ handling: { code: 'H0' } }, 'handling'], [{ thirdCountry: 'prior-authorisation' }, 'third-country']]
  for (const [changes, aspect] of more) {
    assert.equal(compareFates(told(), told(changes)), { class: 'more-detail', aspects: [aspect] }, aspect)
    assert.equal(compareFates(told(changes), told()), { class: 'less', aspects: [aspect] }, aspect)
  }
  assert.equal(compareFates(waits, told()), { class: 'more-detail', aspects: ['confirmation'] })
  assert.equal(compareFates(told(), waits), { class: 'less', aspects: ['confirmation'] })
})

test('a new purpose, and one thing more beside another less, count as more', () => {
  assert.equal(compareFates(told(), told({ purpose: 'prosecution' })), { class: 'more-detail', aspects: ['purpose'] })
  assert.equal(compareFates(told(), told({ area: { precision: 'road' }, retainUntil: 50 })), { class: 'more-detail', aspects: ['place', 'retention'] })
})

// ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const before = grant({ categories: 'all', unverified: 'allow', furtherHits: true })
let n = 0
const sighting = (ref: string, changes: Partial<Candidate> = {}, furtherHits = false) => {
  const id = String(n++).padStart(22, 'A') as MessageId
  return {
    candidate: { id, iss: STATE_POLICE, entry: { owner: UTENA_POLICE, ref }, match: 'exact', siteGroup: 'roads', place: { nuts3: 'LV005', road: 'LV:A13' }, clock: 'good', observedAt: AT, plate: { text: 'SECRET1', countryConfidence: 0 }, ...changes } as Candidate,
    entry: { owner: UTENA_POLICE, ref: ref as EntryRef, category: 'stolen-vehicle', action: 'seize', furtherHits, until: AT + DAY_SECONDS }, identity: { id, hitId: id, revision: 1, verification: 'none' }
  } as const
}
const run = (old: readonly Grant[], put: readonly Grant[], end: readonly string[] = []): DryRun => {
  const engine = engineOf(...old)
  return new DryRun(engine, policiesAfter(engine, STATE_POLICE, { put, end }, AT), AT)
}

test('counts by what, partner and category, and in which aspects', () => {
  const dry = run([before], [grant({ ...before, version: 4, precision: 'road', retentionDays: 10 })])
  dry.addSighting(sighting('E-1'), false)
  dry.addSighting(sighting('E-2'), false)
  dry.addQuestion('hit-received', { direction: 'ingress', agency: STATE_POLICE, partner: UTENA_POLICE, kind: 'hit', exercise: false })
  const { total, rows, aspects } = dry.result()
  assert.equal(total, { 'same': 1, 'newly-shared': 0, 'more-detail': 2, 'less': 0 })
  assert.equal(rows.map(row => [row.what, row.partner, row.category, row.same, row['more-detail']]), [['hit-received', UTENA_POLICE, 'unknown', 1, 0], ['hit-sent', UTENA_POLICE, 'stolen-vehicle', 0, 2]])
  assert.equal([aspects.place, aspects.retention, aspects.handling], [2, 2, 0])
})

test('whether a sighting is the first one depends on each policy by itself', () => {
  const dry = run([], [grant({ ...before, version: 4, furtherHits: false })])
  for (let i = 0; i < 3; i++) dry.addSighting(sighting('E-1', {}, true), false)
  assert.equal(dry.result().total, { 'same': 2, 'newly-shared': 1, 'more-detail': 0, 'less': 0 }, 'only the first is told')
  const further = run([], [grant({ ...before, version: 4 })])
  for (let i = 0; i < 3; i++) further.addSighting(sighting('E-1', {}, true), false)
  assert.is(further.result().total['newly-shared'], 3)
})

test('what somebody took back does not count as the first hit', () => {
  const dry = run([], [grant({ ...before, version: 4, furtherHits: false })])
  dry.addSighting(sighting('E-1'), true)
  dry.addSighting(sighting('E-1'), false)
  assert.is(dry.result().total['newly-shared'], 2)
})

test('an end, and a grant for somebody else', () => {
  const dry = run([before], [grant({ id: 'g-other', version: 1, partner: { agency: 'ee:police' } })], [refOf(before)])
  dry.addSighting(sighting('E-1'), false)
  assert.equal(dry.result().total, { 'same': 0, 'newly-shared': 0, 'more-detail': 0, 'less': 1 })
})

test('samples are few, name no plate, and are the same in any order', () => {
  const cases = Array.from({ length: 3 * DRY_RUN_SAMPLES_MAX }, (_, i) => sighting(`S-${i}`))
  const results = [cases, [...cases].reverse()].map(some => {
    const dry = run([before], [], [refOf(before)])
    for (const one of some) dry.addSighting(one, false)
    return dry.result()
  })
  assert.is(results[0]!.samples.length, DRY_RUN_SAMPLES_MAX)
  assert.equal(results[0]!.samples, results[1]!.samples)
  assert.not.match(JSON.stringify(results), 'SECRET')
})

test('both policies are compared when all that is new has begun', () => {
  assert.is(comparedAt([], AT), AT)
  assert.is(comparedAt([grant({ from: AT + 5 }), grant({ from: AT - 5 })], AT), AT + 5)
})

// ── who gets this ────────────────────────────────────────────────────────────────────────────────────────────────

test('who gets this: everybody known is asked about, oneself never', () => {
  const engine = engineOf(grant({ categories: ['stolen-vehicle'], siteGroups: ['roads'] }))
  const ask = (siteGroup: string, verification: 'none' | 'person') => whoGets(engine, [UTENA_POLICE, STATE_POLICE, UTENA_POLICE], { agency: STATE_POLICE, category: 'stolen-vehicle', siteGroup, match: 'exact', verification }, AT).map(({ agency, gets, code }) => [agency, gets, code])
  assert.equal(ask('roads', 'person'), [[UTENA_POLICE, 'yes', 'permitted']])
  assert.equal(ask('roads', 'none'), [[UTENA_POLICE, 'after-confirmation', 'awaits-confirmation']])
  assert.equal(ask('towns', 'person'), [[UTENA_POLICE, 'no', 'no-grant-fits']])
})

test.run()
