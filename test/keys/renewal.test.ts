import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hashOfStatement, makeAgencyStatement, makeRevocationList, namedJwkOf, signerOf } from '../../keys/make-statements.ts'
import type { PrivateKey } from '../../keys/private-key.ts'
import { isRefusal } from '../../keys/read-statements.ts'
import { KEY_OVERLAP, REVOCATIONS_DUE_ONLINE, nextBody, planRenewal, type RenewalPlan } from '../../keys/renewal.ts'
import { foldTrust } from '../../keys/trust-list.ts'
import { KEY_ANNOUNCEMENT, type TrustView } from '../../keys/trust-view.ts'
import type { Kid, NationId } from '../../protocol/identifiers.ts'
import { DAY, HOUR, MINUTE } from '../../protocol/instant.ts'
import { seeded } from './seeded.ts'
import { T0, YEAR, agencyBody, agencyId, agencyKeys, agencyStatementOf, key, makeWorld, nationKeys, nationRootOf, nodeId, revocationsOf } from './trust-world.ts'

const test = suite('keys/renewal')
const LV = 'LV' as NationId
const police = agencyId('lv', 'police')
const START = T0 * 1000
const { federation, revocation } = nationKeys('LV')
const world = await makeWorld(['LV'], [await revocationsOf('LV', [], { next: T0 + 7 * 86_400 })])

class Registry {
  statements = [...world.history]
  readonly held: PrivateKey[] = [federation, revocation]
  get trust (): TrustView { return foldTrust(this.statements, world.pins) }
  plan (now: number, all = false): RenewalPlan {
    return planRenewal(this.trust.history, { nation: LV, holds: kid => this.held.some(key => key.kid === kid), now, revocationsDue: REVOCATIONS_DUE_ONLINE, all })
  }
  async renew (now: number): Promise<RenewalPlan> {
    const plan = this.plan(now)
    const signer = (kid: Kid) => signerOf(this.held.find(key => key.kid === kid)!)
    for (const { entity, body, signer: kid } of plan.statements) this.statements.push(await makeAgencyStatement(entity, body, signer(kid)))
    if (plan.revocations !== undefined) this.statements.push(await makeRevocationList(plan.revocations.body, signer(plan.revocations.signer)))
    return plan
  }
}
const keysOf = (trust: TrustView): Kid[] => trust.history.agencies.get(police)!.at(-1)!.body.metadata.tiltas_agency.keys.map(({ kid }) => kid)

test('nothing ends for a year when the registry looks once a day, and nothing new is stated', async () => {
  const registry = new Registry()
  for (let day = 0; day < 360; day += 1) {
    await registry.renew(START + day * DAY)
    if (day % 30 !== 0) continue
    const { trust } = registry
    assert.equal(trust.findings, [])
    for (const { what, warnFrom } of trust.expiries().filter(({ by }) => by === 'automatic')) assert.ok(warnFrom > START + day * DAY, `${what} on day ${day}`)
    assert.equal(keysOf(trust), agencyBody(police).keys.map(({ kid }) => kid))
  }
  assert.ok(registry.statements.length < world.history.length + 360 / 15 * 2 + 360 / 3.5 + 5, 'and no more often than needed')
})

test('whoever has no key, a wrong clock or an ended root is told why nothing is renewed', () => {
  const registry = new Registry()
  registry.held.length = 0
  assert.is(registry.plan(START + DAY).obstacle, 'no-registry-key')
  assert.is(new Registry().plan(START - DAY).obstacle, 'clock-before-root')
  assert.is(new Registry().plan(START + YEAR * 1000).obstacle, 'root-ended')
  assert.is(planRenewal(world.trust.history, { nation: 'EE' as NationId, holds: () => true, now: START, revocationsDue: DAY }).obstacle, 'no-root')
})

test('a node that was off comes back: what had ended is stated again', async () => {
  const registry = new Registry()
  await registry.renew(START + 200 * DAY)
  assert.ok(!isRefusal(registry.trust.signingKey(police, agencyKeys(police).signing.kid, 'hit', START + 200 * DAY)))
})

test('a statement from the future is neither renewed nor believed', async () => {
  const registry = new Registry()
  registry.statements.push(await agencyStatementOf(police, { iat: T0 + 200 * 86_400, exp: T0 + 230 * 86_400 }))
  const { statements } = registry.plan(START + 16 * DAY)
  assert.equal(statements.map(({ body }) => body.agency), ['lv:guard', 'lv:police'])
})

test('a new signing key is announced, then used, and the old one dropped when everybody knows', async () => {
  const registry = new Registry()
  const fresh = key('LV police signing 2', 'Ed25519', 'signing', police)
  const old = agencyKeys(police).signing.kid
  const newest = registry.trust.history.agencies.get(police)!.at(-1)!
  const body = nextBody(newest, newest.body.metadata.tiltas_agency.keys, START + DAY, [{ kid: fresh.kid, use: 'sig', node: nodeId('lv', 'national'), suite: 'EdDSA', publicText: fresh.publicText }])
  registry.statements.push(await makeAgencyStatement('https://lv.example/tiltas', body, signerOf(federation)))
  const chosen = (at: number): Kid | undefined => registry.trust.keyToSignWith(police, [old, fresh.kid], 'hit', at)
  assert.is(chosen(START + DAY - HOUR), old, 'not stated yet')
  assert.is(chosen(START + DAY + MINUTE), old, 'stated, and not known to all')
  assert.is(chosen(START + DAY + KEY_ANNOUNCEMENT), fresh.kid)
  assert.is(registry.trust.keyToSignWith(police, [fresh.kid], 'hit', START + DAY + MINUTE), fresh.kid, 'who has no other one uses it at once')
  for (let at = START + DAY; at < START + DAY + KEY_OVERLAP; at += DAY) {
    await registry.renew(at)
    assert.ok(keysOf(registry.trust).includes(old))
    for (const kid of [old, fresh.kid]) assert.ok(!isRefusal(registry.trust.signingKey(police, kid, 'hit', at)), 'both count')
  }
  await registry.renew(START + DAY + KEY_OVERLAP)
  assert.not.ok(keysOf(registry.trust).includes(old))
  assert.ok(keysOf(registry.trust).includes(fresh.kid))
  assert.ok(!isRefusal(registry.trust.signingKey(police, old, 'hit', START + 3 * DAY)), 'old evidence stands')
})

test('a revoked key is never stated again, and no revocation is ever lost', async () => {
  const registry = new Registry()
  const { kid } = agencyKeys(police).signing
  registry.statements.push(await revocationsOf('LV', [{ kid, revokedAt: T0 + 100, reason: 'superseded' }], { seq: 2, iat: T0 + 100, next: T0 + 7 * 86_400 }))
  registry.statements.push(await revocationsOf('LV', [{ kid: agencyKeys(police).sealing.kid, revokedAt: T0 + 200, compromisedFrom: T0 + 150, reason: 'compromised' }], { seq: 2, iat: T0 + 200, next: T0 + 7 * 86_400 }))
  const plan = await registry.renew(START + 5 * DAY)
  assert.equal(plan.statements.map(({ body }) => body.agency), ['lv:police'])
  assert.equal(keysOf(registry.trust), [agencyKeys(police).site.kid])
  assert.is(plan.revocations?.body.seq, 3)
  assert.equal(plan.revocations?.body.revoked.map(each => each.kid).sort(), [kid, agencyKeys(police).sealing.kid].sort())
  const cut = foldTrust([...world.history.slice(0, -1), registry.statements.at(-1)!], world.pins)
  assert.ok(cut.isCompromised(police, agencyKeys(police).sealing.kid), 'the newest list alone says it all')
})

test('a new registry key signs everything anew, so that the old one can go', async () => {
  const registry = new Registry()
  const fresh = key('LV federation 2', 'Ed25519', 'federation'); const list = key('LV revocation 2', 'Ed25519', 'revocation')
  registry.held.push(fresh, list)
  const both = await nationRootOf('LV', { version: 2, iat: T0 + 100, prev: hashOfStatement(world.roots[0]!), federationKeys: [namedJwkOf(federation), namedJwkOf(fresh)], revocationKeys: [namedJwkOf(revocation), namedJwkOf(list)] })
  registry.statements.push(both)
  const plan = await registry.renew(START + DAY)
  assert.equal(plan.statements.map(({ signer }) => signer), [fresh.kid, fresh.kid])
  assert.is(plan.revocations?.signer, list.kid)
  assert.equal((await registry.renew(START + DAY + MINUTE)).statements, [])
  registry.statements.push(await nationRootOf('LV', { version: 3, iat: T0 + 2 * 86_400, prev: hashOfStatement(both), federationKeys: [namedJwkOf(fresh)], revocationKeys: [namedJwkOf(list)] }))
  assert.ok(!isRefusal(registry.trust.signingKey(police, agencyKeys(police).signing.kid, 'hit', START + 3 * DAY)))
})

test('a renewal says the same as before but for the dates, whatever the keys', async () => {
  await fc.assert(fc.asyncProperty(fc.subarray([...agencyBody(police).keys], { minLength: 1 }), fc.integer({ min: 16, max: 60 }), async (keys, days) => {
    const registry = new Registry()
    registry.statements.push(await agencyStatementOf(police, { iat: T0 + 1, keys }))
    const found = registry.plan(START + days * DAY).statements.find(({ body }) => body.agency === police)!
    const { iat: _, exp: __, ...before } = agencyBody(police, { keys })
    const { iat, exp, ...after } = found.body
    assert.equal(after, before)
    assert.ok(exp - iat <= 31 * 86_400 && iat * 1000 === START + days * DAY)
  }), seeded({ numRuns: 20 }))
})

test.run()
