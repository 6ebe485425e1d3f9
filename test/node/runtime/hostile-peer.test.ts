/**
 * An admitted peer that lies, against a node of production parts over TCP. Whatever it says is refused with its named
 * code, in the receipt or by the end of the link; the refusal is in the log; and the next good message is accepted.
 */
import { randomBytes } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeRevocationList, signerOf } from '../../../keys/make-statements.ts'
import { privateKeyFromSeed } from '../../../keys/private-key.ts'
import { foldTrust } from '../../../keys/trust-list.ts'
import type { TrustView } from '../../../keys/trust-view.ts'
import type { HitView } from '../../../node/console/service.ts'
import { transportPublicKey } from '../../../node/adapters/libp2p-transport.ts'
import type { Actor, Command, Role } from '../../../protocol/commands.ts'
import type { Report } from '../../../protocol/effects.ts'
import { parseAgencyId, parsePersonId, type AgencyId, type Digest, type NationId } from '../../../protocol/identifiers.ts'
import { HOUR } from '../../../protocol/instant.ts'
import { FRAME_BYTES_MAX } from '../../../protocol/limits.ts'
import type { Leaf } from '../../../protocol/log/leaf.ts'
import { keyOf } from '../../../protocol/records.ts'
import type { RefusalCode } from '../../../protocol/refusals.ts'
import { foundTestFederation, LT_NATIONAL, LT_POLICE, LV_LUDZA, LV_NATIONAL, LV_POLICE, LV_SITE, ringOf } from '../../support/founded.ts'
import { enact } from '../../support/enact.ts'
import { startRealNode, type RealNode } from '../../support/real-node.ts'
import { announceSeed, eventually, makeFolder, removeFolder } from '../../stories/support/places.ts'
import { digestOfText, HostilePeer, randomId, type Crafted, type CraftOptions, type ParcelOptions, type Sayable } from '../../stories/support/hostile-peer.ts'
import { entryOf, grantOf, nowSeconds } from '../../stories/support/terms.ts'

const hostile = suite('hostile peer')
announceSeed()
const folder = makeFolder()
/** Long enough ago that a message may be older than now. */
const federation = await foundTestFederation(Date.now() - HOUR)
const trustWith = (...more: Uint8Array[]): TrustView => foldTrust([...federation.statements, ...more], { federation: federation.pins.federation as Digest, nations: new Map(Object.entries(federation.pins.nations) as [NationId, Digest][]) })
const reports: Report[] = []
let victim: RealNode
let peer: HostilePeer

const actorOf = (role: Role): Actor => ({ personId: parsePersonId('p-1'), role, agency: LT_POLICE })
async function tell (role: Role, command: object): Promise<void> {
  const result = await victim.service.command(actorOf(role), command as Command)
  if (!result.ok) throw new Error(`${result.code} ${result.detail ?? ''}`)
}

hostile.before(async () => {
  peer = await HostilePeer.start(federation, LV_NATIONAL, LT_NATIONAL, trustWith())
  victim = await startRealNode({
    self: LT_NATIONAL, folder, secrets: ringOf(federation, LT_NATIONAL), statements: federation.statements, pins: federation.pins,
    listen: '/ip4/127.0.0.1/tcp/0', addresses: { [LV_NATIONAL]: peer.transport.addresses() }, report: report => { reports.push(report) }
  })
  peer.meet(transportPublicKey(ringOf(federation, LT_NATIONAL).find(({ purpose }) => purpose === 'transport')!.seed), victim.addresses)
  await enact(victim.service.command, LT_POLICE, grantOf(LT_POLICE, { id: 'g-in', direction: 'ingress', kinds: ['hit', 'hotlist.share'], partner: { nation: 'LV' }, categories: ['stolen-vehicle'] }))
  for (const [ref, category] of [['H-1', 'stolen-vehicle'], ['H-2', 'surveillance']]) {
    await tell('LIST_OWNER', { do: 'entry.put', agency: LT_POLICE, entry: entryOf(ref!, 'ABC123', { country: 'LT', category, action: 'discreet-check' }) })
  }
})
hostile.after(async () => {
  await peer.stop()
  await victim.stop()
  removeFolder(folder)
})

// ── what it may say, and how it is judged ────────────────────────────────────────────────────────────────────────

const hit = (changes: object = {}): Sayable => {
  const now = nowSeconds()
  return {
    type: 'hit/1', id: randomId(), iss: LV_LUDZA, aud: LT_POLICE, iat: now, exp: now + 3600, hitId: randomId(), revision: 1, entryRef: 'H-1',
    plate: { text: 'ABC123', country: 'LT', countryConfidence: 900 }, match: 'exact', verification: 'person', confidence: 950, observedAt: now, clock: 'good',
    area: { precision: 'nation', nation: 'LV' }, siteRef: 's1', direction: 'inbound', ordinal: 1, action: 'discreet-check', evaluation: 'B1', handling: { code: 'H1' },
    purpose: 'investigation', legalBasis: 'lv-lt-2006/art-1', thirdCountry: 'prohibited', retainUntil: now + 86_400, evidence: 'none', policy: { grant: 'g-x@1', hash: digestOfText('grant') }, ...changes
  }
}
const fromTown: ParcelOptions = { from: LV_LUDZA, to: LT_POLICE }

async function leaves (): Promise<Leaf[]> {
  await victim.node.driver.idle()
  return (await victim.store.scan({ prefix: 'log/leaf/', limit: 100_000 })).map(({ value }) => JSON.parse(new TextDecoder().decode(value)) as Leaf)
}
const refusalsSince = async (size: number): Promise<string[]> => (await leaves()).slice(size).filter(({ t }) => t === 'refusal').map(({ why }) => why!)
const hits = async (): Promise<HitView[]> => (await victim.service.hits(actorOf('OFFICER'), LT_POLICE, { code: 'system-check' }, { limit: 500 }) as { hits: HitView[] }).hits

async function isStillServed (): Promise<void> {
  const good = peer.craft(hit())
  const from = peer.receipts.length
  await peer.send([good], fromTown)
  assert.ok('accepted' in await peer.verdict(good.digest, from), 'the next good message is accepted')
}

/** One bad message between two good ones: only it is refused, with this code, and a leaf says so. */
async function isRefused (code: RefusalCode, bad: Crafted, parcel: ParcelOptions = fromTown, evidence?: string): Promise<void> {
  const [first, last] = [peer.craft(hit()), peer.craft(hit())]
  const from = peer.receipts.length; const size = (await leaves()).length; const before = (await hits()).length
  const goodOnes = parcel === fromTown
  await peer.send(goodOnes ? [first, bad, last] : [bad], parcel)
  const verdict = await peer.verdict(bad.digest, from)
  assert.is('refused' in verdict ? verdict.refused : 'accepted', code)
  if (evidence !== undefined && 'refused' in verdict) assert.is(verdict.evidence, evidence)
  assert.equal(await refusalsSince(size), [code])
  if (goodOnes) for (const good of [first, last]) assert.ok('accepted' in await peer.verdict(good.digest, from), 'its neighbours are accepted')
  assert.is((await hits()).length, before + (goodOnes ? 2 : 0))
  await isStillServed()
}

const crafted = (changes: object, options: CraftOptions = {}): Crafted => peer.craft(hit(changes), options)

hostile('it may say what is right', async () => {
  await isStillServed()
  assert.is((await hits()).length, 1)
})

hostile('what is over, and what lies ahead', async () => {
  const now = nowSeconds()
  await isRefused('expired', crafted({ iat: now - 100, exp: now - 10 }))
  await isRefused('from-the-future', crafted({ iat: now + 900, exp: now + 3600 }))
})

hostile('what is not as its version prescribes', async () => {
  await isRefused('malformed', crafted({ driver: 'a name' }))
  await isRefused('malformed', crafted({ plate: { text: 'abc-123', countryConfidence: 0 } }))
  await isRefused('malformed', crafted({}, { header: { jku: 'https://keys.example' } }))
  await isRefused('wrong-algorithm', crafted({}, { header: { alg: 'none' } }))
  await isRefused('too-large', crafted({ handling: { code: 'H3', text: 'x'.repeat(70_000), lang: 'en' } }))
})

hostile('an unknown version is parked byte for byte', async () => {
  const later = crafted({ type: 'hit/1' }, { header: { typ: 'tiltas-hit.2+jws' } })
  await isRefused('not-understood', later)
  const parked = await victim.node.records.get<{ jws: string, code: string }>(keyOf.parked(later.digest))
  assert.equal([parked?.jws, parked?.code], [later.jws, 'not-understood'])
})

hostile('signatures that do not fit, and keys that may not', async () => {
  await isRefused('wrong-signature', crafted({}, { breakSignature: true }))
  await isRefused('unknown-key', crafted({}, { key: peer.keyOf(LV_POLICE) }))
  const site = ringOf(federation, LV_SITE).map(privateKeyFromSeed).find(({ purpose, agency }) => purpose === 'signing' && agency === LV_LUDZA)!
  await isRefused('beyond-powers', crafted({}, { key: site }))
})

hostile('envelope and body that say different things', async () => {
  await isRefused('envelope-differs', crafted({}), { from: LV_POLICE, to: LT_POLICE }, 'iss')
  await isRefused('envelope-differs', crafted({ aud: 'lt:visaginas-police' }), fromTown, 'aud')
  await isRefused('envelope-differs', crafted({ exp: nowSeconds() + 999_999 }), fromTown, 'exp')
  await isRefused('envelope-differs', crafted({}, { header: { iat: 5 } }), fromTown, 'iat')
  await isRefused('envelope-differs', crafted({ action: 'seize' }), fromTown, 'class')
  const promised = crafted({})
  await isRefused('envelope-differs', { ...promised, digest: digestOfText('something else') }, fromTown, 'digest')
  await isRefused('envelope-differs', crafted({}), { ...fromTown, outer: { exp: nowSeconds() + 5 } }, 'parcel')
  await isRefused('envelope-differs', crafted({}), { ...fromTown, outer: { from: LV_POLICE } }, 'parcel')
})

hostile('a parcel that cannot be opened is refused whole', async () => {
  const flip = (sealed: Uint8Array): Uint8Array => { const text = Buffer.from(sealed).toString('latin1').split('.'); text[3] = 'A' + text[3]!.slice(1).replace(/^./, c => c === 'A' ? 'B' : 'A'); return Buffer.from(text.join('.'), 'latin1') }
  await isRefused('not-sealed-for-us', crafted({}), { ...fromTown, sealed: flip })
  await isRefused('malformed', crafted({}), { ...fromTown, sealed: () => Buffer.from('no.jwe.at.all') })
})

hostile('a parcel for an agency that nobody knows is not passed on', async () => {
  const size = (await leaves()).length; const told = reports.length
  await peer.send([crafted({})], { ...fromTown, outer: { to: parseAgencyId('lt:nobody') } })
  await eventually('the report', () => reports.slice(told).some(report => report.what === 'message-refused' && report.code === 'wrong-audience'))
  assert.equal(await refusalsSince(size), ['wrong-audience'])
  await isStillServed()
})

hostile('what it does not own, and whom it is not', async () => {
  await isRefused('unknown-subject', crafted({ entryRef: 'H-99' }))
  await isRefused('not-permitted', crafted({ entryRef: 'H-2' }))
  const now = nowSeconds()
  const share = { type: 'hotlist.share/1', id: randomId(), iss: LV_LUDZA, aud: LT_POLICE, iat: now, exp: now + 3600, entries: [{ owner: LT_POLICE, ref: 'H-1', plate: 'ABC123', category: 'stolen-vehicle', action: 'seize', furtherHits: true, until: now + 3600, confirmedAt: now }], policy: { grant: 'g-x@1', hash: digestOfText('grant') } } as const
  await isRefused('wrong-issuer', peer.craft(share), { ...fromTown, streamClass: 'bulk' }, 'entries.owner')
  const withdraw = { type: 'hotlist.withdraw/1', id: randomId(), iss: LV_LUDZA, aud: LT_POLICE, iat: now, exp: now + 3600, entries: [{ owner: LT_POLICE, ref: 'H-1' }], reason: 'found' } as const
  await isRefused('wrong-issuer', peer.craft(withdraw), { ...fromTown, streamClass: 'urgent' }, 'entries.owner')
  const candidate = { type: 'candidate/1', id: randomId(), iss: LV_LUDZA, aud: LT_POLICE, iat: now, exp: now + 3600, readId: randomId(), entry: { owner: LT_POLICE, ref: 'H-1' }, plate: { text: 'ABC123', countryConfidence: 0 }, match: 'exact', confidence: 900, observedAt: now, receivedAt: now, clock: 'good', siteRef: 's1', siteGroup: 'border', place: {}, direction: 'inbound', evidence: 'none' } as const
  await isRefused('wrong-issuer', peer.craft(candidate), fromTown, 'iss')
})

hostile('the same words again change nothing; other words under the same name are refused', async () => {
  const id = randomId(); const hitId = randomId()
  const first = crafted({ id, hitId })
  const from = peer.receipts.length
  await peer.send([first], fromTown)
  const accepted = await peer.verdict(first.digest, from)
  const before = await hits(); const size = (await leaves()).length; const seen = peer.receipts.length
  await peer.send([first], fromTown)
  assert.equal(await peer.verdict(first.digest, seen), accepted, 'receipted again with the same index')
  assert.equal((await hits()).map(({ hit }) => hit.id), before.map(({ hit }) => hit.id))
  assert.equal((await leaves()).slice(size).filter(({ t }) => t === 'acceptance'), [])
  await isRefused('replayed', crafted({ id, hitId, confidence: 1 }), fromTown, 'id')
})

hostile('an older revision, and a hit of somebody else', async () => {
  const hitId = randomId()
  const second = crafted({ hitId, type: 'hit.update/1', revision: 2 })
  const from = peer.receipts.length
  await peer.send([second], fromTown)
  assert.ok('accepted' in await peer.verdict(second.digest, from))
  await isRefused('superseded', crafted({ hitId }), fromTown, 'revision')
  const now = nowSeconds()
  await isRefused('wrong-issuer', crafted({ hitId, iss: LV_POLICE, type: 'hit.update/1', revision: 3 }), { from: LV_POLICE, to: LT_POLICE }, 'hitId')
  const takeBack = { type: 'hit.withdraw/1', id: randomId(), iss: LV_POLICE, aud: LT_POLICE, iat: now, exp: now + 3600, hitId, revision: 9, reason: 'misread', policy: { grant: 'g-x@1', hash: digestOfText('grant') } } as const
  await isRefused('wrong-issuer', peer.craft(takeBack), { from: LV_POLICE, to: LT_POLICE, streamClass: 'urgent' }, 'hitId')
  assert.is((await hits()).find(view => view.hit.hitId === hitId)!.state, 'active')
})

hostile('a receipt for what was never sent is told to the operator, and answered by nothing', async () => {
  const now = nowSeconds()
  const receipt = { type: 'receipt/1', id: randomId(), iss: LV_LUDZA, aud: LT_POLICE, iat: now, exp: now + 3600, log: 'lv.example/log', accepted: [{ id: randomId(), digest: digestOfText('a'), index: 1, c: digestOfText('c') }], refused: [{ digest: digestOfText('b'), code: 'malformed' }] } as const
  const from = peer.receipts.length; const told = reports.length
  await peer.send([peer.craft(receipt)], { ...fromTown, streamClass: 'urgent' })
  await eventually('the report', () => reports.slice(told).some(({ what }) => what === 'receipt-for-unknown'))
  assert.is(peer.receipts.length, from)
  await isStillServed()
})

hostile('positions that do not follow end the link, and leave the stream where it stood', async () => {
  for (const header of [{ seq: 9_000 }, { prev: digestOfText('elsewhere') }, { incarnation: randomId(), prev: '' as const }]) {
    const ends = peer.ends.length
    const bad = crafted({})
    const before = (await hits()).length
    await peer.link()
    await peer.send([bad], { ...fromTown, header })
    await eventually('the end of the link', () => peer.ends.length > ends)
    assert.is((await hits()).length, before)
    await isStillServed()
  }
})

hostile('what is no frame ends the link', async () => {
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
  const hello = (node: string): string => JSON.stringify({ at: null, node, v: 1, versions: [] })
  const deep = '['.repeat(5000) + ']'.repeat(5000)
  const garbage: Uint8Array[] = [
    new Uint8Array([0]), new Uint8Array([99, 1, 2, 3]), new Uint8Array(randomBytes(2000)), utf8('\x01{}'), utf8(`\x01${deep}`), utf8(`\x01${hello('lt/national')}`), utf8(`\x01${hello('lv/national')} `),
    utf8('\x02{"holds":null,"v":1,"versions":[]}'), utf8('\x04{"hash":"","incarnation":"AAAAAAAAAAAAAAAAAAAAAA","seq":1}'), new Uint8Array([3, 255, 255, 255, 255, 1]), new Uint8Array([3, 0, 0, 0, 2, 123, 125, 0]), new Uint8Array(FRAME_BYTES_MAX)
  ]
  for (const bytes of garbage) {
    peer.forget('normal')
    const ends = peer.ends.length
    const link = await peer.link()
    await link.send(bytes)
    await eventually('the end of the link', () => peer.ends.length > ends)
  }
  await isStillServed()
})

hostile('a parcel of another class than its link ends the link', async () => {
  const ends = peer.ends.length
  await peer.send([crafted({})], { ...fromTown, header: { class: 'bulk' } })
  await eventually('the end of the link', () => peer.ends.length > ends)
  await isStillServed()
})

hostile('a revoked key speaks no more, and others go on', async () => {
  const registry = federation.lv.registryKeys.map(privateKeyFromSeed).find(({ purpose }) => purpose === 'revocation')!
  const now = nowSeconds()
  const revoked = [{ kid: peer.kidOf(LV_LUDZA), revokedAt: now, compromisedFrom: now - 3600, reason: 'compromised' as const }]
  const list = await makeRevocationList({ nation: 'LV' as NationId, seq: 2, iat: now, next: now + 86_400, revoked }, signerOf(registry))
  victim.node.changeTrust(trustWith(list))
  const from = peer.receipts.length; const size = (await leaves()).length
  const bad = crafted({})
  await peer.send([bad], fromTown)
  assert.is(((await peer.verdict(bad.digest, from)) as { refused: string }).refused, 'revoked')
  assert.equal(await refusalsSince(size), ['revoked'])
  const good = crafted({ iss: LV_POLICE })
  await peer.send([good], { from: LV_POLICE, to: LT_POLICE })
  assert.ok('accepted' in await peer.verdict(good.digest, from))
})

hostile('after all of it the log is whole', async () => {
  const report = await victim.service.verifyLog()
  assert.equal(report.findings, [])
  assert.ok(report.checked.commitmentsOpened > 20)
})

hostile.run()
