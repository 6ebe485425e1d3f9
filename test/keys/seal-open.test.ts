import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify, importJWK, type JWK } from 'jose'
import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOfBytes } from '../../keys/compact.ts'
import { publicJwk } from '../../keys/identity.ts'
import { createMemoryKeyRing } from '../../keys/memory-key-ring.ts'
import { openMessage, openParcel, type OpenContext, type Opened } from '../../keys/open.ts'
import type { PrivateKey } from '../../keys/private-key.ts'
import { isRefusal } from '../../keys/read-statements.ts'
import { assembleJws, sealParcel, signingInput, type ParcelEnvelope, type ParcelItem } from '../../keys/seal.ts'
import { cipherSuite } from '../../keys/suite.ts'
import { foldTrust } from '../../keys/trust-list.ts'
import { CLOCK_SKEW_MAX, MESSAGE_BYTES_MAX, PARCEL_BYTES_MAX, PARCEL_MESSAGES_MAX } from '../../protocol/limits.ts'
import { encodeJson, type Json } from '../../protocol/messages/encoding.ts'
import type { HitMessage, Message } from '../../protocol/messages/message.ts'
import { seeded } from './seeded.ts'
import { T0, agencyId, agencyKeys, key, makeWorld, revocationsOf, sampleHit } from './trust-world.ts'

const test = suite('keys/seal and keys/open')
const world = await makeWorld()
const sender = agencyKeys(agencyId('lv', 'police'))
const guard = agencyKeys(agencyId('lv', 'guard'))
const receiver = agencyKeys(agencyId('lt', 'police'))
const ring = createMemoryKeyRing([sender.signing, sender.site, guard.signing, receiver.sealing])
const NOW = (T0 + 120) * 1000

const signed = (message: Message, by: PrivateKey = sender.signing): string => {
  const input = signingInput(message, by.kid)
  return assembleJws(input, createMemoryKeyRing([by]).sign([{ kid: by.kid, bytes: input.bytes }])[0]!)
}
const envelopeOf = (message: Message): ParcelEnvelope => ({ from: message.iss, to: message.aud, streamClass: 'normal', exp: message.exp })
const context = (changes: Partial<OpenContext> = {}): OpenContext => ({ ...envelopeOf(sampleHit()), trust: world.trust, now: NOW, suite: cipherSuite, ...changes })
const codeOf = (opened: Opened): string => 'refusal' in opened ? opened.refusal.code : 'opened'
const open = (jws: string, changes: Partial<OpenContext> = {}): string => codeOf(openMessage(jws, context(changes)))
const part = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : encodeJson(value as Json)).toString('base64url')
const privateJwk = (own: PrivateKey): JWK => ({ ...publicJwk(own.algorithm, own.publicText), d: Buffer.from(own.seed).toString('base64url') }) as JWK
/** A token with any header and payload, properly signed by the sender. */
const token = (header: unknown, payload: unknown = sampleHit(), by: PrivateKey = sender.signing): string => tokenOf(header, part(payload), by)
const tokenOfBytes = (payload: Buffer): string => tokenOf(goodHeader, payload.toString('base64url'), sender.signing)
const tokenOf = (header: unknown, payload: string, by: PrivateKey): string => {
  const input = `${part(header)}.${payload}`
  return `${input}.${Buffer.from(createMemoryKeyRing([by]).sign([{ kid: by.kid, bytes: Buffer.from(input) }])[0]!).toString('base64url')}`
}
const goodHeader = { alg: 'EdDSA', iat: T0 + 60, kid: sender.signing.kid, typ: 'tiltas-hit.1+jws' }
const anyHit = fc.record({ plate: fc.stringMatching(/^[A-Z0-9]{1,12}$/), age: fc.integer({ min: 0, max: 3000 }), confidence: fc.integer({ min: 0, max: 1000 }), note: fc.string({ maxLength: 100, unit: 'grapheme' }) })
  .map(({ plate, age, confidence, note }) => sampleHit({ plate: { text: plate, countryConfidence: confidence }, ordinal: age + 1, handling: { code: 'H1', text: note, lang: 'lt' } } as Partial<HitMessage>))

// ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

test('what we sign, jose verifies; what jose signs, we open', async () => {
  const [privateKey, publicKey] = [await importJWK(privateJwk(sender.signing), 'EdDSA'), await importJWK({ ...publicJwk('Ed25519', sender.signing.publicText) }, 'EdDSA')]
  await fc.assert(fc.asyncProperty(anyHit, async message => {
    const ours = signed(message)
    const { payload, protectedHeader } = await compactVerify(ours, publicKey, { algorithms: ['EdDSA'] })
    assert.is(Buffer.from(payload).toString(), encodeJson(message as unknown as Json))
    assert.equal({ ...protectedHeader }, goodHeader)
    const theirs = await new CompactSign(Buffer.from(encodeJson(message as unknown as Json))).setProtectedHeader(goodHeader).sign(privateKey)
    assert.is(theirs, ours)
    const opened = openMessage(theirs, context())
    assert.ok('message' in opened)
    assert.equal(opened.message, message)
    assert.is(opened.digest, createHash('sha256').update(theirs).digest('base64url'))
    assert.is(Buffer.from(opened.jwsBytes).toString(), theirs)
  }), seeded({ numRuns: 40 }))
})

test('headers that try to choose algorithm or key', () => {
  const hmac = createHash('sha256').update('x').digest('base64url')
  const headerless = (alg: string): string => `${part({ ...goodHeader, alg })}.${part(sampleHit())}.${'A'.repeat(86)}`
  const cases: [string, string, string][] = [
    ['the sound one', token(goodHeader), 'opened'],
    ['alg none with an empty signature', `${part({ ...goodHeader, alg: 'none' })}.${part(sampleHit())}.`, 'malformed'],
    ['alg none', headerless('none'), 'wrong-algorithm'],
    ['HS256 with the public key as secret', headerless('HS256'), 'wrong-algorithm'],
    ['HS256 with its own length', `${part({ ...goodHeader, alg: 'HS256' })}.${part(sampleHit())}.${hmac}`, 'malformed'],
    ['ES256', headerless('ES256'), 'wrong-algorithm'],
    ['ML-DSA-44', headerless('ML-DSA-44'), 'wrong-algorithm'],
    ['alg in another case', headerless('eddsa'), 'wrong-algorithm'],
    ['kid of another agency of the same nation', signed(sampleHit(), guard.signing), 'unknown-key'],
    ['kid of another agency, signed with ours', token({ ...goodHeader, kid: guard.signing.kid }), 'unknown-key'],
    ['kid of our agency, signed by another', token(goodHeader, sampleHit(), guard.signing), 'wrong-signature'],
    ['kid as a path', token({ ...goodHeader, kid: '../../../../etc/passwd' }), 'malformed'],
    ['a sealing key as signer', token({ ...goodHeader, kid: sender.sealing.kid }), 'unknown-key'],
    ...(['jwk', 'jku', 'x5c', 'x5u', 'x5t#S256', 'zip', 'cty', 'b64', 'url'] as const).map((name): [string, string, string] => [`header ${name}`, token({ ...goodHeader, [name]: name === 'jwk' ? publicJwk('Ed25519', key('thief', 'Ed25519', 'signing').publicText) : 'x' }), 'malformed']),
    ['crit', token({ ...goodHeader, crit: ['exp'], exp: 1 }), 'malformed'],
    ['no kid', token({ alg: 'EdDSA', iat: T0 + 60, typ: 'tiltas-hit.1+jws' }), 'malformed'],
    ['no typ', token({ alg: 'EdDSA', iat: T0 + 60, kid: sender.signing.kid }), 'malformed'],
    ['iat as text', token({ ...goodHeader, iat: String(T0 + 60) }), 'malformed'],
    ['iat with a leading zero', token(encodeJson(goodHeader).replace('"iat":', '"iat":0')), 'malformed'],
    ['iat as a float', token(encodeJson(goodHeader).replace(`${T0 + 60}`, `${T0 + 60}.0`)), 'malformed'],
    ['duplicate header names', token(encodeJson(goodHeader).replace('{', '{"alg":"none",')), 'malformed'],
    ['duplicate header names, other order', token(encodeJson(goodHeader).replace('}', ',"alg":"none"}')), 'malformed'],
    ['header with spaces', token(encodeJson(goodHeader).replace('{', '{ ')), 'malformed'],
    ['header names in another order', token(JSON.stringify({ typ: goodHeader.typ, alg: 'EdDSA', kid: goodHeader.kid, iat: goodHeader.iat })), 'malformed'],
    ['header as an array', token('["EdDSA"]'), 'malformed'],
    ['typ of a statement', token({ ...goodHeader, typ: 'entity-statement+jwt' }), 'malformed'],
    ['typ of another message', token({ ...goodHeader, typ: 'tiltas-receipt.1+jws' }), 'malformed'],
    ['a type that we do not know', token({ ...goodHeader, typ: 'tiltas-incident.1+jws' }), 'not-understood'],
    ['a version that we do not know', token({ ...goodHeader, typ: 'tiltas-hit.2+jws' }, { type: 'hit/2' }), 'not-understood']
  ]
  for (const [name, jws, code] of cases) assert.is(open(jws), code, name)
})

test('one spelling: structure, base64url and JSON', () => {
  const good = token(goodHeader)
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const loose = signature.slice(0, -1) + last[last.indexOf(signature.at(-1)!) ^ 1]
  const text = encodeJson(sampleHit({ handling: { code: 'H1', text: '?', lang: 'lv' } }) as unknown as Json)
  const cases: [string, string, string][] = [
    ['empty', '', 'malformed'], ['dots', '..', 'malformed'], ['two parts', `${header}.${payload}`, 'malformed'], ['four parts', `${good}.AA`, 'malformed'],
    ['JSON instead of compact', `{"payload":"${payload}"}`, 'malformed'],
    ['trailing bits in the signature', `${header}.${payload}.${loose}`, 'malformed'],
    ['padding', `${header}.${payload}.${signature}==`, 'malformed'], ['padded header', `${header}=.${payload}.${signature}`, 'malformed'],
    ['standard base64', `${header}.${payload}.${signature.replace(/[-_]/, '+').slice(0, 85)}+`, 'malformed'],
    ['line break', `${header}.${payload}\n.${signature}`, 'malformed'], ['space before', ` ${good}`, 'malformed'], ['null after', `${good}\0`, 'malformed'],
    ['a signature of zeros', `${header}.${payload}.${'A'.repeat(86)}`, 'wrong-signature'],
    ['payload in another order', token(goodHeader, JSON.stringify(Object.fromEntries(Object.entries(sampleHit()).reverse()))), 'malformed'],
    ['duplicate names in the payload', token(goodHeader, encodeJson(sampleHit() as unknown as Json).replace('{', '{"action":"seize",')), 'malformed'],
    ['an unknown field', token(goodHeader, { ...sampleHit(), owner: 'x' }), 'malformed'],
    ['__proto__', token(goodHeader, encodeJson(sampleHit() as unknown as Json).replace('{', '{"__proto__":{},')), 'malformed'],
    ['deep nesting', token(goodHeader, '['.repeat(5000)), 'malformed'],
    ['broken UTF-8', `${header}.${Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]).toString('base64url')}.${signature}`, 'malformed'],
    ['a byte that is no UTF-8 in free text, signed', tokenOfBytes(Buffer.concat([Buffer.from(text.slice(0, text.indexOf('?'))), Buffer.from([0xff]), Buffer.from(text.slice(text.indexOf('?') + 1))])), 'malformed'],
    ['the character that would replace it', tokenOfBytes(Buffer.from(text.replace('?', '\uFFFD'))), 'opened'],
    ['a huge token', `${header}.${'A'.repeat(MESSAGE_BYTES_MAX)}.${signature}`, 'too-large'],
    ['a huge header', `${part({ ...goodHeader, kid: 'A'.repeat(10_000) })}.${payload}.${signature}`, 'malformed'],
    ['a million dots', '.'.repeat(MESSAGE_BYTES_MAX), 'malformed']
  ]
  for (const [name, jws, code] of cases) assert.is(open(jws), code, name)
})

test('the envelope and the body say the same, or it is refused', () => {
  const jws = signed(sampleHit())
  assert.is(open(jws, { from: agencyId('lv', 'guard') }), 'envelope-differs')
  assert.is(open(jws, { to: agencyId('lt', 'guard') }), 'envelope-differs')
  assert.is(open(jws, { exp: sampleHit().exp - 1 }), 'envelope-differs')
  assert.is(open(jws, { streamClass: 'urgent' }), 'envelope-differs')
  assert.is(open(jws, { exp: sampleHit().exp + 100 }), 'opened', 'a parcel ends with the last of its messages')
  assert.is(open(token({ ...goodHeader, iat: T0 + 61 })), 'envelope-differs')
  const swapped = sampleHit({ aud: agencyId('lt', 'guard') })
  assert.is(open(`${part(goodHeader)}.${part(swapped)}.${jws.split('.')[2]!}`, { to: swapped.aud }), 'wrong-signature')
  const tombstone: Message = { type: 'tombstone/1', id: sampleHit().id, iss: sampleHit().iss, aud: sampleHit().aud, iat: T0 + 60, exp: T0 + 90_000, of: digestOfBytes('x'), reason: 'withheld' }
  assert.is(open(signed(tombstone), { exp: tombstone.exp }), 'opened', 'a tombstone stands where a message of any class stood')
})

test('time: expired, from the future, and exactly at the edges', () => {
  const jws = signed(sampleHit())
  assert.is(open(jws, { now: sampleHit().exp * 1000 - 1 }), 'opened')
  assert.is(open(jws, { now: sampleHit().exp * 1000 }), 'expired')
  assert.is(open(jws, { now: sampleHit().iat * 1000 - CLOCK_SKEW_MAX }), 'opened')
  assert.is(open(jws, { now: sampleHit().iat * 1000 - CLOCK_SKEW_MAX - 1 }), 'from-the-future')
  const late = sampleHit({ iat: T0 + 31 * 86_400, exp: T0 + 32 * 86_400 })
  assert.is(open(signed(late), { ...envelopeOf(late), now: late.iat * 1000 }), 'statement-expired')
  const early = sampleHit({ iat: T0 - 10 })
  assert.is(open(signed(early), envelopeOf(early)), 'nation-unknown')
})

test('revoked: before, after, and stolen', async () => {
  const { kid } = sender.signing
  const trustWith = async (...revoked: Parameters<typeof revocationsOf>[1]) => foldTrust([...world.history, await revocationsOf('LV', revoked)], world.pins)
  const before = signed(sampleHit()); const after = signed(sampleHit({ iat: T0 + 90 }))
  const replaced = await trustWith({ kid, revokedAt: T0 + 90, reason: 'superseded' })
  assert.is(open(before, { trust: replaced }), 'opened')
  assert.is(open(after, { trust: replaced }), 'revoked')
  const stolen = await trustWith({ kid, revokedAt: T0 + 110, compromisedFrom: T0 + 90, reason: 'compromised' })
  assert.is(open(before, { trust: stolen }), 'revoked', 'whoever stole the key may write an older time')
  assert.is(open(after, { trust: stolen }), 'revoked')
})

test('a site key that signs a hit is beyond its powers', () => {
  assert.is(open(signed(sampleHit(), sender.site)), 'beyond-powers')
})

test('any change of any character is refused and never throws', () => {
  const jws = signed(sampleHit())
  fc.assert(fc.property(fc.nat(jws.length - 1), fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }), (at, character) => {
    fc.pre(jws[at] !== character)
    assert.is.not(open(jws.slice(0, at) + character + jws.slice(at + 1)), 'opened')
  }), seeded({ numRuns: 400 }))
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => { assert.is.not(open(text), 'opened') }), seeded({ numRuns: 300 }))
  fc.assert(fc.property(fc.json(), fc.json(), (header, payload) => { assert.is.not(open(token(header, payload)), 'opened') }), seeded({ numRuns: 100 }))
})

test('a message that no receiver would take is not made', () => {
  const input = signingInput(sampleHit(), sender.signing.kid)
  assert.throws(() => assembleJws({ ...input, text: 'A'.repeat(MESSAGE_BYTES_MAX) }, new Uint8Array(64)), /MESSAGE_BYTES_MAX/)
})

// ── Parcels ──────────────────────────────────────────────────────────────────────────────────────────────────────

const recipient = { kid: receiver.sealing.kid, publicKey: receiver.sealing.publicKey }
const seed = (name: string): Uint8Array => createHash('sha256').update(name).digest()
const envelope = envelopeOf(sampleHit())
const itemsOf = (...messages: Message[]): ParcelItem[] => messages.map((message, n) => ({ jws: signed(message), k: seed(`k${n}`) }))
const sealed = (items = itemsOf(sampleHit()), to: { kid: typeof recipient.kid, publicKey: Uint8Array } = recipient): Uint8Array => sealParcel(items, envelope, to, cipherSuite, seed('ephemeral'))
const agree = (kid: typeof recipient.kid, publicKey: Uint8Array): Uint8Array => ring.agree(kid, publicKey)
const openCode = (parcel: Uint8Array, changes: Partial<ParcelEnvelope> = {}): string => { const opened = openParcel(parcel, { ...envelope, ...changes }, agree, cipherSuite); return isRefusal(opened) ? opened.code : 'opened' }
const plain = (items: readonly ParcelItem[]): string => encodeJson({ v: 1, items: items.map(({ jws, k }) => ({ jws, k: Buffer.from(k).toString('base64url') })) })
const jweHeader = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', class: 'normal', exp: envelope.exp, from: envelope.from, kid: recipient.kid, to: envelope.to, typ: 'tiltas-parcel+jwe' }
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

test('jose opens our parcels', async () => {
  const own = await importJWK(privateJwk(receiver.sealing), 'ECDH-ES+A256KW')
  await fc.assert(fc.asyncProperty(fc.array(anyHit, { minLength: 1, maxLength: 3 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), async (messages, random) => {
    const items = itemsOf(...messages)
    const parcel = sealParcel(items, envelope, recipient, cipherSuite, random)
    const { plaintext, protectedHeader } = await compactDecrypt(Buffer.from(parcel).toString(), own, { keyManagementAlgorithms: ['ECDH-ES+A256KW'], contentEncryptionAlgorithms: ['A256GCM'] })
    assert.is(Buffer.from(plaintext).toString(), plain(items))
    const { epk, ...rest } = protectedHeader
    assert.equal(rest, jweHeader)
    assert.equal(openParcel(parcel, envelope, agree, cipherSuite), items.map(({ jws, k }) => ({ jws, k: Buffer.from(k) })))
  }), seeded({ numRuns: 20 }))
})

/** jose spells the ephemeral key in its own order, which `openParcel` refuses; the cryptography below is the same. */
async function sealedByJose (text: string): Promise<string> {
  const to = await importJWK({ ...publicJwk('X25519', receiver.sealing.publicText) }, 'ECDH-ES+A256KW')
  return new CompactEncrypt(Buffer.from(text)).setProtectedHeader(jweHeader).encrypt(to)
}

test('what jose sealed is decrypted by our suite', async () => {
  const items = itemsOf(sampleHit())
  const [header, wrappedKey, iv, ciphertext, tag] = (await sealedByJose(plain(items))).split('.') as [string, string, string, string, string]
  const { epk } = JSON.parse(Buffer.from(header, 'base64url').toString())
  const raw = (text: string): Uint8Array => Buffer.from(text, 'base64url')
  const opened = cipherSuite.open(agree(recipient.kid, raw(epk.x)), { wrappedKey: raw(wrappedKey), iv: raw(iv), ciphertext: raw(ciphertext), tag: raw(tag) }, Buffer.from(header))
  assert.is(Buffer.from(opened!).toString(), plain(items))
  assert.is(openCode(bytes([header, wrappedKey, iv, ciphertext, tag].join('.'))), 'malformed')
})

test('headers that try to choose, bombs, and other curves are refused before any key is used', () => {
  const [, ...rest] = Buffer.from(sealed()).toString().split('.')
  const epk = { crv: 'X25519', kty: 'OKP', x: sender.sealing.publicText }
  const header = { ...jweHeader, epk }
  const with_ = (changes: Record<string, unknown>): Uint8Array => bytes([part({ ...header, ...changes }), ...rest].join('.'))
  let agreements = 0
  const cases: [string, Uint8Array, string][] = [
    ['password bomb', with_({ alg: 'PBES2-HS512+A256KW', p2c: 2_000_000_000, p2s: 'AAAAAAAAAAA' }), 'wrong-algorithm'],
    ['p2c beside our alg', with_({ p2c: 2_000_000_000 }), 'malformed'],
    ['zip', with_({ zip: 'DEF' }), 'malformed'], ['crit', with_({ crit: ['x'] }), 'malformed'], ['apu', with_({ apu: 'AA' }), 'malformed'],
    ['jwk', with_({ jwk: epk }), 'malformed'], ['jku', with_({ jku: 'https://x.example' }), 'malformed'],
    ['dir', with_({ alg: 'dir' }), 'wrong-algorithm'], ['RSA1_5', with_({ alg: 'RSA1_5' }), 'wrong-algorithm'], ['A128KW', with_({ alg: 'ECDH-ES+A128KW' }), 'wrong-algorithm'],
    ['other enc', with_({ enc: 'A128GCM' }), 'wrong-algorithm'], ['CBC', with_({ enc: 'A256CBC-HS512' }), 'wrong-algorithm'],
    ['epk on Ed25519', with_({ epk: { ...epk, crv: 'Ed25519' } }), 'wrong-algorithm'], ['epk on X448', with_({ epk: { ...epk, crv: 'X448', x: 'A'.repeat(75) } }), 'malformed'],
    ['epk on P-256', with_({ epk: { crv: 'P-256', kty: 'EC', x: 'A'.repeat(43), y: 'A'.repeat(43) } }), 'malformed'],
    ['epk with trailing bits', with_({ epk: { ...epk, x: `${'A'.repeat(42)}B` } }), 'malformed'],
    ['epk too short', with_({ epk: { ...epk, x: 'AA' } }), 'malformed'],
    ['other typ', with_({ typ: 'JWE' }), 'envelope-differs'], ['exp with a leading zero', bytes([part(encodeJson(header as Json).replace('"exp":', '"exp":0')), ...rest].join('.')), 'envelope-differs'],
    ['duplicate names', bytes([part(encodeJson(header as Json).replace('{', '{"alg":"dir",')), ...rest].join('.')), 'malformed'],
    ['huge header', with_({ from: 'a'.repeat(100_000) }), 'too-large'],
    ['four parts', bytes('a.b.c.d'), 'malformed'], ['ten thousand recipients', bytes(JSON.stringify({ recipients: Array(10_000).fill({}) })), 'malformed'],
    ['short nonce', bytes([part({ ...header }), rest[0], 'AAAA', rest[2], rest[3]].join('.')), 'malformed'],
    ['short tag', bytes([part({ ...header }), rest[0], rest[1], rest[2], 'AAAA'].join('.')), 'malformed'],
    ['short wrapped key', bytes([part({ ...header }), 'AAAA', rest[1], rest[2], rest[3]].join('.')), 'malformed'],
    ['larger than a frame', new Uint8Array(1024 * 1024 + 1), 'too-large'], ['nothing', new Uint8Array(), 'malformed']
  ]
  for (const [name, parcel, code] of cases) {
    const opened = openParcel(parcel, envelope, (kid, epk) => { agreements++; return agree(kid, epk) }, cipherSuite)
    assert.is(isRefusal(opened) ? opened.code : 'opened', code, name)
  }
  assert.is(agreements, 0)
})

test('the sealed header repeats the envelope', () => {
  assert.is(openCode(sealed()), 'opened')
  for (const changes of [{ from: agencyId('lv', 'guard') }, { to: agencyId('lt', 'guard') }, { streamClass: 'urgent' as const }, { exp: envelope.exp + 1 }]) assert.is(openCode(sealed(), changes), 'envelope-differs')
})

test('a secret of zeros is refused, whoever lets it through', () => {
  const [, ...rest] = Buffer.from(sealed()).toString().split('.')
  const header = part({ ...jweHeader, epk: { crv: 'X25519', kty: 'OKP', x: 'A'.repeat(43) } })
  assert.is(openCode(bytes([header, ...rest].join('.'))), 'not-sealed-for-us')
  const zero = { ...cipherSuite, agreeOnce: () => ({ ephemeralKey: new Uint8Array(32), sharedSecret: new Uint8Array(32) }) }
  const parcel = sealParcel(itemsOf(sampleHit()), envelope, recipient, zero, seed('zero'))
  const opened = openParcel(parcel, envelope, () => new Uint8Array(32), cipherSuite)
  assert.ok(isRefusal(opened) && opened.code === 'not-sealed-for-us')
})

test('sealed for somebody else, or changed on the way', () => {
  const other = agencyKeys(agencyId('lt', 'guard')).sealing
  assert.is(openCode(sealed(undefined, { kid: other.kid, publicKey: other.publicKey })), 'not-sealed-for-us')
  assert.is(openCode(sealed(undefined, { kid: recipient.kid, publicKey: other.publicKey })), 'not-sealed-for-us')
  const parcel = sealed()
  fc.assert(fc.property(fc.nat(parcel.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
    fc.pre(parcel[at] !== byte)
    const changed = parcel.slice()
    changed[at] = byte
    assert.is.not(openCode(changed), 'opened')
  }), seeded({ numRuns: 200 }))
})

test('what is inside has one spelling and is bounded', () => {
  const good = itemsOf(sampleHit())
  const sealText = (text: string): Uint8Array => {
    const stand = { ...cipherSuite, seal: (secret: Uint8Array, secrets: Parameters<typeof cipherSuite.seal>[1], additional: Uint8Array) => cipherSuite.seal(secret, secrets, additional, Buffer.from(text)) }
    return sealParcel(good, envelope, recipient, stand, seed('inside'))
  }
  const text = plain(good)
  assert.is(openCode(sealText(text)), 'opened')
  const cases: [string, string, string][] = [
    ['empty', '', 'malformed'], ['no items', '{"items":[],"v":1}', 'malformed'], ['spaces', text.replace('{', '{ '), 'malformed'], ['version 2', text.replace('"v":1', '"v":2'), 'malformed'],
    ['unknown field', text.replace('"v":1', '"v":1,"x":1'), 'malformed'], ['duplicate items', text.replace('{"items"', '{"items":[],"items"'), 'malformed'],
    ['short k', text.replace(/"k":"[^"]*"/, '"k":"AAAA"'), 'malformed'], ['k with trailing bits', text.replace(/"k":"[^"]*"/, `"k":"${'A'.repeat(42)}B"`), 'malformed'],
    ['deep nesting', `{"items":[{"jws":"",${'"a":['.repeat(3000)}`, 'malformed'],
    ['too many', plain(Array.from({ length: PARCEL_MESSAGES_MAX + 1 }, () => ({ jws: 'a', k: seed('k') }))), 'too-large'],
    ['too large', plain([{ jws: 'a'.repeat(PARCEL_BYTES_MAX + 1), k: seed('k') }]), 'too-large']
  ]
  for (const [name, content, code] of cases) assert.is(openCode(sealText(content)), code, name)
  assert.throws(() => sealed([]), /PARCEL_MESSAGES_MAX/)
  assert.throws(() => sealed(Array.from({ length: PARCEL_MESSAGES_MAX + 1 }, () => good[0]!)), /PARCEL_MESSAGES_MAX/)
  assert.throws(() => sealed([{ jws: 'a'.repeat(PARCEL_BYTES_MAX + 1), k: seed('k') }]), /PARCEL_BYTES_MAX/)
  assert.throws(() => sealParcel(good, envelope, recipient, cipherSuite, new Uint8Array(16)), /32 bytes/)
})

test('a seed that comes again still gives another key for another plaintext', () => {
  const epkOf = (parcel: Uint8Array): string => JSON.parse(Buffer.from(Buffer.from(parcel).toString().split('.')[0]!, 'base64url').toString()).epk.x
  const [one, again, other] = [sealed(), sealed(), sealed(itemsOf(sampleHit({ ordinal: 2 })))]
  assert.equal(one, again)
  assert.is.not(epkOf(one), epkOf(other))
})

test('one bad message in a parcel leaves the others to be opened', () => {
  const items = [...itemsOf(sampleHit()), { jws: 'rubbish "\u0000é', k: seed('k') }, ...itemsOf(sampleHit({ ordinal: 2 }))]
  const opened = openParcel(sealed(items), envelope, agree, cipherSuite)
  assert.ok(!isRefusal(opened))
  assert.equal(opened.map(({ jws }) => open(jws)), ['opened', 'malformed', 'opened'])
})

test.run()
