import { compactVerify, flattenedVerify, importJWK } from 'jose'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { publicJwk } from '../../keys/identity.ts'
import { StatementError, addSignatures, hashOfStatement } from '../../keys/make-statements.ts'
import { isRefusal, readStatement } from '../../keys/read-statements.ts'
import { STATEMENT_BYTES_MAX } from '../../keys/statements.ts'
import { encodeJson, type Json } from '../../protocol/messages/encoding.ts'
import { seeded } from './seeded.ts'
import { agencyBody, agencyId, agencyStatementOf, fedRootBody, fedRootOf, nationKeys, nationRootOf, revocationsOf, T0 } from './trust-world.ts'

const test = suite('keys/statements')
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const bytes = (content: string): Uint8Array => new Uint8Array(Buffer.from(content))
const codeOf = (content: Uint8Array): string => { const read = readStatement(content); return isRefusal(read) ? read.code : 'read' }
const part = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : encodeJson(value as Json)).toString('base64url')

const nation = await nationRootOf('LV')
const agency = await agencyStatementOf(agencyId('lv', 'police'))
const revocations = await revocationsOf('LV', [])
const fed = await fedRootOf(fedRootBody(['LV'], [nation]), ['LV'])

test('jose verifies each signature of a root on its own, with both algorithms', async () => {
  const { payload, signatures } = JSON.parse(text(nation))
  assert.is(signatures.length, 4)
  for (const [n, signature] of signatures.entries()) {
    const pair = nationKeys('LV').roots[Math.floor(n / 2)]!
    const [alg, jwk] = n % 2 === 0 ? ['EdDSA', publicJwk('Ed25519', pair.ed25519.publicText)] : ['ML-DSA-44', publicJwk('ML-DSA-44', pair.mldsa44.publicText)]
    const { protectedHeader } = await flattenedVerify({ payload, ...signature }, await importJWK({ ...jwk, alg }, alg), { algorithms: [alg] })
    assert.equal({ ...protectedHeader }, { alg, kid: pair.ed25519.kid, typ: 'tiltas-nation-root.1+jws' })
  }
})

test('jose verifies agency statements and revocation lists', async () => {
  const { federation, revocation } = nationKeys('LV')
  for (const [statement, key, typ] of [[agency, federation, 'entity-statement+jwt'], [revocations, revocation, 'tiltas-revocations.1+jws']] as const) {
    const { protectedHeader } = await compactVerify(text(statement), await importJWK({ ...publicJwk('Ed25519', key.publicText) }, 'EdDSA'), { algorithms: ['EdDSA'] })
    assert.equal({ ...protectedHeader }, { alg: 'EdDSA', kid: key.kid, typ })
  }
})

test('an agency statement has the claims of an OpenID Federation subordinate statement', () => {
  const claims = JSON.parse(Buffer.from(text(agency).split('.')[1]!, 'base64url').toString())
  assert.equal(Object.keys(claims).sort(), ['constraints', 'exp', 'iat', 'iss', 'jwks', 'metadata', 'sub'])
  assert.is(claims.iss, 'https://lv.example/tiltas')
  assert.is(claims.sub, 'https://lv.example/tiltas/police')
})

test('signatures that are added later change neither the payload nor its hash', async () => {
  const first = await nationRootOf('LV', {}, nationKeys('LV').signers.slice(0, 1))
  const both = await addSignatures(first, nationKeys('LV').signers.slice(1, 2))
  assert.is(hashOfStatement(both), hashOfStatement(first))
  assert.is(JSON.parse(text(both)).signatures.length, 4)
  let thrown: unknown
  try { await addSignatures(agency, nationKeys('LV').signers) } catch (error) { thrown = error }
  assert.instance(thrown, StatementError)
})

test('makers refuse what a reader would refuse', async () => {
  const wrong = [
    () => nationRootOf('LV', { threshold: 0 }), () => nationRootOf('lv'), () => nationRootOf('LV', { entity: 'http://lv.example' }),
    () => agencyStatementOf(agencyId('lv', 'police'), { keys: agencyBody(agencyId('lv', 'police')).keys.map(key => ({ ...key, extra: 1 })) }),
    () => revocationsOf('LV', [{ kid: 'short' as never, revokedAt: T0, reason: 'compromised' }])
  ]
  for (const make of wrong) {
    let thrown: unknown
    try { await make() } catch (error) { thrown = error }
    assert.instance(thrown, StatementError)
  }
})

test('foreign forms are refused by code', () => {
  const [header, payload, signature] = text(agency).split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const root = JSON.parse(text(nation))
  const cases: [string, string, string][] = [
    ['nothing', '', 'malformed'],
    ['four parts', `${text(agency)}.AA`, 'malformed'],
    ['alg none', `${part({ alg: 'none', kid: nationKeys('LV').federation.kid, typ: 'entity-statement+jwt' })}.${payload}.`, 'wrong-algorithm'],
    ['post-quantum only where EdDSA is asked', `${part({ alg: 'ML-DSA-44', kid: nationKeys('LV').federation.kid, typ: 'entity-statement+jwt' })}.${payload}.${signature}`, 'wrong-algorithm'],
    ['foreign typ', `${part({ alg: 'EdDSA', kid: nationKeys('LV').federation.kid, typ: 'JWT' })}.${payload}.${signature}`, 'not-understood'],
    ['embedded key', `${part({ alg: 'EdDSA', jwk: {}, kid: nationKeys('LV').federation.kid, typ: 'entity-statement+jwt' })}.${payload}.${signature}`, 'malformed'],
    ['unknown claim', `${header}.${part({ ...claims, extra: 1 })}.${signature}`, 'malformed'],
    ['padding', `${header}.${payload}=.${signature}`, 'malformed'],
    ['a root as compact', `${root.signatures[0].protected}.${root.payload}.${root.signatures[0].signature}`, 'malformed'],
    ['an agency statement as general', encodeJson({ payload, signatures: [{ protected: header, signature }] }), 'malformed'],
    ['unprotected header', encodeJson({ payload: root.payload, signatures: root.signatures.map((each: object) => ({ ...each, header: { alg: 'EdDSA' } })) }), 'malformed'],
    ['spaces', text(nation).replace('{', '{ '), 'malformed'],
    ['duplicate member', text(nation).replace('{"payload"', '{"payload":"","payload"'), 'malformed']
  ]
  for (const [name, content, code] of cases) assert.is(codeOf(bytes(content)), code, name)
  assert.is(codeOf(new Uint8Array(STATEMENT_BYTES_MAX + 1)), 'too-large')
  for (const good of [nation, agency, revocations, fed]) assert.is(codeOf(good), 'read')
})

test('a changed byte anywhere never throws', () => {
  fc.assert(fc.property(fc.constantFrom(nation, agency, revocations, fed), fc.nat(), fc.integer({ min: 0, max: 255 }), (statement, at, byte) => {
    const changed = statement.slice()
    changed[at % changed.length] = byte
    readStatement(changed)
  }), seeded({ numRuns: 300 }))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), content => { assert.ok(isRefusal(readStatement(content))) }), seeded({ numRuns: 300 }))
})

test.run()
