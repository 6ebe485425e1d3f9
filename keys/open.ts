/**
 * From received bytes to verified messages, or a refusal. Hostile input is first touched here. Invariants:
 *  1. nothing throws on foreign bytes, and nothing expensive happens before everything cheap was checked;
 *  2. headers choose nothing: algorithm, key and recipient are compared with what we know;
 *  3. `openMessage` is the only maker of `Verified`.
 */
import type { AgencyId, Digest, Kid } from '../protocol/identifiers.ts'
import { fromUnixSeconds, type Instant } from '../protocol/instant.ts'
import { CLOCK_SKEW_MAX, FRAME_BYTES_MAX, MESSAGE_BYTES_MAX, PARCEL_BYTES_MAX, PARCEL_MESSAGES_MAX } from '../protocol/limits.ts'
import { parseJson, type Json } from '../protocol/messages/encoding.ts'
import { MESSAGE_SCHEMAS, kindOf, streamClassOf, typeOfTyp, type Message, type MessageType, type Verified } from '../protocol/messages/message.ts'
import { refuse, type Refusal } from '../protocol/refusals.ts'
import { ALGORITHMS } from './algorithms.ts'
import { decodePart, decodeText, decodeTextPart, digestOfBytes, splitParts } from './compact.ts'
import { parsePublicKey } from './identity.ts'
import { isRefusal } from './read-statements.ts'
import { encodeItems, parcelHeader, type ParcelEnvelope, type ParcelItem } from './seal.ts'
import type { CipherSuite, SealedContent } from './suite.ts'
import type { TrustView } from './trust-view.ts'

// ── Parcel ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A parcel's protected header, base64url characters. */
const PARCEL_HEADER_MAX = 700
const PARCEL_HEADER = /^\{"alg":"([^"]*)","class":"([^"]*)","enc":"([^"]*)","epk":\{"crv":"([^"]*)","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\},"exp":(\d{1,12}),"from":"([^"]*)","kid":"([A-Za-z0-9_-]{43})","to":"([^"]*)","typ":"([^"]*)"\}$/

/** X25519 of the sealing key `kid` with a peer's ephemeral key. May throw or answer undefined when there is none. */
export type Agree = (kid: Kid, ephemeralKey: Uint8Array) => Uint8Array | undefined

/**
 * 1 size; 2 five parts; 3 header: exactly our fields, listed algorithms; 4 header and outer envelope agree; 5 lengths of
 * key, nonce and tag; 6 key agreement, never with a secret of zeros; 7 decryption; 8 canonical items.
 */
export function openParcel (bytes: Uint8Array, envelope: ParcelEnvelope, agree: Agree, suite: CipherSuite): ParcelItem[] | Refusal {
  if (bytes.length > FRAME_BYTES_MAX) return refuse('too-large', 'FRAME_BYTES_MAX')
  const parts = splitParts(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), 5)
  if (parts === undefined) return refuse('malformed', 'jwe')
  const header = readParcelHeader(parts[0]!, envelope)
  if (isRefusal(header)) return header
  const sealed = readSealedContent(parts)
  if (sealed === undefined) return refuse('malformed', 'jwe')
  const sharedSecret = agreeSafely(agree, header.kid, header.ephemeralKey)
  const plaintext = sharedSecret === undefined ? undefined : suite.open(sharedSecret, sealed, Buffer.from(parts[0]!, 'latin1'))
  return plaintext === undefined ? refuse('not-sealed-for-us', header.kid) : readItems(plaintext)
}

function readParcelHeader (part: string, envelope: ParcelEnvelope): { kid: Kid, ephemeralKey: Uint8Array } | Refusal {
  if (part.length > PARCEL_HEADER_MAX) return refuse('too-large', 'header')
  const text = decodeTextPart(part)
  if (text === undefined) return refuse('malformed', 'header')
  const found = PARCEL_HEADER.exec(text)
  if (found === null) return refuse(...diagnoseHeader(text, ALGORITHMS.parcel.agree))
  const [, alg, , enc, crv, x, , , kid] = found
  const { agree, encrypt, curve } = ALGORITHMS.parcel
  if (alg !== agree || enc !== encrypt || crv !== curve) return refuse('wrong-algorithm', 'parcel')
  if (text !== parcelHeader(envelope, kid as Kid, x!)) return refuse('envelope-differs', 'parcel')
  const ephemeralKey = parsePublicKey('X25519', x!)
  return ephemeralKey === undefined ? refuse('malformed', 'epk') : { kid: kid as Kid, ephemeralKey }
}

function readSealedContent ([, wrapped, nonce, content, end]: readonly string[]): SealedContent | undefined {
  const [wrappedKey, iv, ciphertext, tag] = [decodePart(wrapped!), decodePart(nonce!), decodePart(content!), decodePart(end!)]
  if (wrappedKey?.length !== 40 || iv?.length !== 12 || ciphertext === undefined || tag?.length !== 16) return undefined
  return { wrappedKey, iv, ciphertext, tag }
}

/** A public key of low order gives a secret that everybody knows: RFC 7748 section 6.1 has us check. */
function agreeSafely (agree: Agree, kid: Kid, ephemeralKey: Uint8Array): Uint8Array | undefined {
  try {
    const secret = agree(kid, ephemeralKey)
    return secret?.some(byte => byte !== 0) === true ? secret : undefined
  } catch { return undefined }
}

/** One spelling only: what was read, written again, must be the same text. */
function readItems (plaintext: Uint8Array): ParcelItem[] | Refusal {
  const text = decodeText(plaintext)
  const read = text === undefined ? undefined : parseItems(text)
  if (read === undefined) return refuse('malformed', 'items')
  if (read.length > PARCEL_MESSAGES_MAX) return refuse('too-large', 'PARCEL_MESSAGES_MAX')
  if (read.reduce((sum, { jws }) => sum + jws.length, 0) > PARCEL_BYTES_MAX) return refuse('too-large', 'PARCEL_BYTES_MAX')
  const items: ParcelItem[] = []
  for (const { jws, k } of read) {
    const key = decodePart(k)
    if (key?.length !== 32) return refuse('malformed', 'k')
    items.push({ jws, k: key })
  }
  return items.length === 0 ? refuse('malformed', 'items') : items
}

function parseItems (text: string): { jws: string, k: string }[] | undefined {
  if (!text.startsWith('{"items":[{"jws":"')) return undefined
  try {
    const { items } = JSON.parse(text) as { items: { jws: unknown, k: unknown }[] }
    const isWhole = items.every(({ jws, k }) => typeof jws === 'string' && typeof k === 'string')
    return isWhole && encodeItems(items as { jws: string, k: string }[]) === text ? items as { jws: string, k: string }[] : undefined
  } catch { return undefined }
}

// ── Message ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface OpenContext extends ParcelEnvelope {
  readonly trust: TrustView
  readonly now: Instant
  readonly suite: CipherSuite
}
export type Opened =
  | { readonly message: Verified<Message>, readonly digest: Digest, readonly jwsBytes: Uint8Array, readonly kid: Kid }
  | { readonly refusal: Refusal, readonly digest: Digest }

/** A message's header, base64url characters. */
const MESSAGE_HEADER_MAX = 400
const MESSAGE_HEADER = /^\{"alg":"EdDSA","iat":(0|[1-9]\d{0,11}),"kid":"([A-Za-z0-9_-]{43})","typ":"(tiltas-[a-z.-]{1,40}\.[1-9]\d{0,3}\+jws)"\}$/
const SIGNATURE_CHARACTERS = 86

interface MessageParts { readonly header: string, readonly payload: string, readonly signature: Uint8Array }
interface MessageHeader { readonly iat: number, readonly kid: Kid, readonly type: MessageType }

/**
 * The checks, in this order; the first that fails gives the refusal. `digest` is SHA-256 of the JWS in every case.
 *   1 size                                        too-large
 *   2 three parts, canonical base64url            malformed
 *   3 header: alg, iat, kid, typ and nothing else wrong-algorithm, malformed
 *   4 type and version known                      not-understood
 *   5 payload canonical and of that exact shape   malformed
 *   6 iat of header and payload; iss, aud, class and exp of payload and envelope   envelope-differs
 *   7 key of this agency, for this kind, at iat   nation-unknown, chain-broken, statement-expired, unknown-key, revoked, beyond-powers
 *   8 signature                                   wrong-signature
 *   9 not yet ended; not ahead of our clock       expired, from-the-future
 */
export function openMessage (jws: string, context: OpenContext): Opened {
  const jwsBytes = Buffer.from(jws, 'utf8')
  const digest = digestOfBytes(jwsBytes)
  const parts = readParts(jws)
  if (isRefusal(parts)) return { refusal: parts, digest }
  const header = readMessageHeader(parts.header)
  if (isRefusal(header)) return { refusal: header, digest }
  const message = readPayload(parts.payload, header.type)
  if (isRefusal(message)) return { refusal: message, digest }
  const input = jwsBytes.subarray(0, parts.header.length + 1 + parts.payload.length)
  const refusal = compareWithEnvelope(message, header, context) ??
    checkSignature(message, header, input, parts.signature, context) ??
    checkTime(message, context.now)
  return refusal === undefined ? { message: message as Verified<Message>, digest, jwsBytes, kid: header.kid } : { refusal, digest }
}

function readParts (jws: string): MessageParts | Refusal {
  if (jws.length > MESSAGE_BYTES_MAX) return refuse('too-large', 'MESSAGE_BYTES_MAX')
  const parts = splitParts(jws, 3)
  const signature = parts?.[2]!.length === SIGNATURE_CHARACTERS ? decodePart(parts[2]!) : undefined
  if (signature === undefined) return refuse('malformed', 'jws')
  return { header: parts![0]!, payload: parts![1]!, signature }
}

function readMessageHeader (part: string): MessageHeader | Refusal {
  if (part.length > MESSAGE_HEADER_MAX) return refuse('malformed', 'header')
  const text = decodeTextPart(part)
  if (text === undefined) return refuse('malformed', 'header')
  const found = MESSAGE_HEADER.exec(text)
  if (found === null) return refuse(...diagnoseHeader(text, ALGORITHMS.message.sign[0]))
  const type = typeOfTyp(found[3]!)
  return type === undefined ? refuse('not-understood', found[3]!) : { iat: Number(found[1]), kid: found[2] as Kid, type }
}

/** Why a header is not ours: another algorithm is told apart from any other difference. */
function diagnoseHeader (text: string, alg: string): ['wrong-algorithm' | 'malformed', string] {
  const header = parseJson(text)
  const isObject = typeof header === 'object' && header !== null && !Array.isArray(header)
  return isObject && (header as { readonly [name: string]: Json })['alg'] !== alg ? ['wrong-algorithm', 'header'] : ['malformed', 'header']
}

function readPayload (part: string, type: MessageType): Message | Refusal {
  const text = decodeTextPart(part)
  const json = text === undefined ? undefined : parseJson(text)
  if (json === undefined) return refuse('malformed', 'payload')
  const parsed = MESSAGE_SCHEMAS[type].safeParse(json)
  return parsed.success ? parsed.data : refuse('malformed', `${type} ${parsed.error.issues[0]!.path.join('.')}`.slice(0, 120))
}

/** A tombstone stands in the place of a message of any class; a parcel ends with the last of its messages. */
function compareWithEnvelope (message: Message, header: MessageHeader, { from, to, streamClass, exp }: ParcelEnvelope): Refusal | undefined {
  const differing = header.iat !== message.iat ? 'iat'
    : message.iss !== from ? 'iss'
      : message.aud !== to ? 'aud'
        : message.exp > exp ? 'exp'
          : message.type !== 'tombstone/1' && streamClassOf(message) !== streamClass ? 'class' : undefined
  return differing === undefined ? undefined : refuse('envelope-differs', differing)
}

function checkSignature (message: Message, { kid, type }: MessageHeader, input: Uint8Array, signature: Uint8Array, { trust, suite }: OpenContext): Refusal | undefined {
  const issuer: AgencyId = message.iss
  const key = trust.signingKey(issuer, kid, kindOf(type), fromUnixSeconds(message.iat))
  if (isRefusal(key)) return key
  if (trust.isCompromised(issuer, kid)) return refuse('revoked', `${kid} compromised`)
  return suite.verify(key.publicKey, input, signature) ? undefined : refuse('wrong-signature', kid)
}

function checkTime ({ iat, exp }: Message, now: Instant): Refusal | undefined {
  if (fromUnixSeconds(exp) <= now) return refuse('expired', 'exp')
  return fromUnixSeconds(iat) > now + CLOCK_SKEW_MAX ? refuse('from-the-future', 'CLOCK_SKEW_MAX') : undefined
}
