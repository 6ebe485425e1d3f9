import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nationOf, type AgencyId, type GrantId } from '../../../protocol/identifiers.ts'
import { GRANTS_PER_AGENCY_MAX } from '../../../protocol/limits.ts'
import { PolicyEngine, type PolicyAnswer, type PolicyQuestion } from '../../../protocol/policies/decide.ts'
import { hashOfGrant, type Grant } from '../../../protocol/policies/grant.ts'
import { anyGrants, anyQuestion, anyTime, BEGIN, DAY_SECONDS, grant, LT, printSeed, question, STATE_POLICE, UTENA_POLICE } from './samples.ts'

const seed = printSeed()
const test = suite('protocol/policies/decide')

const engineOf = (grants: readonly Grant[]): PolicyEngine => {
  const engine = new PolicyEngine()
  for (const one of grants) engine.put(one)
  return engine
}
const refs = (answer: PolicyAnswer): string[] => answer.grants.map(named => named.ref)

// ── the reference: the same rules said once more, without sets, spans, caches or Cedar ───────────────────────────────

interface Expected { verdict: 'go' | 'wait' | 'no', grants: string[], bound?: [string, number, string, string, boolean] }
const PRECISION = 'none nation nuts3 municipality road exact'.split(' ')

function covers (one: Grant, kind: string): boolean {
  const kinds: string[] = one.kinds
  if (kinds.includes(kind)) return true
  return ((kind === 'hit.update' || kind === 'hit.withdraw') && kinds.includes('hit')) || (kind === 'hotlist.withdraw' && kinds.includes('hotlist.share'))
}
function fits (one: Grant, asked: PolicyQuestion): boolean {
  if (one.direction !== asked.direction || one.agency !== asked.agency || !covers(one, asked.kind)) return false
  if ('agency' in one.partner ? one.partner.agency !== asked.partner : one.partner.nation !== nationOf(asked.partner)) return false
  if (asked.kind.endsWith('withdraw')) return true
  if (one.categories !== 'all' && (asked.category === undefined || !one.categories.includes(asked.category))) return false
  if (asked.kind === 'hotlist.share') return true
  return one.siteGroups === 'all' || (asked.siteGroup !== undefined && one.siteGroups.includes(asked.siteGroup))
}
function letsGo (one: Grant, asked: PolicyQuestion): boolean {
  if (asked.kind !== 'hit' && asked.kind !== 'hit.update') return true
  if (asked.verification === 'person' || asked.verification === 'agreeing-reads') return true
  return one.unverified === 'allow' && asked.match === 'exact'
}
function expected (all: readonly Grant[], asked: PolicyQuestion, at: number): Expected {
  if (asked.kind === 'receipt') return { verdict: 'go', grants: [] }
  if (asked.kind === 'candidate') return { verdict: nationOf(asked.agency) === nationOf(asked.partner) ? 'go' : 'no', grants: [] }
  const governs = (one: Grant): boolean => !all.some(other => other.agency === one.agency && other.id === one.id && other.version > one.version && other.from <= at)
  const fitting = all.filter(one => one.from <= at && at < one.until && governs(one) && fits(one, asked))
  const going = fitting.filter(one => letsGo(one, asked))
  const found = going.length > 0 ? going : fitting
  if (found.length === 0) return { verdict: 'no', grants: [] }
  const least = (values: number[]): number => Math.min(...values)
  return {
    verdict: going.length > 0 ? 'go' : 'wait', grants: found.map(one => `${one.id}@${one.version}`).sort(),
    bound: [
      PRECISION[least(found.map(one => PRECISION.indexOf(one.precision)))]!, least(found.map(one => one.retentionDays)), `H${Math.max(...found.map(one => Number(one.handling[1])))}`,
      found.some(one => one.thirdCountry === 'prohibited') ? 'prohibited' : 'prior-authorisation', !found.some(one => !one.furtherHits)
    ]
  }
}
function said (answer: PolicyAnswer): Expected {
  const { obligations } = answer
  return {
    verdict: !answer.allowed ? 'no' : answer.awaitsConfirmation ? 'wait' : 'go', grants: refs(answer),
    ...(obligations && { bound: [obligations.precision, obligations.retentionDays, obligations.handling, obligations.thirdCountry, obligations.furtherHits] as Expected['bound'] })
  }
}

const asking = fc.array(fc.tuple(anyQuestion, anyTime), { minLength: 10, maxLength: 10 })

test('2,000 random questions: the engine says what the plain rules say, also when asked again', () => {
  const verdicts = { go: 0, wait: 0, no: 0 }
  fc.assert(fc.property(anyGrants, asking, (grants, questions) => {
    const engine = engineOf(grants)
    for (const [asked, at] of [...questions, ...questions]) {
      const right = expected(grants, asked, at)
      assert.equal(said(engine.decide(asked, at)), right)
      verdicts[right.verdict]++
    }
  }), { seed, numRuns: 200 })
  assert.ok(verdicts.go > 100 && verdicts.wait > 20 && verdicts.no > 100, `too few of a kind: ${JSON.stringify(verdicts)}`)
})

test('what was asked before changes no answer: many questions to one set, in two orders', () => {
  const variations = fc.tuple(anyQuestion, anyTime, fc.array(anyQuestion, { minLength: 30, maxLength: 30, size: 'max' }))
  fc.assert(fc.property(anyGrants, variations, (grants, [{ direction, agency, partner }, at, others]) => {
    const engine = engineOf(grants)
    const questions = others.map(other => ({ ...other, direction, agency, partner }))
    for (const asked of [...questions, ...questions.reverse()]) assert.equal(said(engine.decide(asked, at)), expected(grants, asked, at))
  }), { seed, numRuns: 60 })
})

test('the same grants in any order, and put twice, answer the same', () => {
  const shuffled = anyGrants.chain(grants => fc.tuple(fc.constant(grants), fc.shuffledSubarray(grants, { minLength: grants.length })))
  fc.assert(fc.property(shuffled, asking, ([grants, other], questions) => {
    const first = engineOf(grants); const second = engineOf([...other, ...other])
    for (const [asked, at] of questions) {
      assert.equal(second.decide(asked, at), first.decide(asked, at))
      assert.equal(second.inForce(asked.agency, at), first.inForce(asked.agency, at))
      assert.is(second.nextChange(at), first.nextChange(at))
    }
  }), { seed, numRuns: 40 })
})

test('until nextChange no answer changes', () => {
  fc.assert(fc.property(anyGrants, asking, (grants, questions) => {
    const engine = engineOf(grants)
    for (const [asked, at] of questions) {
      const next = engine.nextChange(at)
      for (const later of [at + 1, at + DAY_SECONDS, at + 40 * DAY_SECONDS]) {
        if (next === undefined || later < next) assert.equal(engine.decide(asked, later), engine.decide(asked, at))
      }
    }
  }), { seed, numRuns: 20 })
})

// ── single rules ─────────────────────────────────────────────────────────────────────────────────────────────────────

test('nothing is allowed without a grant in force', () => {
  const engine = new PolicyEngine()
  const empty = engine.decide(question(), BEGIN)
  assert.is(empty.allowed, false)
  assert.is(empty.reason.code, 'no-grant')
  assert.is(empty.obligations, undefined)
  engine.put(grant())
  for (const at of [BEGIN - 1, grant().until]) assert.is(engine.decide(question(), at).reason.code, 'no-grant')
  assert.is(engine.decide(question({ direction: 'ingress' }), BEGIN).reason.code, 'no-grant')
  assert.is(engine.decide(question({ category: 'evidence' }), BEGIN).reason.code, 'no-grant-fits')
  assert.is(engine.decide(question(), BEGIN).allowed, true)
})

test('the answer names the grant by version and hash', () => {
  const one = grant()
  assert.equal(engineOf([one]).decide(question(), BEGIN).grants, [{ ref: 'g-hits@3', hash: hashOfGrant(one) }])
})

test('confirm: an unverified hit waits; allow: an exact one goes; look-alikes wait in both', () => {
  const asked = (unverified: string, match: 'exact' | 'look-alike', verification: 'none' | 'person' | 'agreeing-reads'): string => engineOf([grant({ unverified })]).decide(question({ match, verification }), BEGIN).reason.code
  assert.is(asked('confirm', 'exact', 'none'), 'awaits-confirmation')
  assert.is(asked('allow', 'exact', 'none'), 'permitted')
  assert.is(asked('allow', 'look-alike', 'none'), 'awaits-confirmation')
  for (const verification of ['person', 'agreeing-reads'] as const) for (const unverified of ['confirm', 'allow']) assert.is(asked(unverified, 'look-alike', verification), 'permitted')
})

test('what the asker leaves out counts as the worst', () => {
  const { match, verification, category, siteGroup, ...bare } = question()
  assert.is(engineOf([grant({ categories: 'all', unverified: 'allow' })]).decide(bare, BEGIN).reason.code, 'awaits-confirmation')
  assert.is(engineOf([grant({ categories: 'all', unverified: 'allow' })]).decide({ ...bare, match: 'exact' }, BEGIN).reason.code, 'permitted')
  assert.is(engineOf([grant()]).decide({ ...bare, verification: 'person' }, BEGIN).reason.code, 'no-grant-fits')
  assert.is(engineOf([grant({ categories: 'all', siteGroups: ['roads'] })]).decide({ ...bare, verification: 'person' }, BEGIN).reason.code, 'no-grant-fits')
})

test('a withdrawal follows whatever category, group or verification the hit had', () => {
  const engine = engineOf([grant({ siteGroups: ['towns'] })])
  assert.ok(engine.decide(question({ kind: 'hit.withdraw', category: 'evidence', siteGroup: 'roads', match: 'look-alike', verification: 'none' }), BEGIN).allowed)
})

test('an exercise is decided like the real thing', () => {
  assert.is(new PolicyEngine().decide(question({ exercise: true }), BEGIN).allowed, false)
  assert.equal(engineOf([grant()]).decide(question({ exercise: true }), BEGIN), engineOf([grant()]).decide(question(), BEGIN))
})

test('receipts and tombstones need no grant, candidates none inside the nation and none helps abroad', () => {
  const engine = engineOf([grant()])
  for (const kind of ['receipt', 'tombstone'] as const) assert.is(engine.decide(question({ kind }), BEGIN).reason.code, 'needs-no-grant')
  assert.is(engine.decide(question({ kind: 'candidate', partner: 'lv:other' as AgencyId }), BEGIN).allowed, true)
  assert.is(engine.decide(question({ kind: 'candidate' }), BEGIN).reason.code, 'inside-nation-only')
})

test('restrictions in words are all carried, or nothing goes', () => {
  const said = (text: string, id: string): Grant => grant({ id, handling: 'H3', handlingText: text, handlingLang: 'en' })
  const both = engineOf([said('Call first', 'g-b'), said('Ask the prosecutor', 'g-a'), grant()]).decide(question(), BEGIN)
  assert.is(both.obligations?.handlingText, 'Ask the prosecutor / Call first')
  assert.is(both.obligations?.handlingLang, 'en')
  assert.is(engineOf([said('x'.repeat(280), 'g-a'), said('y', 'g-b')]).decide(question(), BEGIN).reason.code, 'restrictions-too-long')
})

test('a new version takes over when it begins, and never gives way again', () => {
  const shorter = grant({ version: 4, from: BEGIN + 10 * DAY_SECONDS, until: BEGIN + 20 * DAY_SECONDS, retentionDays: 7 })
  const engine = engineOf([grant(), shorter])
  const ref = (day: number): string | undefined => refs(engine.decide(question(), BEGIN + day * DAY_SECONDS))[0]
  assert.equal([9, 10, 19, 20, 100].map(ref), ['g-hits@3', 'g-hits@4', 'g-hits@4', undefined, undefined])
})

test('an ended grant stays ended until a later version comes', () => {
  const engine = engineOf([grant()])
  assert.ok(engine.decide(question(), BEGIN).allowed)
  assert.is(engine.end(STATE_POLICE, 'g-hits' as GrantId), true)
  assert.is(engine.decide(question(), BEGIN).allowed, false)
  assert.is(engine.nextChange(0), undefined)
  assert.is(engine.put(grant()), 'not-newer')
  assert.is(engine.put(grant({ version: 2 })), 'not-newer')
  assert.is(engine.put(grant({ version: 4 })), 'put')
  assert.ok(engine.decide(question(), BEGIN).allowed)
  assert.is(engine.end(STATE_POLICE, 'g-none' as GrantId), false)
  assert.is(engine.end(UTENA_POLICE, 'g-hits' as GrantId), false)
})

test('a known version is not replaced by other content', () => {
  const engine = engineOf([grant()])
  assert.is(engine.put(grant({ retentionDays: 366 })), 'not-newer')
  assert.is(engine.decide(question(), BEGIN).obligations?.retentionDays, 30)
})

test('the number of grants in force at one agency is limited', () => {
  const engine = new PolicyEngine()
  for (let i = 0; i < GRANTS_PER_AGENCY_MAX; i++) assert.is(engine.put(grant({ id: `g-${i}`, partner: { nation: LT } })), 'put')
  assert.is(engine.put(grant({ id: 'g-more' })), 'limit-reached')
  assert.is(engine.put(grant({ id: 'g-0', version: 4 })), 'put')
  assert.is(engine.put(grant({ id: 'g-later', from: grant().until, until: grant().until + 1 })), 'put')
  assert.is(engine.put(grant({ id: 'g-more', agency: 'lv:other' })), 'put')
  assert.is(engine.decide(question(), BEGIN).grants.length, GRANTS_PER_AGENCY_MAX)
})

test('a grant that cannot be compiled permits nothing, and takes its whole set along', () => {
  const forged = { ...grant({ id: 'g-forged' }), siteGroups: ['") || true || ("'] } as Grant
  const answer = engineOf([grant(), forged]).decide(question(), BEGIN)
  assert.is(answer.allowed, false)
  assert.is(answer.reason.code, 'engine-failed')
})

test('answers are shared, so nobody can change them', () => {
  const answer = engineOf([grant()]).decide(question(), BEGIN)
  assert.throws(() => { (answer as { allowed: boolean }).allowed = false }, TypeError)
  assert.throws(() => { (answer.obligations as { retentionDays: number }).retentionDays = 1 }, TypeError)
  assert.throws(() => { (answer.grants as unknown[]).push(1) }, TypeError)
})

test.run()
