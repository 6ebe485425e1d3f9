/** What nobody can do, however many statements they sign: properties over random hostile statements, and one case for each refusal. */
import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOfBytes } from '../../keys/compact.ts'
import { hashOfStatement, makeNationRoot, namedJwkOf, rootKeyOf, rootSignerOf } from '../../keys/make-statements.ts'
import { isRefusal, readStatement } from '../../keys/read-statements.ts'
import { SITE_KINDS, type FedRoot } from '../../keys/statements.ts'
import { CHAIN_LENGTH_MAX, foldTrust, isForkProof } from '../../keys/trust-list.ts'
import { REVOCATIONS_GRACE, TRANSPORT_OVERLAP, type TrustView } from '../../keys/trust-view.ts'
import type { AgencyId, NationId } from '../../protocol/identifiers.ts'
import { encodeJson, type Json } from '../../protocol/messages/encoding.ts'
import { MESSAGE_TYPES, kindOf } from '../../protocol/messages/message.ts'
import { REFUSALS } from '../../protocol/refusals.ts'
import { seeded } from './seeded.ts'
import { T0, YEAR, agencyBody, agencyId, agencyKeys, agencyStatementOf, fedRootBody, fedRootOf, key, makeWorld, nationKeys, nationRootBody, nationRootOf, nodeId, revocationsOf } from './trust-world.ts'

const test = suite('keys/trust-powers')
const ALL = ['LV', 'LT', 'EE', 'PL'] as const
const LV = 'LV' as NationId
const police = agencyId('lv', 'police')
const world = await makeWorld(ALL)
const ms = (seconds: number): number => seconds * 1000
const thief = { root: { ed25519: key('thief', 'Ed25519', 'root'), mldsa44: key('thief', 'ML-DSA-44', 'root') }, signing: key('thief signing', 'Ed25519', 'signing') }
const fold = (more: readonly Uint8Array[]): TrustView => foldTrust([...world.history, ...more], world.pins)
const refusalOf = (trust: TrustView, statement: Uint8Array) => trust.findings.find(({ digest }) => digest === digestOfBytes(statement))?.refusal
const KINDS = [...new Set(MESSAGE_TYPES.map(kindOf))]
const thiefKeys = (node: string) => [{ kid: thief.signing.kid, use: 'sig' as const, node: node as never, suite: 'EdDSA' as const, publicText: thief.signing.publicText }]
const speaks = (trust: TrustView, agency: AgencyId, at: number): boolean => KINDS.some(kind => !isRefusal(trust.signingKey(agency, thief.signing.kid, kind, ms(at))))

// ── properties ───────────────────────────────────────────────────────────────────────────────────────────────────

/** A federation root of all nations but the victim, who together reach the threshold. */
const conspiracy = fc.record({
  foreignKey: fc.boolean(), otherHash: fc.boolean(), withoutVictim: fc.boolean(), status: fc.constantFrom('active' as const, 'suspended' as const, 'left' as const),
  threshold: fc.integer({ min: 1, max: 4 }), version: fc.constantFrom(2, 2, 2, 3), signers: fc.subarray(['LT', 'EE', 'PL'], { minLength: 1 }), iat: fc.integer({ min: 0, max: 100 })
})

test('a federation root never introduces keys for a nation, whoever signs it', async () => {
  const own = hashOfStatement(world.roots[0]!)
  const stolen = await makeNationRoot(nationRootBody('LV', { rootKeys: [rootKeyOf(thief.root.ed25519, thief.root.mldsa44), ...nationRootBody('LV').rootKeys.slice(1)], federationKeys: [namedJwkOf(key('thief federation', 'Ed25519', 'federation'))] }), [rootSignerOf(thief.root.ed25519, thief.root.mldsa44)])
  const statement = await agencyStatementOf(police, { keys: thiefKeys('lv/national') }, key('thief federation', 'Ed25519', 'federation'))
  await fc.assert(fc.asyncProperty(conspiracy, async plan => {
    const body = fedRootBody(ALL, world.roots)
    const { kid, ed25519, mldsa44 } = rootKeyOf(thief.root.ed25519, thief.root.mldsa44)
    const next: Omit<FedRoot, 'type'> = {
      ...body, version: plan.version, iat: T0 + plan.iat, prev: hashOfStatement(world.fed), threshold: plan.threshold,
      keys: plan.foreignKey ? { ...body.keys, [kid]: { nation: LV, ed25519, mldsa44 } } : body.keys,
      members: body.members.filter(({ nation }) => !(plan.withoutVictim && nation === LV)).map(member => member.nation !== LV ? member : { ...member, status: plan.status, nationRoot: { version: 1, hash: plan.otherHash ? hashOfStatement(stolen) : own } })
    }
    const trust = fold([stolen, statement, await fedRootOf(next, plan.signers)])
    assert.is(trust.nation(LV)?.hash, own)
    assert.not.ok(speaks(trust, police, T0 + 200))
  }), seeded({ numRuns: 40 }))
})

test('a nation never speaks for another nation\'s agency or from its nodes', async () => {
  const hostile = fc.record({
    by: fc.constantFrom('LT', 'EE', 'PL'), agency: fc.constantFrom(police, agencyId('lv', 'guard'), agencyId('lv', 'new')), home: fc.constantFrom('lv/national', 'lv/bridge', 'lt/national'),
    node: fc.constantFrom('lv/national', 'lv/bridge', 'lt/national'), entity: fc.constantFrom('https://lv.example/tiltas', 'https://lt.example/tiltas'), iat: fc.integer({ min: -100, max: 100 })
  })
  await fc.assert(fc.asyncProperty(hostile, async ({ by, agency, home, node, entity, iat }) => {
    const statement = await agencyStatementOf(agency, { iat: T0 + iat, home: home as never, keys: thiefKeys(node) }, nationKeys(by).federation, entity)
    const trust = fold([statement])
    assert.not.ok(speaks(trust, agency, T0 + 200))
    assert.ok(refusalOf(trust, statement)!.code in REFUSALS)
  }), seeded({ numRuns: 60 }))
})

test('a key at a site never signs more than a site may, whatever its statement says', async () => {
  await fc.assert(fc.asyncProperty(fc.subarray(KINDS, { minLength: 1 }), fc.boolean(), async (kinds, unlimited) => {
    const statement = await agencyStatementOf(police, { iat: T0 + 5, keys: [...agencyBody(police).keys.slice(0, 2), { ...thiefKeys('lv/bridge')[0]!, ...(!unlimited && { kinds }) }] })
    const trust = fold([statement])
    for (const kind of KINDS) {
      const allowed = !isRefusal(trust.signingKey(police, thief.signing.kid, kind, ms(T0 + 60)))
      assert.not.ok(allowed && !(SITE_KINDS.includes(kind) && kinds.includes(kind) && !unlimited), kind)
    }
    for (const node of trust.nodes()) assert.is(trust.homeOf(police) === node.node, node.node === nodeId('lv', 'national'))
  }), seeded({ numRuns: 40 }))
})

test('any subset of a history, in any order, is judged the same', async () => {
  const prev = hashOfStatement(world.roots[0]!)
  const second = await nationRootOf('LV', { version: 2, iat: T0 + 100, prev })
  const pool = [
    ...world.history, second, await nationRootOf('LV', { version: 2, iat: T0 + 101, prev }), await nationRootOf('LV', { version: 3, iat: T0 + 200, prev: hashOfStatement(second) }),
    await revocationsOf('LV', [{ kid: agencyKeys(police).signing.kid, revokedAt: T0 + 50, reason: 'superseded' }]),
    await revocationsOf('LV', [{ kid: agencyKeys(police).signing.kid, revokedAt: T0 + 70, compromisedFrom: T0 + 20, reason: 'compromised' }], { seq: 2 }),
    await agencyStatementOf(police, { iat: T0 + 30 }), await agencyStatementOf(police, { keys: thiefKeys('lv/national') }, nationKeys('LT').federation), new Uint8Array([123])
  ]
  const told = (history: readonly Uint8Array[]): string => {
    const trust = foldTrust(history, world.pins)
    return JSON.stringify([trust.sentences(), trust.sentences(ms(T0 + 60)), trust.expiries(), [...trust.history.standing].sort(), trust.nodes().map(({ node }) => node).sort(), trust.keyToSignWith(police, [agencyKeys(police).signing.kid], 'hit', ms(T0 + 60))])
  }
  fc.assert(fc.property(fc.subarray(pool), fc.array(fc.nat()), (subset, seeds) => {
    const shuffled = [...subset, ...subset.slice(0, 2)].map((statement, i) => ({ statement, rank: seeds[i % Math.max(1, seeds.length)] ?? i })).sort((a, b) => a.rank - b.rank).map(({ statement }) => statement)
    assert.is(told(shuffled), told(subset.toSorted((a, b) => digestOfBytes(a) < digestOfBytes(b) ? 1 : -1)))
  }), seeded({ numRuns: 60 }))
})

// ── what a theft costs ───────────────────────────────────────────────────────────────────────────────────────────

test('statements that a stolen registry key dated back vouch for nobody', async () => {
  const fresh = key('LV federation 2', 'Ed25519', 'federation')
  const root = await nationRootOf('LV', { version: 2, iat: T0 + 1000, prev: hashOfStatement(world.roots[0]!), federationKeys: [namedJwkOf(fresh)] })
  const stolen = await revocationsOf('LV', [{ kid: nationKeys('LV').federation.kid, revokedAt: T0 + 1000, compromisedFrom: T0 + 500, reason: 'compromised' }])
  const backdated = await agencyStatementOf(police, { iat: T0 + 400, keys: thiefKeys('lv/national') })
  const renewed = await agencyStatementOf(police, { iat: T0 + 1000 }, fresh)
  const trust = fold([root, stolen, backdated, renewed])
  assert.ok(trust.isCompromised(police, thief.signing.kid), 'so a message that arrives now is refused')
  assert.not.ok(trust.isCompromised(police, agencyKeys(police).signing.kid), 'the agency itself goes on')
  assert.ok(!isRefusal(trust.signingKey(police, agencyKeys(police).signing.kid, 'hit', ms(T0 + 100))), 'and its old evidence stands')
})

test('a nation that was pinned anew after a disaster keeps the federation standing', async () => {
  const lost = nationKeys('LV')
  const saved = [4, 5, 6].map(n => ({ ed25519: key(`LV root ${n}`, 'Ed25519', 'root'), mldsa44: key(`LV root ${n}`, 'ML-DSA-44', 'root') }))
  const anew = await nationRootOf('LV', { iat: T0 + 500, rootKeys: saved.map(pair => rootKeyOf(pair.ed25519, pair.mldsa44)) }, saved.slice(0, 2).map(pair => rootSignerOf(pair.ed25519, pair.mldsa44)))
  const trust = foldTrust([...world.history, anew], { ...world.pins, nations: new Map([[LV, hashOfStatement(anew)]]) })
  assert.is(trust.federation()?.body.version, 1)
  assert.is(trust.nation(LV)?.hash, hashOfStatement(anew))
  assert.ok(trust.isMember('LT' as NationId, ms(T0 + 600)))
  assert.is.not(lost.roots[0]!.ed25519.kid, saved[0]!.ed25519.kid)
})

test('a nation whose next revocation list stays away is stale, and only then', async () => {
  const trust = fold([await revocationsOf('LV', [], { next: T0 + 3600 })])
  assert.not.ok(trust.isStale(LV, ms(T0 + 3600)))
  assert.ok(trust.isStale(LV, ms(T0 + 3600) + REVOCATIONS_GRACE))
  assert.not.ok(trust.isStale('LT' as NationId, ms(T0 + 10 * YEAR)), 'it promised none')
})

test('a node is known by its former transport key for a week, by its former log key for ever, and by a stolen one not at all', async () => {
  const [first, ...others] = nationRootBody('LV').nodes
  const transport = key('LV national transport 2', 'Ed25519', 'transport'); const log = key('LV national log 2', 'Ed25519', 'log')
  const renewed = await nationRootOf('LV', { version: 2, iat: T0 + 100, prev: hashOfStatement(world.roots[0]!), nodes: [{ ...first!, transportKey: transport.publicText, log: { ...first!.log, ed25519: log.publicText } }, ...others] })
  const again = await nationRootOf('LV', { version: 3, iat: T0 + 200, prev: hashOfStatement(renewed), nodes: [{ ...first!, transportKey: transport.publicText, log: { ...first!.log, ed25519: log.publicText } }, ...others] })
  const trust = fold([renewed, again])
  const texts = (keys: readonly Uint8Array[]): string[] => keys.map(bytes => Buffer.from(bytes).toString('base64url'))
  const { node } = first!
  assert.equal(texts(trust.formerTransportKeys(node, ms(T0 + 300))), [first!.transportKey])
  assert.equal(texts(trust.formerTransportKeys(node, ms(T0 + 100) + TRANSPORT_OVERLAP)), [])
  assert.equal(texts(trust.formerLogs(node).map(({ ed25519 }) => ed25519)), [first!.log.ed25519])
  assert.equal(trust.formerTransportKeys(others[0]!.node, ms(T0 + 300)), [])
  const stolen = ['transport', 'log'].map(name => ({ kid: key(`LV national ${name}`, 'Ed25519', name as 'log').kid, revokedAt: T0 + 150, reason: 'compromised' as const }))
  const after = fold([renewed, again, await revocationsOf('LV', stolen)])
  assert.equal([after.formerTransportKeys(node, ms(T0 + 300)), after.formerLogs(node)], [[], []])
})

// ── one case for each refusal ────────────────────────────────────────────────────────────────────────────────────

test('a fork is proved by what both sides signed, and the proof is told apart', async () => {
  const prev = hashOfStatement(world.roots[0]!)
  const forks = [await nationRootOf('LV', { version: 2, iat: T0 + 100, prev }), await nationRootOf('LV', { version: 2, iat: T0 + 101, prev })]
  const trust = fold(forks)
  for (const fork of forks) assert.ok(isForkProof(refusalOf(trust, fork)!))
  const unsigned = await nationRootOf('LV', { version: 2, iat: T0 + 102, prev }, nationKeys('LV').signers.slice(0, 1))
  assert.not.ok(isForkProof(refusalOf(fold([forks[0]!, unsigned]), unsigned)!))
})

const headerOf = (header: object): string => Buffer.from(encodeJson(header as Json)).toString('base64url')
const compact = (statement: Uint8Array): [string, string, string] => Buffer.from(statement).toString().split('.') as [string, string, string]
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

test('algorithms are never chosen by who sends', async () => {
  const statement = await agencyStatementOf(police)
  const [, payload, signature] = compact(statement)
  const { kid, publicKey } = nationKeys('LV').federation
  const typ = 'entity-statement+jwt'
  const hmac = (header: string): string => createHmac('sha256', publicKey).update(`${header}.${payload}`).digest('base64url')
  const hs256 = headerOf({ alg: 'HS256', kid, typ })
  const cases: [Uint8Array, string, string][] = [
    [bytes(`${headerOf({ alg: 'none', kid, typ })}.${payload}.`), 'wrong-algorithm', 'agency-statement'],
    [bytes(`${hs256}.${payload}.${hmac(hs256)}`), 'wrong-algorithm', 'agency-statement'],
    [bytes(`${headerOf({ alg: 'ES256', kid, typ })}.${payload}.${signature}`), 'wrong-algorithm', 'agency-statement'],
    [bytes(`${headerOf({ alg: 'EdDSA', crit: ['exp'], kid, typ })}.${payload}.${signature}`), 'malformed', 'header crit'],
    [bytes(`${headerOf({ alg: 'EdDSA', jku: 'https://x.example', kid, typ })}.${payload}.${signature}`), 'malformed', 'header jku'],
    [bytes(`${headerOf({ alg: 'EdDSA', kid, typ, zip: 'DEF' })}.${payload}.${signature}`), 'malformed', 'header zip']
  ]
  for (const [forged, code, evidence] of cases) {
    const read = readStatement(forged)
    assert.equal(isRefusal(read) && [read.code, read.evidence], [code, evidence])
    assert.is(refusalOf(fold([forged]), forged)?.code, code)
  }
})

test('a longer ML-DSA key is no key, and a half signature is none', async () => {
  const longer = Buffer.concat([nationKeys('LV').roots[0]!.mldsa44.publicKey, Buffer.from([0])]).toString('base64url')
  const body = nationRootBody('LV')
  let thrown: unknown
  try { await makeNationRoot({ ...body, rootKeys: [{ ...body.rootKeys[0]!, mldsa44: longer }, ...body.rootKeys.slice(1)] }, []) } catch (error) { thrown = error }
  assert.match(String(thrown), 'rootKeys.0.mldsa44')
  const raw = JSON.parse(Buffer.from(world.roots[0]!).toString()) as { payload: string, signatures: { protected: string, signature: string }[] }
  const claims = JSON.parse(Buffer.from(raw.payload, 'base64url').toString()) as { rootKeys: { mldsa44: string }[] }
  claims.rootKeys[0]!.mldsa44 = longer
  const forged = bytes(encodeJson({ payload: Buffer.from(encodeJson(claims as unknown as Json)).toString('base64url'), signatures: raw.signatures }))
  assert.equal(refusalOf(fold([forged]), forged), { code: 'malformed', evidence: 'nation-root rootKeys.0.mldsa44' })
})

test('two keys of one name are refused wherever they stand', async () => {
  const { federation } = nationKeys('LV')
  const twice = await nationRootOf('LV', { version: 2, iat: T0 + 100, prev: hashOfStatement(world.roots[0]!), federationKeys: [namedJwkOf(federation), namedJwkOf(federation)] })
  assert.equal(refusalOf(fold([twice]), twice), { code: 'malformed', evidence: 'kid' })
  const [first, ...rest] = agencyBody(police).keys
  const claimed = await agencyStatementOf(police, { iat: T0 + 9, keys: [{ ...first!, publicText: thief.signing.publicText }, ...rest] })
  assert.equal(refusalOf(fold([claimed]), claimed), { code: 'malformed', evidence: 'jwks' })
})

test('lowered thresholds, duplicate signers, wrong predecessors and ended lives are named', async () => {
  const prev = hashOfStatement(world.roots[0]!)
  const next = { version: 2, iat: T0 + 100, prev }
  const [one] = nationKeys('LV').signers
  const cases: [Uint8Array, string, string][] = [
    [await nationRootOf('LV', { ...next, threshold: 1 }), 'malformed', 'threshold'],
    [await nationRootOf('LV', next, [one!, one!, one!]), 'wrong-signature', 'threshold of LV version 1'],
    [await nationRootOf('LV', { ...next, prev: 'A'.repeat(43) as never }), 'chain-broken', 'version 2'],
    [await nationRootOf('LV', { ...next, version: 3 }), 'chain-broken', 'prev'],
    [await nationRootOf('LV', { ...next, exp: T0 + 100 }), 'malformed', 'ROOT_LIFETIME_MAX'],
    [await fedRootOf({ ...fedRootBody(ALL, world.roots), version: 2, iat: T0 + 10, prev: hashOfStatement(world.fed), threshold: 2 }, ALL), 'malformed', 'threshold']
  ]
  for (const [statement, code, evidence] of cases) assert.equal(refusalOf(fold([statement]), statement), { code, evidence })
  const ended = fold([]).signingKey(police, agencyKeys(police).signing.kid, 'hit', ms(T0 + YEAR + 1))
  assert.is(isRefusal(ended) && ended.code, 'nation-unknown', 'the federation has ended')
})

test('a chain has an end', async () => {
  const roots = [world.roots[0]!]
  const small = { nodes: nationRootBody('LV').nodes.slice(0, 1) }
  for (let version = 2; version <= CHAIN_LENGTH_MAX + 1; version++) roots.push(await nationRootOf('LV', { ...small, version, iat: T0 + version, prev: hashOfStatement(roots.at(-1)!) }))
  const trust = foldTrust(roots, { nations: new Map([[LV, hashOfStatement(roots[0]!)]]) })
  assert.is(trust.nation(LV)?.version, CHAIN_LENGTH_MAX)
  assert.equal(refusalOf(trust, roots.at(-1)!), { code: 'too-large', evidence: 'CHAIN_LENGTH_MAX' })
})

test.run()
