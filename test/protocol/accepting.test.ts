/**
 * What a home accepts, on the machine alone: no keys, no disk, no network. Items come as if they were opened and verified;
 * that is another test's business. Here: one effect for each message, none held up by another, no matter how they are packed.
 */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf, derivedMessageId, sha256, utf8ToBytes } from '../../protocol/bytes.ts'
import { positionHash, type ParcelHeader } from '../../protocol/delivery/frames.ts'
import { EMPTY_DIRECTORY } from '../../protocol/directory.ts'
import type { Effect, Report } from '../../protocol/effects.ts'
import type { NodeEvent, OpenedItem } from '../../protocol/events.ts'
import { parseAgencyId, parseNodeId, type AgencyId, type Digest } from '../../protocol/identifiers.ts'
import type { Leaf } from '../../protocol/log/leaf.ts'
import { step, wants } from '../../protocol/machine.ts'
import { encodeJson, type Json } from '../../protocol/messages/encoding.ts'
import type { Message, Receipt, Verified } from '../../protocol/messages/message.ts'
import { grantSchema } from '../../protocol/policies/grant.ts'
import { keyOf, type HeldEntryRecord, type HitStateRecord, type OwnEntryRecord } from '../../protocol/records.ts'
import { newState } from '../../protocol/state.ts'

const accepting = suite('accepting')
const SEED = Number(process.env['STORY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
console.log(`seed ${SEED}`)

const NOW = 1_795_305_600_000
const SECONDS = NOW / 1000
const HOME = parseNodeId('lt/national'); const PEER = parseNodeId('lv/national')
const OURS = parseAgencyId('lt:utena-police'); const TOWN = parseAgencyId('lv:ludza'); const POLICE = parseAgencyId('lv:state-police')
const bytesOf = (text: string): Uint8Array => sha256(utf8ToBytes(text))
const leafOf = (bytes: Json | Uint8Array | undefined): Leaf => JSON.parse(new TextDecoder().decode(bytes as Uint8Array)) as Leaf

/** One node as a driver would run it, with what it wrote, said and reported. */
class Home {
  readonly state = newState(HOME, 'tiltas.example/lt/national/log')
  readonly records = new Map<string, Json | Uint8Array>()
  readonly receipts: Receipt[] = []
  readonly reports: Report[] = []
  readonly closed: string[] = []
  #prev: Digest | '' = ''
  #seq = 0

  constructor () {
    this.state.directory = { ...EMPTY_DIRECTORY(HOME), hosted: [OURS], homes: { [OURS]: HOME, [TOWN]: PEER, [POLICE]: PEER }, nationals: { LV: PEER, LT: HOME }, peers: [PEER] }
    const grant = grantSchema.parse({
      id: 'g-in', version: 1, agency: OURS, direction: 'ingress', partner: { nation: 'LV' }, kinds: ['hit', 'hotlist.share'], categories: ['stolen-vehicle'], siteGroups: 'all', precision: 'road', purpose: 'investigation',
      legalBasis: 'lv-lt-2006/art-1', retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', furtherHits: true, unverified: 'allow', from: SECONDS - 60, until: SECONDS + 86_400
    })
    this.state.policies.put(grant)
    for (const [ref, category] of [['E-1', 'stolen-vehicle'], ['E-2', 'stolen-vehicle'], ['E-3', 'surveillance']] as const) {
      const entry = { ref, plate: 'ABC123', category, action: 'discreet-check', reason: 'stolen', decisionRef: 'D-1', legalBasis: 'lt/x', furtherHits: true, until: SECONDS + 9999, confirmedAt: SECONDS }
      this.records.set(keyOf.ownEntry(OURS, ref as never), { entry, plate: 'ABC123', state: 'in-force', leaf: 0, shared: [] } as unknown as OwnEntryRecord as never)
    }
  }

  #step (event: NodeEvent): void {
    const fact = (key: string): Json | Uint8Array | undefined => this.records.get(key)
    const known = new Set<string>()
    for (let more = true; more;) {
      const missing = wants(this.state, event, fact).filter(key => !known.has(key))
      for (const key of missing) known.add(key)
      more = missing.length > 0
    }
    for (const effect of step(this.state, event, NOW, key => { assert.ok(known.has(key) || event.type === 'message-signed', `${key} was read and not wanted`); return fact(key) }).effects) this.#perform(effect)
  }

  #perform (effect: Effect): void {
    if (effect.type === 'put') this.records.set(effect.key, effect.value)
    if (effect.type === 'delete') this.records.delete(effect.key)
    if (effect.type === 'report') this.reports.push(effect.report)
    if (effect.type === 'close-link') this.closed.push(effect.reason)
    if (effect.type !== 'sign') return
    if (effect.message.type === 'receipt/1') this.receipts.push(effect.message)
    const jws = encodeJson(effect.message as unknown as Json)
    this.#step({ type: 'message-signed', ticket: effect.ticket, jws, digest: digestOf(utf8ToBytes(jws)) })
  }

  /** One parcel, at the next position. */
  take (items: readonly OpenedItem[], from: AgencyId = TOWN): void {
    const header: ParcelHeader = { incarnation: 'AAAAAAAAAAAAAAAAAAAAAA', seq: ++this.#seq, prev: this.#prev, from, to: OURS, class: 'normal', exp: SECONDS + 9999, digests: items.map(({ digest }) => digest) }
    this.#prev = positionHash(header)
    this.#step({ type: 'parcel-opened', link: 'l-1', peer: PEER, streamClass: 'normal', header, items, entropy: bytesOf(`entropy ${this.#seq}`) })
  }

  /** All that acceptance leaves behind, without what names receipts. */
  left (): { [key: string]: unknown } {
    return Object.fromEntries([...this.records].filter(([key]) => /^(?:hit|received|entry|parked|log\/leaf)\//.test(key)).sort().map(([key, value]) => [key, value instanceof Uint8Array ? leafOf(value) : value]))
  }

  leaves (t: Leaf['t']): Leaf[] { return [...this.records].filter(([key]) => key.startsWith('log/leaf/')).map(([, value]) => leafOf(value)).filter(leaf => leaf.t === t) }
  hit (hitId: string): HitStateRecord | undefined { return this.records.get(keyOf.hitState(hitId as never)) as never }
}

const policy = { grant: 'g-x@1', hash: digestOf(utf8ToBytes('grant')) }
const claims = (id: string, iss: AgencyId): object => ({ id: derivedMessageId('test', id), iss, aud: OURS, iat: SECONDS, exp: SECONDS + 3600 })
const hitIdOf = (name: string): string => derivedMessageId('test-hit', name)
function itemOf (message: object): OpenedItem {
  const jws = encodeJson(message as never)
  return { digest: digestOf(utf8ToBytes(jws)), message: message as Verified<Message>, jws, k: bytesOf(jws) }
}
const hit = (name: string, revision: number, changes: { readonly iss?: AgencyId, readonly entryRef?: string, readonly id?: string, readonly confidence?: number } = {}): OpenedItem => itemOf({
  type: revision === 1 ? 'hit/1' : 'hit.update/1', ...claims(`${name} ${revision}`, TOWN), hitId: hitIdOf(name), revision, entryRef: 'E-1', plate: { text: 'ABC123', countryConfidence: 0 }, match: 'exact', verification: 'person',
  confidence: 900, observedAt: SECONDS, clock: 'good', area: { precision: 'none' }, siteRef: 's1', direction: 'inbound', ordinal: 1, action: 'discreet-check', evaluation: 'B1', handling: { code: 'H1' }, purpose: 'investigation',
  legalBasis: 'lv-lt-2006/art-1', thirdCountry: 'prohibited', retainUntil: SECONDS + 86_400, evidence: 'none', policy, ...changes
})
const withdrawal = (name: string, revision: number, iss: AgencyId = TOWN): OpenedItem => itemOf({ type: 'hit.withdraw/1', ...claims(`${name} withdraw ${revision} ${iss}`, iss), hitId: hitIdOf(name), revision, reason: 'misread', policy })
const sharedEntry = (ref: string, owner: AgencyId, category: string): object => ({ owner, ref, plate: 'XYZ987', category, action: 'seize', furtherHits: false, until: SECONDS + 9000, confirmedAt: SECONDS })
const share = (ref: string, at: number, owner: AgencyId = TOWN, category = 'stolen-vehicle'): OpenedItem => itemOf({ type: 'hotlist.share/1', ...claims(`share ${ref} ${at} ${owner} ${category}`, TOWN), iat: SECONDS + at, entries: [sharedEntry(ref, owner, category)], policy })
const unshare = (ref: string, at: number): OpenedItem => itemOf({ type: 'hotlist.withdraw/1', ...claims(`unshare ${ref} ${at}`, TOWN), iat: SECONDS + at, entries: [{ owner: TOWN, ref }], reason: 'found' })
const refused = (name: string): OpenedItem => ({ digest: digestOf(utf8ToBytes(name)), refusal: { code: 'wrong-signature', evidence: 'kid' } })
const codes = ({ refused }: Receipt): string[] => refused.map(({ code }) => code)

accepting('a good hit is one acceptance leaf, one row on the list, one line of the receipt', () => {
  const home = new Home()
  const item = hit('a', 1)
  home.take([item])
  const [leaf] = home.leaves('acceptance')
  assert.equal([leaf!.agency, leaf!.peer, leaf!.policy], [OURS, TOWN, 'g-x@1'])
  assert.equal(home.hit(hitIdOf('a'))?.state, 'active')
  const [receipt] = home.receipts
  assert.equal([receipt!.iss, receipt!.aud, receipt!.accepted.map(({ digest, c }) => [digest, c])], [OURS, TOWN, [[item.digest, leaf!.c]]])
})

accepting('the same bytes again: the same line of the receipt, and nothing else changes', () => {
  const home = new Home()
  home.take([hit('a', 1)])
  const before = home.left()
  home.take([hit('a', 1), hit('a', 1)])
  assert.equal(home.left(), before)
  assert.equal(home.receipts[1]!.accepted, [home.receipts[0]!.accepted[0], home.receipts[0]!.accepted[0]])
  assert.is(home.reports.filter(({ what }) => what === 'hit-received').length, 1)
})

accepting('each refusal has its code, and its neighbours in the parcel are accepted', () => {
  const bad: [string, OpenedItem][] = [
    ['wrong-signature', refused('forged')],
    ['replayed', hit('good', 1, { confidence: 1 })],
    ['superseded', hit('newer', 1)],
    ['unknown-subject', hit('b', 1, { entryRef: 'E-99' })],
    ['not-permitted', hit('c', 1, { entryRef: 'E-3' })],
    ['wrong-issuer', withdrawal('good', 2, POLICE)],
    ['wrong-issuer', share('S-1', 0, POLICE)],
    ['not-permitted', share('S-2', 0, TOWN, 'surveillance')],
    ['wrong-issuer', itemOf({ type: 'candidate/1', ...claims('candidate', TOWN), entry: { owner: OURS, ref: 'E-1' } })]
  ]
  for (const [code, item] of bad) {
    const home = new Home()
    home.take([hit('good', 1), hit('newer', 2)])
    home.take([hit('x', 1), item, hit('y', 1)])
    const receipt = home.receipts[1]!
    assert.equal([codes(receipt), receipt.accepted.length], [[code], 2], code)
    assert.equal(home.leaves('refusal').map(({ why }) => why), [code])
    assert.equal([home.hit(hitIdOf('x'))?.state, home.hit(hitIdOf('y'))?.state], ['active', 'active'])
    assert.ok(home.reports.some(report => report.what === 'message-refused' && report.code === code))
  }
})

accepting('a withdrawal that overtakes its hit wins over it', () => {
  const home = new Home()
  home.take([withdrawal('a', 2)])
  home.take([hit('a', 1)])
  assert.equal(codes(home.receipts[1]!), ['superseded'])
  assert.equal(home.hit(hitIdOf('a'))?.state, 'withdrawn')
  assert.is(home.reports.filter(({ what }) => what === 'hit-received').length, 0)
})

accepting('a withdrawn entry stays so when an older word on it comes late', () => {
  const home = new Home()
  const key = keyOf.heldEntry(TOWN, 'S-1' as never)
  home.take([share('S-1', 1)])
  assert.is((home.records.get(key) as unknown as HeldEntryRecord).state, 'in-force')
  home.take([unshare('S-1', 5)])
  home.take([share('S-1', 3)])
  assert.is((home.records.get(key) as unknown as HeldEntryRecord).state, 'ended')
  home.take([share('S-1', 7)])
  assert.is((home.records.get(key) as unknown as HeldEntryRecord).state, 'in-force')
})

accepting('a position that does not follow is not looked at', () => {
  const home = new Home()
  home.take([hit('a', 1)])
  const before = home.left()
  const items = [hit('b', 1)]
  const header: ParcelHeader = { incarnation: 'AAAAAAAAAAAAAAAAAAAAAA', seq: 7, prev: '', from: TOWN, to: OURS, class: 'normal', exp: SECONDS + 9999, digests: items.map(({ digest }) => digest) }
  step(home.state, { type: 'parcel-opened', link: 'l-1', peer: PEER, streamClass: 'normal', header, items, entropy: bytesOf('x') }, NOW, () => undefined)
    .effects.forEach(effect => { if (effect.type === 'close-link') home.closed.push(effect.reason) })
  assert.equal(home.closed, ['out-of-order'])
  assert.equal(home.left(), before)
})

// ── packing ──────────────────────────────────────────────────────────────────────────────────────────────────────

const name = fc.constantFrom('a', 'b', 'c')
const anyItem: fc.Arbitrary<OpenedItem> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, fc.integer({ min: 1, max: 3 }), fc.constantFrom(900, 901), fc.constantFrom('E-1', 'E-2', 'E-3', 'E-99')).map(([of, revision, confidence, entryRef]) => hit(of, revision, { confidence, entryRef })) },
  { weight: 2, arbitrary: fc.tuple(name, fc.integer({ min: 2, max: 4 })).map(([of, revision]) => withdrawal(of, revision)) },
  { weight: 2, arbitrary: fc.tuple(name, fc.integer({ min: 0, max: 3 })).map(([of, at]) => share(of, at)) },
  { weight: 1, arbitrary: fc.tuple(name, fc.integer({ min: 0, max: 3 })).map(([of, at]) => unshare(of, at)) },
  { weight: 1, arbitrary: name.map(refused) }
)

accepting('many messages have one effect, however they are packed into parcels', () => {
  fc.assert(fc.property(fc.array(anyItem, { minLength: 1, maxLength: 14 }), fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 14 }), (items, sizes) => {
    const one = new Home(); const each = new Home(); const packed = new Home()
    one.take(items)
    for (const item of items) each.take([item])
    for (let at = 0, i = 0; at < items.length; at += sizes[i++ % sizes.length]!) packed.take(items.slice(at, at + sizes[i % sizes.length]!))
    assert.equal(one.left(), each.left())
    assert.equal(packed.left(), each.left())
    const verdicts = (home: Home): unknown => home.receipts.map(({ accepted, refused }) => [accepted, refused]).reduce((all, [a, r]) => [[...all[0]!, ...a!], [...all[1]!, ...r!]], [[], []] as unknown[][])
    assert.equal(verdicts(one), verdicts(each))
  }), { seed: SEED, numRuns: 150 })
})

accepting('whatever arrives twice, in any order, changes nothing the second time', () => {
  fc.assert(fc.property(fc.array(anyItem, { minLength: 1, maxLength: 8 }), items => {
    const home = new Home()
    for (const item of items) home.take([item])
    const settled = home.left()
    const accepted = new Set(home.receipts.flatMap(receipt => receipt.accepted.map(({ digest }) => digest)))
    for (const item of [...items].reverse()) if (accepted.has(item.digest)) home.take([item])
    assert.equal(home.left(), settled)
  }), { seed: SEED, numRuns: 100 })
})

accepting.run()
