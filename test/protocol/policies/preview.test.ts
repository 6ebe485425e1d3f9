/**
 * What a preview says is what the node then does: generated policies are drafted, previewed, approved by the commands that
 * people give, and matches are sent through the machine. The hit that it has signed must be the very one that was foreseen.
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { derivedMessageId, digestOf, toBase64url, utf8ToBytes } from '../../../protocol/bytes.ts'
import { positionHash } from '../../../protocol/delivery/frames.ts'
import type { Effect } from '../../../protocol/effects.ts'
import { foresee, type Fate } from '../../../protocol/hits/foresee.ts'
import type { EntryInForce } from '../../../protocol/hits/project.ts'
import { parseNodeId, type AgencyId, type Digest, type EntryRef, type MessageId } from '../../../protocol/identifiers.ts'
import { SECOND } from '../../../protocol/instant.ts'
import type { Candidate, HitMessage, Verified } from '../../../protocol/messages/message.ts'
import { ACTIONS, CATEGORIES, HANDLING_CODES, PRECISIONS, PURPOSES, type Verification } from '../../../protocol/messages/vocabulary.ts'
import type { PolicyEngine } from '../../../protocol/policies/decide.ts'
import { comparedAt, policiesAfter } from '../../../protocol/policies/dry-run.ts'
import type { PolicyChange } from '../../../protocol/policies/change.ts'
import { keyOf, type CandidateRecord, type DedupeRecord, type HeldEntryRecord } from '../../../protocol/records.ts'
import { BEGIN, Desk, OURS, PARTNER, wanted } from './desk.ts'
import { printSeed } from './samples.ts'

const seed = printSeed()
const preview = suite('preview equals enforcement')
/** Each with a policy before and after, decided in both: CASES in all. */
const POLICIES = 50
const MATCHES = 100
const CASES = POLICIES * MATCHES * 2

const SITE = parseNodeId('lt/site')
const GROUPS = ['border', 'town', 'motorway']
const some = <Value>(values: readonly Value[]): fc.Arbitrary<Value[]> => fc.subarray([...values], { minLength: 1 })
const mostly = <Value>(values: readonly Value[]): fc.Arbitrary<Value[] | 'all'> => fc.oneof(fc.constant('all' as const), some(values))
const terms = fc.record({
  id: fc.constantFrom('g-1', 'g-2', 'g-3', 'g-4'), partner: fc.constantFrom<object>({ nation: 'LV' }, { nation: 'LV' }, { agency: PARTNER }, { agency: PARTNER }, { agency: 'lv:ludza' }, { nation: 'EE' }),
  kinds: fc.constantFrom(['hit'], ['hit'], ['hit', 'hotlist.share'], ['hit.withdraw']), categories: mostly(CATEGORIES.slice(0, 4)), siteGroups: mostly(GROUPS),
  precision: fc.constantFrom(...PRECISIONS.filter(precision => precision !== 'exact')), purpose: fc.constantFrom(...PURPOSES), legalBasis: fc.constantFrom('eu-2023-977/art-7', 'led/art-9'),
  retentionDays: fc.integer({ min: 1, max: 300 }), thirdCountry: fc.constantFrom('prohibited', 'prior-authorisation'), furtherHits: fc.boolean(), unverified: fc.constantFrom('confirm', 'allow'),
  begins: fc.constantFrom(-60, -60, 0, 500), lasts: fc.constantFrom(86_400, 600), handling: fc.constantFrom(...HANDLING_CODES)
}).map(({ begins, lasts, ...rest }) => wanted({
  ...rest, from: BEGIN / SECOND + begins, until: BEGIN / SECOND + begins + lasts, ...(rest.handling === 'H3' && { handlingText: 'Call first', handlingLang: 'en' })
}))
const grants = (minLength: number, maxLength: number) => fc.uniqueArray(terms, { minLength, maxLength, selector: grant => grant['id'] })

const matchOf = fc.record({
  category: fc.constantFrom(...CATEGORIES.slice(0, 5)), action: fc.constantFrom(...ACTIONS), entryFurther: fc.boolean(), siteGroup: fc.constantFrom(...GROUPS), match: fc.constantFrom('exact', 'exact', 'look-alike'),
  hits: fc.constantFrom(0, 0, 0, 1, 3), waiting: fc.constantFrom('none', 'none', 'agreeing', 'other'), confidence: fc.integer({ min: 0, max: 1000 }),
  place: fc.constantFrom<object>({ nuts3: 'LT029', municipality: 'LT-54', road: 'LT:A6' }, { nuts3: 'LT029' }, {}), vehicle: fc.boolean(), exercise: fc.constantFrom(false, false, false, true)
})
type Match = typeof matchOf extends fc.Arbitrary<infer Value> ? Value : never

const idOf = (n: number, what: string): MessageId => toBase64url(new Uint8Array(Buffer.from(digestOf(utf8ToBytes(`${what} ${n}`)), 'base64url').subarray(0, 16))) as MessageId

class Border extends Desk {
  #seq = 0
  #prev: Digest | '' = ''
  #n = 0

  constructor () {
    super()
    this.state.directory = { ...this.state.directory, peers: [parseNodeId('lv/national'), SITE], nationals: { LV: parseNodeId('lv/national') } }
  }

  /** The match with all that the machine knows of it beforehand. */
  prepare (match: Match): { candidate: Candidate, entry: EntryInForce, verification: Verification } {
    const n = ++this.#n
    const ref = `E-${n}` as EntryRef
    const shared = { owner: PARTNER, ref, plate: 'AB1234', category: match.category, action: match.action, furtherHits: match.entryFurther, until: BEGIN / SECOND + 86_400 * 9, confirmedAt: BEGIN / SECOND }
    this.records.set(keyOf.heldEntry(PARTNER, ref), { entry: shared, from: PARTNER, holder: OURS, state: 'in-force', saidAt: BEGIN / SECOND, shared: [] } satisfies HeldEntryRecord as never)
    const waiting = { candidate: idOf(n, 'waiting'), readId: idOf(n, 'earlier'), exact: true, at: match.waiting === 'agreeing' ? this.seconds : this.seconds - 3600 }
    this.records.set(keyOf.dedupe(PARTNER, ref), { hits: match.hits, ...(match.waiting !== 'none' && { waiting }) } satisfies DedupeRecord as never)
    const candidate = {
      type: 'candidate/1', id: idOf(n, 'candidate'), iss: OURS, aud: OURS, iat: this.seconds, exp: this.seconds + 3600, readId: idOf(n, 'read'), entry: { owner: PARTNER, ref },
      plate: { text: 'AB1234', country: 'LV', countryConfidence: 900 }, match: match.match, confidence: match.confidence, observedAt: this.seconds, receivedAt: this.seconds, clock: 'good',
      siteRef: 's1', siteGroup: match.siteGroup, place: match.place, direction: 'inbound', evidence: 'none', ...(match.vehicle && { vehicle: { class: 'car', colour: 'grey' } }), ...(match.exercise && { exercise: true })
    } as Candidate
    const { category, action, furtherHits, until } = shared
    return { candidate, entry: { owner: PARTNER, ref, category, action, furtherHits, until }, verification: match.waiting === 'agreeing' && match.match === 'exact' ? 'agreeing-reads' : 'none' }
  }

  arrive (candidate: Candidate): readonly Effect[] {
    const item = { digest: digestOf(utf8ToBytes(candidate.id)), message: candidate as Verified<Candidate>, jws: `e30.${toBase64url(utf8ToBytes(JSON.stringify(candidate)))}.e30`, k: new Uint8Array(32) }
    const header = { incarnation: 'A'.repeat(22), seq: ++this.#seq, prev: this.#prev, from: OURS as AgencyId, to: OURS as AgencyId, class: 'normal' as const, exp: candidate.exp, digests: [item.digest] }
    this.#prev = positionHash(header)
    return this.happen({ type: 'parcel-opened', link: 'l', peer: SITE, streamClass: 'normal', header, items: [item], entropy: this.entropy() })
  }
}

const hitsIn = (effects: readonly Effect[]): HitMessage[] => effects.flatMap(effect => effect.type === 'sign' && effect.message.type === 'hit/1' ? [effect.message] : [])
const counts = { told: 0, waits: 0, kept: 0 }

/** One match: foreseen by `policies`, then done by the machine. */
function compare (desk: Border, match: Match, policies: PolicyEngine): void {
  const { candidate, entry, verification } = desk.prepare(match)
  const hitId = derivedMessageId('hit', candidate.id)
  const fate: Fate = foresee(policies, { candidate, entry, hits: match.hits, identity: { id: derivedMessageId('hit-message', hitId, '1'), hitId, revision: 1, verification } }, desk.now)
  counts[fate.fate]++
  const said = hitsIn(desk.arrive(candidate))
  assert.equal(said, fate.fate === 'told' ? [fate.hit] : [])
  const record = desk.records.get(keyOf.candidate(candidate.id)) as unknown as CandidateRecord
  if (fate.fate === 'kept') assert.equal([['refused', 'duplicate'].includes(record.state), record.because], [true, fate.because])
  if (fate.fate !== 'waits' || record.because === 'another-waits') return
  assert.is(record.state, 'waiting')
  const confirmed = desk.give('officer', { do: 'candidate.confirm', candidate: candidate.id }, 'OFFICER')
  assert.equal([confirmed.ok, hitsIn(desk.effects)], [true, [fate.hit]])
}

preview(`${CASES} generated cases: what is foreseen is what is signed`, () => {
  const began = process.cpuUsage()
  let cases = 0
  fc.assert(fc.property(grants(1, 4), grants(1, 3), fc.boolean(), fc.array(matchOf, { minLength: MATCHES, maxLength: MATCHES, size: 'max' }), (before, after, ending, matches) => {
    const desk = new Border()
    assert.is(desk.enact(...before).ok, true)
    for (const match of matches) compare(desk, match, desk.state.policies)
    const ends = ending ? before.map(grant => String(grant['id'])).filter(id => !after.some(grant => grant['id'] === id)).slice(0, 1) : []
    const draft = desk.draft('author', after, ends)
    assert.is(draft.ok, true)
    const { put, end } = JSON.parse((desk.records.get(keyOf.policyChange(OURS, 2)) as { text: string }).text) as PolicyChange
    const at = comparedAt(put, desk.seconds)
    const foreseen = policiesAfter(desk.state.policies, OURS, { put, end }, at)
    assert.is(desk.approve('approver', draft).ok, true)
    desk.now = at * SECOND
    for (const match of matches) compare(desk, match, foreseen)
    cases += 2 * matches.length
  }), { seed, numRuns: POLICIES, endOnFailure: true })
  const { user, system } = process.cpuUsage(began)
  console.log(`${cases} cases in ${((user + system) / 1e6).toFixed(1)} s of CPU: ${JSON.stringify(counts)}`)
  assert.is(cases, CASES)
  for (const [fate, count] of Object.entries(counts)) assert.ok(count > CASES / 50, `too few are ${fate}`)
})

preview.run()
