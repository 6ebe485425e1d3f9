import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { directoryOf } from '../../keys/directory.ts'
import { addSignatures, hashOfStatement, namedJwkOf, rootKeyOf, rootSignerOf } from '../../keys/make-statements.ts'
import type { FedRoot } from '../../keys/statements.ts'
import { digestOfBytes } from '../../keys/compact.ts'
import { isRefusal, readStatement } from '../../keys/read-statements.ts'
import { foldTrust, type TrustPins } from '../../keys/trust-list.ts'
import { nationSpeaksForItself } from '../../keys/trust-list-rules.ts'
import type { TrustView } from '../../keys/trust-view.ts'
import type { MessageKind } from '../../protocol/messages/message.ts'
import type { NationId } from '../../protocol/identifiers.ts'
import { seeded } from './seeded.ts'
import { T0, YEAR, type World, agencyBody, agencyId, agencyKeys, agencyStatementOf, entityOf, fedRootBody, fedRootOf, key, makeWorld, nationKeys, nationRootBody, nationRootOf, nodeId, revocationsOf } from './trust-world.ts'

const test = suite('keys/trust-list')
const LV = 'LV' as NationId; const LT = 'LT' as NationId; const EE = 'EE' as NationId; const PL = 'PL' as NationId
const police = agencyId('lv', 'police')
const ms = (seconds: number): number => seconds * 1000
const world = await makeWorld()
const keyOrCode = (trust: TrustView, at = T0 + 60, kid = agencyKeys(police).signing.kid, kind: MessageKind = 'hit', agency = police): string => {
  const found = trust.signingKey(agency, kid, kind, ms(at))
  return isRefusal(found) ? found.code : 'key'
}
const findingOf = (trust: TrustView, statement: Uint8Array): string | undefined => trust.findings.find(({ digest }) => digest === digestOfBytes(statement))?.refusal.code
const fold = (more: readonly Uint8Array[], pins: TrustPins = world.pins): TrustView => foldTrust([...world.history, ...more], pins)
const summary = (trust: TrustView): string => JSON.stringify([trust.sentences(), trust.expiries(), trust.nodes().map(({ node }) => node).sort(), trust.agencies(), keyOrCode(trust)])

test('a sound history gives keys, nodes and agencies, and no finding', () => {
  const { trust } = world
  assert.equal(trust.findings, [])
  assert.is(keyOrCode(trust), 'key')
  assert.is(trust.homeOf(police), nodeId('lv', 'national'))
  assert.is(trust.nodes().length, 6)
  assert.is(trust.nodeByTransportKey(key('LT bridge transport', 'Ed25519', 'transport').publicKey)?.node, nodeId('lt', 'bridge'))
  assert.is(trust.nodeByTransportKey(new Uint8Array(32)), undefined)
  const sealing = trust.sealingKey(police, nodeId('lv', 'national'), ms(T0))
  assert.ok(!isRefusal(sealing) && sealing.kid === agencyKeys(police).sealing.kid)
  assert.equal(trust.agencies().map(({ agency }) => agency), ['lt:guard', 'lt:police', 'lv:guard', 'lv:police'])
  assert.is(trust.nation(LV)?.entity, entityOf('lv'))
})

test('time decides: before the statement, while it holds, after its end', () => {
  assert.is(keyOrCode(world.trust, T0 - 1), 'nation-unknown')
  assert.is(keyOrCode(world.trust, T0), 'key')
  assert.is(keyOrCode(world.trust, T0 + 30 * 86_400 - 1), 'key')
  assert.is(keyOrCode(world.trust, T0 + 30 * 86_400), 'statement-expired')
  assert.is(keyOrCode(world.trust, T0 + YEAR), 'nation-unknown')
  assert.is(world.trust.agency(police, ms(T0 + 31 * 86_400)), undefined)
  assert.equal(world.trust.expiries()[0], { what: 'statement of lt:guard', until: ms(T0 + 30 * 86_400), warnFrom: ms(T0 + 20 * 86_400), by: 'automatic' })
})

test('the answer is the same in any order, with copies, and with rubbish between', async () => {
  const later = await nationRootOf('LV', { version: 2, iat: T0 + 100, prev: hashOfStatement(world.roots[0]!) })
  const more = [later, await revocationsOf('LV', [{ kid: agencyKeys(police).site.kid, revokedAt: T0 + 50, reason: 'superseded' }]), await agencyStatementOf(police, { iat: T0 + 10 }), new Uint8Array([1, 2, 3])]
  const all = [...world.history, ...more]
  const expected = summary(foldTrust(all, world.pins))
  fc.assert(fc.property(fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all), (order, copies) => {
    assert.is(summary(foldTrust([...order, ...copies], world.pins)), expected)
  }), seeded({ numRuns: 25 }))
})

test('a nation rotates its own keys: threshold of the old root and of the new one', async () => {
  const fresh = [4, 5].map(n => ({ ed25519: key(`LV root ${n}`, 'Ed25519', 'root'), mldsa44: key(`LV root ${n}`, 'ML-DSA-44', 'root') }))
  const [first] = nationKeys('LV').roots
  const rotated = { version: 2, iat: T0 + 100, prev: hashOfStatement(world.roots[0]!), rootKeys: [first!, ...fresh].map(pair => rootKeyOf(pair.ed25519, pair.mldsa44)) }
  const freshSigners = fresh.map(pair => rootSignerOf(pair.ed25519, pair.mldsa44))
  const old = nationKeys('LV').signers
  const versionWith = async (signers: typeof old): Promise<number | undefined> => fold([await nationRootOf('LV', rotated, signers)]).nation(LV)?.version
  assert.is(await versionWith([old[0]!, old[1]!, freshSigners[0]!]), 2)
  assert.is(await versionWith([old[0]!, freshSigners[0]!, freshSigners[1]!]), 1, 'one old key is no threshold')
  assert.is(await versionWith([old[0]!, old[1]!]), 1, 'one new key is no threshold')
  assert.is(await versionWith([old[0]!, old[0]!, old[0]!]), 1, 'a signer counts once')
})

test('signatures collected apart count together; half a signature counts nothing', async () => {
  const [one, two] = nationKeys('LV').signers
  const body = { version: 2, iat: T0 + 100, prev: hashOfStatement(world.roots[0]!) }
  const apart = [await nationRootOf('LV', body, [one!]), await nationRootOf('LV', body, [two!])]
  assert.is(fold(apart).nation(LV)?.version, 2)
  assert.is(fold(apart.slice(0, 1)).nation(LV)?.version, 1)
  const broken = { ...two!, signPostQuantum: () => new Uint8Array(2420) }
  assert.is(fold([await nationRootOf('LV', body, [one!, broken])]).nation(LV)?.version, 1, 'both algorithms must verify')
  const mute = { ...two!, sign: () => new Uint8Array(64) }
  assert.is(fold([await nationRootOf('LV', body, [one!, mute])]).nation(LV)?.version, 1)
})

test('a chain has no gaps, no substitutes and no forks', async () => {
  const prev = hashOfStatement(world.roots[0]!)
  const skipped = await nationRootOf('LV', { version: 3, iat: T0 + 100, prev })
  const unlinked = await nationRootOf('LV', { version: 2, iat: T0 + 100, prev: 'A'.repeat(43) as never })
  const older = await nationRootOf('LV', { version: 2, iat: T0 - 100, prev })
  for (const wrong of [skipped, unlinked, older]) {
    const trust = fold([wrong])
    assert.is(trust.nation(LV)?.version, 1)
    assert.is(findingOf(trust, wrong), 'chain-broken')
  }
  const forks = [await nationRootOf('LV', { version: 2, iat: T0 + 100, prev }), await nationRootOf('LV', { version: 2, iat: T0 + 101, prev })]
  const forked = fold(forks)
  assert.is(forked.nation(LV)?.version, 1)
  for (const fork of forks) assert.is(findingOf(forked, fork), 'chain-broken')
})

test('a root that breaks a rule of form is refused even at the pin', async () => {
  const { roots } = nationKeys('LV')
  const pair = rootKeyOf(roots[0]!.ed25519, roots[0]!.mldsa44)
  const cases: [Parameters<typeof nationRootOf>[1], string][] = [
    [{ threshold: 1 }, 'malformed'],
    [{ exp: T0 + 2 * YEAR }, 'malformed'],
    [{ exp: T0 }, 'malformed'],
    [{ rootKeys: [pair, pair, rootKeyOf(roots[1]!.ed25519, roots[1]!.mldsa44)] }, 'malformed'],
    [{ rootKeys: [{ ...pair, kid: roots[1]!.ed25519.kid }, rootKeyOf(roots[2]!.ed25519, roots[2]!.mldsa44)] }, 'malformed'],
    [{ nodes: nationRootBody('LT').nodes }, 'wrong-issuer']
  ]
  for (const [changes, code] of cases) {
    const root = await nationRootOf('LV', changes, nationKeys('LV').signers)
    const trust = foldTrust([root], { nations: new Map([[LV, hashOfStatement(root)]]) })
    assert.is(trust.nation(LV), undefined)
    assert.is(findingOf(trust, root), code, JSON.stringify(Object.keys(changes!)))
  }
})

test('a nation never speaks for another nation\'s agency, node or address', async () => {
  const lt = nationKeys('LT').federation
  const cases: [Uint8Array, string][] = [
    [await agencyStatementOf(police, {}, lt), 'unknown-key'],
    [await agencyStatementOf(police, {}, lt, entityOf('lt')), 'wrong-issuer'],
    [await agencyStatementOf(police, { home: nodeId('lt', 'national') }), 'wrong-issuer'],
    [await agencyStatementOf(police, { home: nodeId('lv', 'bridge') }), 'chain-broken'],
    [await agencyStatementOf(police, { home: nodeId('lv', 'nowhere') }), 'chain-broken'],
    [await agencyStatementOf(police, { exp: T0 + 40 * 86_400 }), 'malformed'],
    [await agencyStatementOf(agencyId('ee', 'police')), 'chain-broken']
  ]
  for (const [statement, code] of cases) assert.is(findingOf(fold([statement]), statement), code)
  assert.is(keyOrCode(fold(cases.map(([statement]) => statement))), 'key', 'the sound statement still stands')
})

test('an agency statement names its nation as issuer and itself below it', () => {
  const read = readStatement(world.history.find(statement => { const found = readStatement(statement); return !isRefusal(found) && found.kind === 'agency-statement' })!)
  assert.ok(!isRefusal(read) && read.kind === 'agency-statement')
  const root = { type: 'nation-root/1' as const, ...nationRootBody(read.body.metadata.tiltas_agency.agency.slice(0, 2).toUpperCase()) }
  assert.is(nationSpeaksForItself(read.body, root), undefined)
  for (const changes of [{ iss: 'https://ee.example/tiltas' }, { sub: `${read.body.sub}x` }]) assert.is(nationSpeaksForItself({ ...read.body, ...changes }, root)?.code, 'wrong-issuer')
})

test('a site key signs candidates and receipts and nothing else', async () => {
  const { site } = agencyKeys(police)
  assert.is(keyOrCode(world.trust, T0 + 60, site.kid, 'candidate'), 'key')
  for (const kind of ['hit', 'hit.update', 'hotlist.share', 'hotlist.withdraw'] as const) assert.is(keyOrCode(world.trust, T0 + 60, site.kid, kind), 'beyond-powers')
  const broad = await agencyStatementOf(police, { iat: T0 + 5, keys: agencyBody(police).keys.map(each => each.kid === site.kid && each.use === 'sig' ? { ...each, kinds: ['hit' as const] } : each) })
  assert.is(findingOf(fold([broad]), broad), 'beyond-powers')
})

test('a node that becomes a site loses what only a home may sign', async () => {
  const sites = nationRootBody('LV').nodes.map(node => node.node === nodeId('lv', 'national') ? { ...node, role: 'site' as const } : node)
  const later = await nationRootOf('LV', { version: 2, iat: T0 + 100, prev: hashOfStatement(world.roots[0]!), nodes: sites })
  assert.is(keyOrCode(fold([later]), T0 + 99), 'key')
  assert.is(keyOrCode(fold([later]), T0 + 100), 'beyond-powers')
})

test('a revoked key counts before its time and not from it; the earliest time counts', async () => {
  const { kid } = agencyKeys(police).signing
  const superseded = await revocationsOf('LV', [{ kid, revokedAt: T0 + 100, reason: 'superseded' }])
  assert.is(keyOrCode(fold([superseded]), T0 + 99), 'key')
  assert.is(keyOrCode(fold([superseded]), T0 + 100), 'revoked')
  assert.not.ok(fold([superseded]).isCompromised(police, kid))
  const stolen = await revocationsOf('LV', [{ kid, revokedAt: T0 + 100, compromisedFrom: T0 + 40, reason: 'compromised' }], { seq: 2 })
  assert.is(keyOrCode(fold([superseded, stolen]), T0 + 40), 'revoked')
  assert.is(keyOrCode(fold([superseded, stolen]), T0 + 39), 'key')
  assert.ok(fold([stolen]).isCompromised(police, kid))
  for (let seq = 10; seq < 16; seq++) {
    const late = await revocationsOf('LV', [{ kid, revokedAt: T0 + 100, reason: 'superseded' }], { seq })
    assert.is(keyOrCode(fold([stolen, late]), T0 + 40), 'revoked', 'whichever list is read first')
  }
  const empty = await revocationsOf('LV', [], { seq: 3, iat: T0 + 200, next: T0 + 300 })
  assert.is(keyOrCode(fold([superseded, empty]), T0 + 150), 'revoked', 'a later list does not take it back')
})

test('only a nation revokes its keys', async () => {
  const { kid } = agencyKeys(police).signing
  const foreign = await revocationsOf('LT', [{ kid, revokedAt: T0, reason: 'compromised' }])
  assert.is(keyOrCode(fold([foreign])), 'key')
  const forged = await revocationsOf('LV', [{ kid, revokedAt: T0, reason: 'compromised' }], {}, nationKeys('LT').revocation)
  assert.is(findingOf(fold([forged]), forged), 'unknown-key')
  assert.is(keyOrCode(fold([forged])), 'key')
})

test('a lost federation key ends with the root that drops it, and its statements with it', async () => {
  const fresh = key('LV federation 2', 'Ed25519', 'federation')
  const root = await nationRootOf('LV', { version: 2, iat: T0 + 100, prev: hashOfStatement(world.roots[0]!), federationKeys: [namedJwkOf(fresh)] })
  assert.is(keyOrCode(fold([root]), T0 + 99), 'key')
  assert.is(keyOrCode(fold([root]), T0 + 100), 'unknown-key')
  const renewed = await agencyStatementOf(police, { iat: T0 + 100 }, fresh)
  assert.is(keyOrCode(fold([root, renewed]), T0 + 100), 'key')
  const backdated = await agencyStatementOf(police, { iat: T0 + 90, keys: agencyBody(agencyId('lv', 'guard')).keys })
  assert.is(keyOrCode(fold([root, renewed, backdated]), T0 + 100), 'key', 'the old key cannot speak of the time after')
  const revoked = await revocationsOf('LV', [{ kid: nationKeys('LV').federation.kid, revokedAt: T0 + 100, compromisedFrom: T0 + 80, reason: 'compromised' }])
  assert.is(keyOrCode(fold([root, renewed, backdated, revoked]), T0 + 95), 'key', 'nor, once revoked, of the time since it was stolen')
})

test('a federation root never brings keys for a nation', async () => {
  const thief = { ed25519: key('thief', 'Ed25519', 'root'), mldsa44: key('thief', 'ML-DSA-44', 'root') }
  const { kid, ed25519, mldsa44 } = rootKeyOf(thief.ed25519, thief.mldsa44)
  const body = fedRootBody(['LV', 'LT'], world.roots)
  const next = { ...body, version: 2, iat: T0 + 10, prev: hashOfStatement(world.fed) }
  const foreignKey = await fedRootOf({ ...next, keys: { ...body.keys, [kid]: { nation: LV, ed25519, mldsa44 } } }, ['LV', 'LT'])
  assert.is(findingOf(fold([foreignKey]), foreignKey), 'wrong-issuer')
  const otherRoot = await nationRootOf('LV', { exp: T0 + YEAR - 1 })
  const foreignRoot = await fedRootOf({ ...next, members: body.members.map(member => member.nation === LV ? { ...member, nationRoot: { version: 1, hash: hashOfStatement(otherRoot) } } : member) }, ['LV', 'LT'])
  assert.is(findingOf(fold([otherRoot, foreignRoot]), foreignRoot), 'wrong-issuer')
  assert.is(fold([otherRoot, foreignRoot]).nation(LV)?.hash, hashOfStatement(world.roots[0]!))
})

test('admission needs more than two thirds, the newcomer included', async () => {
  const newcomer = await nationRootOf('EE')
  const roots = [...world.roots, newcomer]
  const admitting: Omit<FedRoot, 'type'> = { ...fedRootBody(['LV', 'LT', 'EE'], roots), version: 2, iat: T0 + 10, prev: hashOfStatement(world.fed) }
  const isMember = async (signers: readonly string[]): Promise<boolean> => fold([newcomer, await fedRootOf(admitting, signers)]).isMember(EE, ms(T0 + 20))
  assert.ok(await isMember(['LV', 'LT', 'EE']))
  assert.not.ok(await isMember(['LV', 'LT']))
  assert.not.ok(await isMember(['LV', 'EE']))
  const lax = await fedRootOf({ ...admitting, threshold: 2 }, ['LV', 'LT', 'EE'])
  assert.is(findingOf(fold([newcomer, lax]), lax), 'malformed')
  const collected = await addSignatures(await fedRootOf(admitting, ['LV']), ['LT', 'EE'].map(nation => nationKeys(nation).signers[0]!))
  assert.ok(fold([newcomer, collected]).isMember(EE, ms(T0 + 20)))
})

test('the others suspend a member without its own key; two nations cannot', async () => {
  const four = await makeWorld(['LV', 'LT', 'EE', 'PL'])
  const suspending = (nations: readonly string[], wanted: World, subjects: readonly string[], changes: Partial<FedRoot> = {}): Omit<FedRoot, 'type'> => {
    const body = fedRootBody(nations, wanted.roots)
    const members = body.members.map(member => subjects.includes(member.nation) ? { ...member, status: 'suspended' as const, since: T0 + 10 } : member)
    return { ...body, version: 2, iat: T0 + 10, prev: hashOfStatement(wanted.fed), members, threshold: Math.floor((nations.length - subjects.length) * 2 / 3) + 1, ...changes }
  }
  const all = ['LV', 'LT', 'EE', 'PL']
  const isStill = async (body: Omit<FedRoot, 'type'>, signers: readonly string[], nation: NationId): Promise<boolean> =>
    foldTrust([...four.history, await fedRootOf(body, signers)], four.pins).isMember(nation, ms(T0 + 20))
  assert.not.ok(await isStill(suspending(all, four, ['PL']), ['LV', 'LT'], PL), 'two of three others')
  assert.ok(await isStill(suspending(all, four, ['PL']), ['LV'], PL), 'one of three others')
  assert.ok(await isStill(suspending(all, four, ['PL']), ['LV', 'PL'], PL), 'its own key does not count')
  assert.ok(await isStill(suspending(all, four, ['PL', 'EE']), ['LV', 'LT'], PL), 'one at a time')
  assert.ok(await isStill(suspending(all, four, ['PL'], { keys: Object.fromEntries(Object.entries(fedRootBody(all, four.roots).keys).slice(1)) }), ['LV', 'LT'], PL), 'and nothing else changes')
  const two = await fedRootOf(suspending(['LV', 'LT'], world, ['LT'], { threshold: 1 }), ['LV'])
  assert.ok(fold([two]).isMember(LT, ms(T0 + 20)), 'with two nations only pins act')
  const suspended = foldTrust([...four.history, await fedRootOf(suspending(all, four, ['PL']), ['LV', 'LT', 'EE'])], four.pins)
  assert.ok(suspended.isMember(PL, ms(T0 + 9)))
  assert.is(suspended.node(nodeId('pl', 'national')), undefined)
})

test('pins win over everything', async () => {
  const deny = (id: string): TrustView => foldTrust(world.history, { ...world.pins, deny: new Set([id]) })
  assert.is(keyOrCode(deny('LV')), 'nation-unknown')
  assert.is(deny('LV').node(nodeId('lv', 'national')), undefined)
  assert.is(keyOrCode(deny(police)), 'unknown-key')
  assert.is(keyOrCode(deny(agencyKeys(police).signing.kid)), 'unknown-key')
  assert.is(deny(nodeId('lv', 'bridge')).node(nodeId('lv', 'bridge')), undefined)
  const pinned = await nationRootOf('LV', { exp: T0 + YEAR - 1 })
  const trust = fold([pinned], { ...world.pins, nations: new Map([[LV, hashOfStatement(pinned)]]) })
  assert.is(trust.nation(LV)?.hash, hashOfStatement(pinned))
  const alone = foldTrust(world.history, { nations: new Map([[LV, hashOfStatement(world.roots[0]!)]]) })
  assert.is(keyOrCode(alone), 'key')
  assert.not.ok(alone.isMember(LT, ms(T0)))
  const lost = foldTrust(world.history, { federation: 'A'.repeat(43) as never, nations: new Map() })
  assert.is(keyOrCode(lost), 'nation-unknown')
  const kept = foldTrust(world.history, { federation: 'A'.repeat(43) as never, nations: new Map([[LV, hashOfStatement(world.roots[0]!)]]), allow: new Set([LV]) })
  assert.is(keyOrCode(kept), 'key')
})

test('the directory tells the machine whom it speaks to', async () => {
  const atSite = agencyId('lv', 'town')
  const { site } = agencyKeys(atSite)
  const statement = await agencyStatementOf(atSite, { kind: 'municipality', home: nodeId('lv', 'town'), keys: [{ kid: site.kid, use: 'sig', node: nodeId('lv', 'bridge'), kinds: ['candidate'], suite: 'EdDSA', publicText: site.publicText }] })
  const without = await Promise.all(['police', 'guard'].map(name => agencyStatementOf(agencyId('lv', name), { iat: T0 + 1, keys: agencyBody(agencyId('lv', name)).keys.slice(0, 2) })))
  const trust = fold([statement, ...without])
  const national = directoryOf(trust, nodeId('lv', 'national'), ms(T0 + 5))
  assert.is(national.role, 'national')
  assert.equal(national.hosted, ['lv:guard', 'lv:police'])
  assert.equal(national.peers, ['lt/national', 'lv/bridge', 'lv/town'])
  assert.equal(national.nationals, { LT: 'lt/national', LV: 'lv/national' })
  assert.equal(national.sites, [{ node: 'lv/bridge', operator: 'lv:town' }])
  assert.equal(directoryOf(trust, nodeId('lv', 'bridge'), ms(T0 + 5)).peers, ['lv/national'])
  assert.equal(directoryOf(trust, nodeId('lv', 'bridge'), ms(T0 + 5)).hosted, ['lv:town'])
  assert.throws(() => directoryOf(trust, nodeId('ee', 'national'), ms(T0)), /not on its own trust list/)
})

test('foreign bytes give findings, never an exception', () => {
  fc.assert(fc.property(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }), (which, at, byte) => {
    const statement = world.history[which % world.history.length]!.slice()
    statement[at % statement.length] = byte
    const changed = byte !== world.history[which % world.history.length]![at % statement.length]
    assert.is(foldTrust([statement], world.pins).findings.length > 0 || !changed, true)
  }), seeded({ numRuns: 60 }))
})

test.run()
