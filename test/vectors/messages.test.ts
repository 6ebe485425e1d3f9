/**
 * The vectors of messages, read as another implementation would read them: from the files alone, and where that is
 * possible with another library (jose). And the files are what this implementation makes today: the wire cannot drift.
 */
import { createHash, createHmac } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compactDecrypt, compactVerify, importJWK } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { publicJwk, type KeyAlgorithm } from '../../keys/identity.ts'
import { hashOfStatement } from '../../keys/make-statements.ts'
import { openMessage, openParcel } from '../../keys/open.ts'
import { privateKeyFromSeed, type KeySecret } from '../../keys/private-key.ts'
import { cipherSuite } from '../../keys/suite.ts'
import { fromBase64url, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import { encodeFrame, encodeParcel, parseFrame, positionHash, type Frame, type ParcelHeader } from '../../protocol/delivery/frames.ts'
import type { AgencyId, Digest } from '../../protocol/identifiers.ts'
import { fromUnixSeconds } from '../../protocol/instant.ts'
import { encodeJson, parseJson, type Json } from '../../protocol/messages/encoding.ts'
import { MESSAGE_TYPES } from '../../protocol/messages/message.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'
import { VECTORS_FOLDER, hashesIn, makeVectors } from '../publish-vectors.ts'
import { agreeFor, trustOf, type Pins } from '../support/vector-world.ts'

const test = suite('vectors of messages')
const text = (name: string): string => readFileSync(join(VECTORS_FOLDER, name), 'utf8')
const lines = <Line>(name: string): Line[] => text(name).trimEnd().split('\n').map(line => JSON.parse(line) as Line)

interface Envelope { readonly from: AgencyId, readonly to: AgencyId, readonly class: StreamClass, readonly exp: number }
interface KeyLine { readonly agency?: AgencyId, readonly node: string, readonly purpose: KeySecret['purpose'], readonly algorithm: KeyAlgorithm, readonly kid: string, readonly seed: string, readonly publicKey: string }
const { pins, keys } = JSON.parse(text('keys.json')) as { pins: Pins, keys: KeyLine[] }
const trust = trustOf(lines<{ statement: string }>('statements.jsonl').map(({ statement }) => statement), pins)
const held = keys.map(({ purpose, algorithm, agency, seed }) => privateKeyFromSeed({ purpose, algorithm, ...(agency !== undefined && { agency }), seed: fromBase64url(seed)! }))
const envelopeOf = ({ from, to, class: streamClass, exp }: Envelope) => ({ from, to, streamClass, exp })
const sha256 = (content: string): string => createHash('sha256').update(content).digest('base64url')

test('the files are what the code makes', async () => {
  const made = await makeVectors()
  assert.equal(readdirSync(VECTORS_FOLDER).filter(name => name !== 'README.md').sort(), [...made.keys()].sort())
  for (const [name, content] of made) {
    if (name === 'statements.jsonl') assert.equal(hashesIn(text(name)), hashesIn(content))
    else assert.ok(text(name) === content, `${name} differs: if the wire was meant to change, run test/publish-vectors.ts`)
  }
})

test('keys and statements stand', () => {
  for (const [i, { kid, publicText }] of held.entries()) assert.equal([kid, publicText], [keys[i]!.kid, keys[i]!.publicKey])
  for (const { statement, hash } of lines<{ statement: string, hash: string }>('statements.jsonl')) assert.is(hashOfStatement(utf8ToBytes(statement)), hash)
  assert.equal(trust.findings, [])
  assert.equal(trust.nations().map(({ nation }) => nation as string), ['LT', 'LV'])
})

interface MessageLine { readonly type: string, readonly now: number, readonly envelope: Envelope, readonly message: Json, readonly jws: string, readonly digest: string, readonly k: string, readonly context: string, readonly commitment: string }
test('valid messages open, here and with jose, and there is one of each type', async () => {
  const cases = lines<MessageLine>('messages-valid.jsonl')
  assert.equal(cases.map(({ type }) => type).sort(), [...MESSAGE_TYPES].sort())
  for (const { type, now, envelope, message, jws, digest } of cases) {
    const opened = openMessage(jws, { ...envelopeOf(envelope), trust, now: fromUnixSeconds(now), suite: cipherSuite })
    assert.ok('message' in opened, type)
    assert.equal(opened.message as unknown, message)
    assert.equal([opened.digest, opened.digest], [digest, sha256(jws)])
    const { kid } = JSON.parse(Buffer.from(jws.split('.')[0]!, 'base64url').toString()) as { kid: string }
    const key = keys.find(one => one.kid === kid)!
    const { payload } = await compactVerify(jws, await importJWK({ ...publicJwk(key.algorithm, key.publicKey) }, 'EdDSA'))
    assert.is(Buffer.from(payload).toString('utf8'), encodeJson(message))
  }
})

test('commitments are plain HMAC-SHA-256 over what the description says', () => {
  const counted = (part: string): Buffer[] => { const length = Buffer.alloc(8); length.writeBigUInt64BE(BigInt(Buffer.byteLength(part))); return [length, Buffer.from(part)] }
  for (const { jws, k, context, commitment } of lines<MessageLine>('messages-valid.jsonl')) {
    const input = Buffer.concat([Buffer.from('tiltas/commit/v1\0'), ...counted(context), ...counted(jws)])
    assert.is(createHmac('sha256', Buffer.from(k, 'base64url')).update(input).digest('base64url'), commitment)
  }
})

test('invalid messages are refused, each with its code', () => {
  for (const { why, code, now, envelope, jws } of lines<{ why: string, code: string, now: number, envelope: Envelope, jws: string }>('messages-invalid.jsonl')) {
    const opened = openMessage(jws, { ...envelopeOf(envelope), trust, now: fromUnixSeconds(now), suite: cipherSuite })
    assert.is('refusal' in opened ? opened.refusal.code : 'accepted', code, why)
  }
})

interface ParcelLine { readonly envelope: Envelope, readonly recipient: string, readonly jwe: string, readonly items: readonly { readonly jws: string, readonly k: string }[], readonly digests: readonly string[] }
test('valid parcels open, here and with jose', async () => {
  for (const { envelope, recipient, jwe, items, digests } of lines<ParcelLine>('parcels-valid.jsonl')) {
    const opened = openParcel(utf8ToBytes(jwe), envelopeOf(envelope), agreeFor(held, envelope.to), cipherSuite)
    assert.ok(Array.isArray(opened))
    assert.equal(opened.map(({ jws, k }) => ({ jws, k: toBase64url(k) })), [...items])
    assert.equal(items.map(({ jws }) => sha256(jws)), [...digests])
    const key = keys.find(({ kid }) => kid === recipient)!
    const { plaintext } = await compactDecrypt(jwe, await importJWK({ kty: 'OKP', crv: 'X25519', x: key.publicKey, d: key.seed }, 'ECDH-ES+A256KW'))
    assert.equal(JSON.parse(Buffer.from(plaintext).toString('utf8')), { items: [...items], v: 1 })
  }
})

test('invalid parcels are refused, each with its code', () => {
  for (const { why, code, envelope, jwe } of lines<{ why: string, code: string, envelope: Envelope, jwe: string }>('parcels-invalid.jsonl')) {
    const opened = openParcel(utf8ToBytes(jwe), envelopeOf(envelope), agreeFor(held, envelope.to), cipherSuite)
    assert.is(Array.isArray(opened) ? 'accepted' : opened.code, code, why)
  }
})

test('valid frames are read and written, byte for byte', () => {
  for (const { kind, body, jwe, hash, frame } of lines<{ kind: Frame['kind'] | 'parcel', body: object, jwe?: string, hash?: string, frame: string }>('frames-valid.jsonl')) {
    const bytes = fromBase64url(frame)!
    const parsed = parseFrame(bytes)
    assert.is(parsed?.kind, kind)
    if (parsed?.kind === 'parcel') {
      assert.equal([parsed.header, Buffer.from(parsed.sealed).toString('latin1'), positionHash(parsed.header)], [body, jwe, hash])
      assert.equal(encodeParcel(body as ParcelHeader, utf8ToBytes(jwe!)), bytes)
    } else {
      assert.equal(parsed?.body, body)
      assert.equal(encodeFrame({ kind, body } as Frame), bytes)
    }
  }
})

test('invalid frames are refused', () => {
  for (const { why, frame } of lines<{ why: string, frame: string }>('frames-invalid.jsonl')) assert.is(parseFrame(fromBase64url(frame)!), undefined, why)
})

test('positions chain by plain SHA-256 over what the description says', () => {
  let before = ''
  for (const { incarnation, seq, prev, digests, hash } of lines<{ incarnation: string, seq: number, prev: Digest | '', digests: Digest[], hash: string }>('positions-valid.jsonl')) {
    assert.is(prev, before as Digest)
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(BigInt(seq))
    const input = Buffer.concat([Buffer.from(`tiltas/position/1\0${incarnation}\0`), number, Buffer.from(`${prev}\0${digests.join('\0')}`)])
    assert.equal([createHash('sha256').update(input).digest('base64url'), positionHash({ incarnation, seq, prev, digests }) as string], [hash, hash])
    before = hash
  }
})

test('canonical JSON has one spelling', () => {
  for (const line of lines<{ text: string, sha256: string }>('canonical-valid.jsonl')) {
    const parsed = parseJson(line.text)
    assert.ok(parsed !== undefined, line.text)
    assert.equal([encodeJson(parsed), sha256(line.text)], [line.text, line.sha256])
  }
  for (const line of lines<{ why: string, text: string }>('canonical-invalid.jsonl')) assert.is(parseJson(line.text), undefined, line.why)
})

test.run()
