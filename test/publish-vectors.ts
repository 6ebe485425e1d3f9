/**
 * The vectors of `test/vectors/messages`, made by this implementation from public seeds. Run as a program it writes them;
 * test/vectors/messages.test.ts checks that the committed ones are still what the code makes, and reads them as another
 * implementation would. Every invalid case differs from a valid one in the one thing that its `why` names.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodePart, encodeTextPart } from '../keys/compact.ts'
import { hashOfStatement } from '../keys/make-statements.ts'
import { openMessage, openParcel } from '../keys/open.ts'
import { signWith } from '../keys/private-key.ts'
import { PARCEL_TYP, assembleJws, encodeItems, parcelHeader, sealParcel, signingInput, type ParcelEnvelope } from '../keys/seal.ts'
import { cipherSuite } from '../keys/suite.ts'
import { digestOf, sha256, toBase64url, utf8ToBytes } from '../protocol/bytes.ts'
import { encodeFrame, encodeParcel, parseFrame, positionHash, type Frame, type ParcelHeader } from '../protocol/delivery/frames.ts'
import type { AgencyId, Digest, Kid } from '../protocol/identifiers.ts'
import { fromUnixSeconds } from '../protocol/instant.ts'
import { commitmentOf } from '../protocol/log/leaf.ts'
import { encodeJson, type Json } from '../protocol/messages/encoding.ts'
import { streamClassOf, typOf, type Message } from '../protocol/messages/message.ts'
import type { RefusalCode } from '../protocol/refusals.ts'
import { commitmentContext } from '../protocol/turn.ts'
import { CANONICAL_INVALID, CANONICAL_VALID, FRAME_BODIES_INVALID, exampleMessages, type Example } from './support/vector-cases.ts'
import { CHECKED_AT, FOUNDED_AT, LT_NATIONAL, LT_POLICE, LV_NATIONAL, LV_POLICE, LV_RENEWED, LV_SITE, LV_TOWN, REVOKED_AT, agreeFor, describeKey, makeVectorWorld, publicSeed, trustOf, type VectorWorld, type WorldKey } from './support/vector-world.ts'

export const VECTORS_FOLDER = join(import.meta.dirname, 'vectors', 'messages')

/** `class` on the wire is `streamClass` in the code. */
export const describeEnvelope = ({ from, to, streamClass, exp }: ParcelEnvelope) => ({ from, to, class: streamClass, exp })
const envelopeOf = (message: Message): ParcelEnvelope => ({ from: message.iss, to: message.aud, streamClass: streamClassOf(message), exp: message.exp })

const keyAt = ({ keys }: VectorWorld, agency: AgencyId, node: string, purpose = 'signing'): WorldKey => keys.find(key => key.agency === agency && key.node === node && key.purpose === purpose)!
const signerFor = (world: VectorWorld, { message, node }: Example): WorldKey => keyAt(world, message.iss, node)

function sign (text: string, key: WorldKey): string {
  return `${text}.${encodePart(signWith(key, utf8ToBytes(text)))}`
}
const jwsOf = (message: Message, key: WorldKey): string => {
  const input = signingInput(message, key.kid)
  return assembleJws(input, signWith(key, input.bytes))
}

// ── messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

function validMessages (world: VectorWorld) {
  return exampleMessages().map(example => {
    const { message } = example
    const jws = jwsOf(message, signerFor(world, example))
    const k = publicSeed(`k of ${message.type}`)
    const context = commitmentContext(message.iss, message.aud)
    return {
      type: message.type, now: CHECKED_AT, envelope: describeEnvelope(envelopeOf(message)), message, jws, digest: digestOf(utf8ToBytes(jws)),
      k: toBase64url(k), context, commitment: commitmentOf(k, context, utf8ToBytes(jws))
    }
  })
}

interface Broken { readonly why: string, readonly code: RefusalCode, readonly jws: string, readonly envelope?: Partial<ParcelEnvelope>, readonly now?: number }

function invalidMessages (world: VectorWorld) {
  const examples = exampleMessages()
  const example = examples.find(({ message }) => message.type === 'hit/1')!
  const key = signerFor(world, example)
  const hit = example.message
  const good = jwsOf(hit, key)
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const headerText = `{"alg":"EdDSA","iat":${hit.iat},"kid":"${key.kid}","typ":"${typOf(hit.type)}"}`
  const withHeader = (text: string): string => sign(`${encodeTextPart(text)}.${payload}`, key)
  const withPayload = (text: string): string => sign(`${header}.${encodeTextPart(text)}`, key)
  const text = encodeJson(hit as unknown as Json)
  const saying = (changed: object, by = key): string => jwsOf({ ...hit, ...changed } as Message, by)
  const renewed = keyAt(world, LV_RENEWED, LV_NATIONAL)
  const broken: Broken[] = [
    { why: 'two parts', code: 'malformed', jws: `${header}.${payload}` },
    { why: 'a fourth part', code: 'malformed', jws: `${good}.` },
    { why: 'the signature is padded', code: 'malformed', jws: `${good}==` },
    { why: 'the signature has another spelling of its last bits', code: 'malformed', jws: respelt(good) },
    { why: 'the payload is padded', code: 'malformed', jws: sign(`${header}.${payload}=`, key) },
    { why: 'alg none', code: 'wrong-algorithm', jws: withHeader(headerText.replace('EdDSA', 'none')) },
    { why: 'alg ES256, which is not on the list', code: 'wrong-algorithm', jws: withHeader(headerText.replace('EdDSA', 'ES256')) },
    { why: 'the header has a member more', code: 'malformed', jws: withHeader(headerText.replace('}', ',"zip":"DEF"}')) },
    { why: 'the header names a critical extension', code: 'malformed', jws: withHeader(headerText.replace('{', '{"crit":["x"],')) },
    { why: 'the header brings a key along', code: 'malformed', jws: withHeader(headerText.replace(',"kid"', `,"jwk":{"crv":"Ed25519","kty":"OKP","x":"${key.publicText}"},"kid"`)) },
    { why: 'the members of the header are in another order', code: 'malformed', jws: withHeader(`{"iat":${hit.iat},"alg":"EdDSA","kid":"${key.kid}","typ":"${typOf(hit.type)}"}`) },
    { why: 'a type that nobody knows', code: 'not-understood', jws: withHeader(headerText.replace('tiltas-hit.1', 'tiltas-wish.1')) },
    { why: 'a version that nobody knows', code: 'not-understood', jws: withHeader(headerText.replace('tiltas-hit.1', 'tiltas-hit.2')) },
    { why: 'the header names another type than the payload', code: 'malformed', jws: withHeader(headerText.replace('tiltas-hit.1', 'tiltas-hit.update.1')) },
    { why: 'a space in the payload', code: 'malformed', jws: withPayload(text.replace(',', ', ')) },
    { why: 'the members of the payload are in another order', code: 'malformed', jws: withPayload(`{"type":"hit/1",${text.slice(1).replace(',"type":"hit/1"', '')}`) },
    { why: 'a member stands twice', code: 'malformed', jws: withPayload(text.replace('"revision":1', '"revision":1,"revision":1')) },
    { why: 'a number with a fraction of zero', code: 'malformed', jws: withPayload(text.replace('"revision":1', '"revision":1.0')) },
    { why: 'an unknown field', code: 'malformed', jws: saying({ note: 'x' }) },
    { why: 'a field is missing', code: 'malformed', jws: saying({ observedAt: undefined }) },
    { why: 'an action that is not on the list', code: 'malformed', jws: saying({ action: 'arrest' }) },
    { why: 'a plate in lower case', code: 'malformed', jws: saying({ plate: { text: 'abc123', countryConfidence: 0 } }) },
    { why: 'the header has another time than the payload', code: 'envelope-differs', jws: withHeader(headerText.replace(String(hit.iat), String(hit.iat + 1))) },
    { why: 'the envelope names another sender', code: 'envelope-differs', jws: good, envelope: { from: LV_POLICE } },
    { why: 'the envelope names another receiver', code: 'envelope-differs', jws: good, envelope: { to: LV_POLICE } },
    { why: 'the envelope names another class', code: 'envelope-differs', jws: good, envelope: { streamClass: 'bulk' } },
    { why: 'it ends after its envelope', code: 'envelope-differs', jws: good, envelope: { exp: hit.exp - 1 } },
    { why: 'of a nation that nobody pinned', code: 'nation-unknown', jws: saying({ iss: 'ee:police' }) },
    { why: 'signed before its nation had a root', code: 'chain-broken', jws: saying({ iat: FOUNDED_AT - 1 }) },
    { why: 'signed after the statement of its agency had ended', code: 'statement-expired', jws: saying({ iat: FOUNDED_AT + 31 * 86_400, exp: FOUNDED_AT + 32 * 86_400 }), now: FOUNDED_AT + 31 * 86_400 },
    { why: 'signed with the key of another agency', code: 'unknown-key', jws: saying({}, keyAt(world, LV_POLICE, LV_NATIONAL)) },
    { why: 'signed with a key after its revocation', code: 'revoked', jws: saying({ iss: LV_RENEWED, iat: REVOKED_AT }, renewed) },
    { why: 'a hit signed with the key of a site, which may sign candidates, receipts and tombstones only', code: 'beyond-powers', jws: saying({}, keyAt(world, LV_TOWN, LV_SITE)) },
    { why: 'the signature is that of another message', code: 'wrong-signature', jws: `${header}.${payload}.${saying({ revision: 2 }).split('.')[2]}` },
    { why: 'one bit of the signature is another', code: 'wrong-signature', jws: `${header}.${payload}.${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}` },
    { why: 'it has ended', code: 'expired', jws: good, now: hit.exp },
    { why: 'its time lies more than CLOCK_SKEW_MAX ahead', code: 'from-the-future', jws: good, now: hit.iat - 301 }
  ]
  const trust = trustOf(world.statements, world.pins)
  return broken.map(({ why, code, jws, envelope, now = CHECKED_AT }) => {
    const claimed = agencyOf(jws)
    const around: ParcelEnvelope = { ...envelopeOf(hit), ...(claimed !== undefined && { from: claimed }), exp: Math.max(hit.exp, now + 86_400), ...envelope }
    const opened = openMessage(jws, { ...around, trust, now: fromUnixSeconds(now), suite: cipherSuite })
    ensureCode(why, code, 'refusal' in opened ? opened.refusal.code : 'accepted')
    return { why, code, now, envelope: describeEnvelope(around), jws }
  })
}

/** The issuer that a broken message claims, so that its envelope fits in every other way. */
function agencyOf (jws: string): AgencyId | undefined {
  const found = /"iss":"([^"]*)"/.exec(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return found?.[1] as AgencyId | undefined
}

/** 64 bytes leave four bits of the last character unused. */
const respelt = (jws: string): string => jws.slice(0, -1) + (jws.endsWith('A') ? 'B' : jws.endsWith('Q') ? 'R' : jws.endsWith('g') ? 'h' : 'x')

function ensureCode (why: string, wanted: string, found: string): void {
  if (wanted !== found) throw new Error(`${why}: ${found} instead of ${wanted}`)
}

// ── parcels ──────────────────────────────────────────────────────────────────────────────────────────────────────

function validParcels (world: VectorWorld) {
  const [hit, update] = ['hit/1', 'hit.update/1'].map(type => exampleMessages().find(({ message }) => message.type === type)!) as [Example, Example]
  const recipient = keyAt(world, LT_POLICE, LT_NATIONAL, 'sealing')
  return [[hit], [hit, update]].map(examples => {
    const items = examples.map(example => ({ jws: jwsOf(example.message, signerFor(world, example)), k: publicSeed(`k of ${example.message.type}`) }))
    const envelope = { ...envelopeOf(hit.message), exp: Math.max(...examples.map(({ message }) => message.exp)) }
    const seed = publicSeed(`parcel of ${items.length}`)
    const sealed = sealParcel(items, envelope, recipient, cipherSuite, seed)
    return {
      envelope: describeEnvelope(envelope), recipient: recipient.kid, seed: toBase64url(seed), jwe: Buffer.from(sealed).toString('latin1'),
      items: items.map(({ jws, k }) => ({ jws, k: toBase64url(k) })), digests: items.map(({ jws }) => digestOf(utf8ToBytes(jws)))
    }
  })
}

/** A parcel of any header and content, as only somebody who breaks the rules would make it. */
function sealAnything (header: (ephemeralKey: string) => string, plaintext: string, recipient: Uint8Array): string {
  const { ephemeralKey, sharedSecret } = cipherSuite.agreeOnce(publicSeed('ephemeral'), recipient)
  const protectedPart = encodeTextPart(header(encodePart(ephemeralKey)))
  const secrets = { key: publicSeed('content key'), iv: publicSeed('nonce').subarray(0, 12) }
  const { wrappedKey, iv, ciphertext, tag } = cipherSuite.seal(sharedSecret, secrets, utf8ToBytes(protectedPart), utf8ToBytes(plaintext))
  return [protectedPart, ...[wrappedKey, iv, ciphertext, tag].map(encodePart)].join('.')
}

function invalidParcels (world: VectorWorld) {
  const example = exampleMessages().find(({ message }) => message.type === 'hit/1')!
  const envelope = envelopeOf(example.message)
  const recipient = keyAt(world, LT_POLICE, LT_NATIONAL, 'sealing')
  const stranger = keyAt(world, LV_POLICE, LV_NATIONAL, 'sealing')
  const item = { jws: jwsOf(example.message, signerFor(world, example)), k: toBase64url(publicSeed('k of hit/1')) }
  const content = encodeItems([item])
  const header = (ephemeralKey: string, kid: Kid = recipient.kid): string => parcelHeader(envelope, kid, ephemeralKey)
  const make = (change: { header?: (text: string) => string, content?: string, kid?: Kid }): string =>
    sealAnything(ephemeralKey => (change.header ?? (text => text))(header(ephemeralKey, change.kid)), change.content ?? content, recipient.publicKey)
  const good = make({})
  const parts = good.split('.')
  const replace = (at: number, part: string): string => parts.with(at, part).join('.')
  const flip = (part: string): string => (part[0] === 'A' ? 'B' : 'A') + part.slice(1)
  const broken: { why: string, code: RefusalCode, jwe: string }[] = [
    { why: 'four parts', code: 'malformed', jwe: parts.slice(0, 4).join('.') },
    { why: 'another key agreement', code: 'wrong-algorithm', jwe: make({ header: text => text.replace('ECDH-ES+A256KW', 'ECDH-ES') }) },
    { why: 'another content encryption', code: 'wrong-algorithm', jwe: make({ header: text => text.replace('A256GCM', 'A128GCM') }) },
    { why: 'a member more in the header', code: 'malformed', jwe: make({ header: text => text.replace('"typ"', '"tip":1,"typ"') }) },
    { why: 'compressed', code: 'malformed', jwe: make({ header: text => text.replace(/\}$/, ',"zip":"DEF"}') }) },
    { why: 'the header names another sender than the frame', code: 'envelope-differs', jwe: make({ header: text => text.replace(envelope.from, LV_POLICE) }) },
    { why: 'the header names another class than the frame', code: 'envelope-differs', jwe: make({ header: text => text.replace('"urgent"', '"bulk"') }) },
    { why: 'another typ', code: 'envelope-differs', jwe: make({ header: text => text.replace(PARCEL_TYP, 'tiltas-letter+jwe') }) },
    { why: 'sealed to a key of another agency', code: 'not-sealed-for-us', jwe: make({ kid: stranger.kid }) },
    { why: 'an ephemeral key of low order, whose secret everybody knows', code: 'not-sealed-for-us', jwe: make({ header: text => text.replace(/"x":"[^"]*"/, `"x":"${'A'.repeat(43)}"`) }) },
    { why: 'one bit of the wrapped key is another', code: 'not-sealed-for-us', jwe: replace(1, flip(parts[1]!)) },
    { why: 'one bit of the content is another', code: 'not-sealed-for-us', jwe: replace(3, flip(parts[3]!)) },
    { why: 'one bit of the tag is another', code: 'not-sealed-for-us', jwe: replace(4, flip(parts[4]!)) },
    { why: 'a nonce of 11 bytes', code: 'malformed', jwe: replace(2, encodePart(new Uint8Array(11))) },
    { why: 'a tag of 8 bytes', code: 'malformed', jwe: replace(4, encodePart(new Uint8Array(8))) },
    { why: 'no item', code: 'malformed', jwe: make({ content: '{"items":[],"v":1}' }) },
    { why: 'items in another spelling', code: 'malformed', jwe: make({ content: content.replace('"v":1', '"v": 1') }) },
    { why: 'an item with a member more', code: 'malformed', jwe: make({ content: content.replace('{"jws"', '{"a":1,"jws"') }) },
    { why: 'k of 31 bytes', code: 'malformed', jwe: make({ content: encodeItems([{ ...item, k: encodePart(new Uint8Array(31)) }]) }) },
    { why: 'more than PARCEL_MESSAGES_MAX items', code: 'too-large', jwe: make({ content: encodeItems(Array.from({ length: 101 }, () => ({ jws: 'e30.e30.', k: item.k }))) }) }
  ]
  for (const { why, code, jwe } of [{ why: 'the one that is whole', code: 'accepted', jwe: good }, ...broken]) {
    const opened = openParcel(utf8ToBytes(jwe), envelope, agreeFor(world.keys, LT_POLICE), cipherSuite)
    ensureCode(why, code, Array.isArray(opened) ? 'accepted' : opened.code)
  }
  return broken.map(one => ({ ...one, envelope: describeEnvelope(envelope) }))
}

// ── frames and positions ─────────────────────────────────────────────────────────────────────────────────────────

const incarnationOf = (name: string): string => toBase64url(publicSeed(name).subarray(0, 16))

function positions () {
  const chain: { incarnation: string, seq: number, prev: Digest | '', digests: Digest[], hash: Digest }[] = []
  for (const [name, count] of [['first', 1], ['first', 3], ['second', 2]] as const) {
    const seq = chain.length + 1
    const header = { incarnation: incarnationOf(name), seq, prev: chain.at(-1)?.hash ?? '' as const, digests: Array.from({ length: count }, (_, i) => toBase64url(publicSeed(`digest ${seq} ${i}`)) as Digest) }
    chain.push({ ...header, hash: positionHash(header) })
  }
  return chain
}

function validFrames (world: VectorWorld) {
  const [first, second] = positions() as [ReturnType<typeof positions>[number], ReturnType<typeof positions>[number]]
  const at = { incarnation: second.incarnation, seq: second.seq, hash: second.hash }
  const frames: Frame[] = [
    { kind: 'hello', body: { v: 1, node: 'lv/national', versions: ['hit/1', 'receipt/1'], at: null } },
    { kind: 'hello', body: { v: 1, node: 'lv/national', versions: ['hit/1', 'receipt/1'], at } },
    { kind: 'welcome', body: { v: 1, versions: ['hit/1', 'receipt/1'], holds: null } },
    { kind: 'welcome', body: { v: 1, versions: [], holds: at } },
    { kind: 'acknowledgement', body: at }
  ]
  const [parcel] = validParcels(world) as [ReturnType<typeof validParcels>[number]]
  const header: ParcelHeader = { incarnation: first.incarnation, seq: 1, prev: '', ...parcel.envelope, digests: parcel.digests }
  return [
    ...frames.map(frame => ({ kind: frame.kind, body: frame.body, frame: toBase64url(encodeFrame(frame)) })),
    { kind: 'parcel', body: header, jwe: parcel.jwe, hash: positionHash(header), frame: toBase64url(encodeParcel(header, utf8ToBytes(parcel.jwe))) }
  ]
}

function invalidFrames (world: VectorWorld) {
  const bytesOf = (kind: number, body: string | Uint8Array): Uint8Array => new Uint8Array([kind, ...(typeof body === 'string' ? utf8ToBytes(body) : body)])
  const parcel = Buffer.from(validFrames(world).at(-1)!.frame, 'base64url')
  const length = parcel.readUInt32BE(1)
  const withLength = (n: number): Uint8Array => { const bytes = Uint8Array.from(parcel); new DataView(bytes.buffer).setUint32(1, n); return bytes }
  const text = Buffer.from(parcel.subarray(5, 5 + length)).toString('latin1')
  const withHeader = (header: string): Uint8Array => bytesOf(3, Buffer.concat([Buffer.from([0, 0, header.length >> 8, header.length & 255]), Buffer.from(header, 'latin1'), parcel.subarray(5 + length)]))
  const cases: { why: string, bytes: Uint8Array }[] = [
    { why: 'empty', bytes: new Uint8Array(0) },
    { why: 'a kind and nothing more', bytes: bytesOf(1, '') },
    { why: 'kind 0', bytes: bytesOf(0, '{}') },
    { why: 'kind 5', bytes: bytesOf(5, '{}') },
    ...FRAME_BODIES_INVALID.map(({ why, kind, body }) => ({ why, bytes: bytesOf(kind, body) })),
    { why: 'a parcel whose header is said to be longer than the frame', bytes: withLength(parcel.length) },
    { why: 'a parcel without anything behind its header', bytes: parcel.subarray(0, 5 + length) },
    { why: 'a parcel whose header is said to be one byte shorter', bytes: withLength(length - 1) },
    { why: 'a parcel at position 0', bytes: withHeader(text.replace('"seq":1', '"seq":0')) },
    { why: 'a parcel without digests', bytes: withHeader(text.replace(/"digests":\[[^\]]*\]/, '"digests":[]')) },
    { why: 'a parcel of a class that is not on the list', bytes: withHeader(text.replace('"urgent"', '"instant"')) }
  ]
  for (const { why, bytes } of cases) ensureCode(why, 'refused', parseFrame(bytes) === undefined ? 'refused' : 'accepted')
  return cases.map(({ why, bytes }) => ({ why, frame: toBase64url(bytes) }))
}

// ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

const lines = (cases: readonly object[]): string => cases.map(one => JSON.stringify(one) + '\n').join('')

/** Text by file name. `statements.jsonl` holds post-quantum signatures, which are drawn anew each time; all else is always the same. */
export async function makeVectors (): Promise<Map<string, string>> {
  const world = await makeVectorWorld()
  return new Map([
    ['keys.json', JSON.stringify({ foundedAt: FOUNDED_AT, pins: world.pins, keys: world.keys.map(describeKey) }, null, 2) + '\n'],
    ['statements.jsonl', lines(world.statements.map(statement => ({ statement, hash: hashOfStatement(utf8ToBytes(statement)) })))],
    ['messages-valid.jsonl', lines(validMessages(world))],
    ['messages-invalid.jsonl', lines(invalidMessages(world))],
    ['parcels-valid.jsonl', lines(validParcels(world))],
    ['parcels-invalid.jsonl', lines(invalidParcels(world))],
    ['frames-valid.jsonl', lines(validFrames(world))],
    ['frames-invalid.jsonl', lines(invalidFrames(world))],
    ['positions-valid.jsonl', lines(positions())],
    ['canonical-valid.jsonl', lines(CANONICAL_VALID.map(text => ({ text, sha256: toBase64url(sha256(utf8ToBytes(text))) })))],
    ['canonical-invalid.jsonl', lines(CANONICAL_INVALID)]
  ])
}

export const hashesIn = (statements: string): string[] => statements.trimEnd().split('\n').map(line => (JSON.parse(line) as { hash: string }).hash)

async function publish (): Promise<void> {
  mkdirSync(VECTORS_FOLDER, { recursive: true })
  for (const [name, text] of await makeVectors()) {
    const file = join(VECTORS_FOLDER, name)
    const isSame = name === 'statements.jsonl' && existsSync(file) && hashesIn(readFileSync(file, 'utf8')).join() === hashesIn(text).join()
    if (!isSame) writeFileSync(file, text)
  }
}

if (import.meta.main) await publish()
