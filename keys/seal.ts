/**
 * From a message to the bytes that leave: signed by the agency (JWS compact, RFC 7515), then sealed to the recipient
 * agency (JWE compact, RFC 7516), many messages in one parcel so that one key agreement serves them all.
 *
 *   JWS header   {"alg":"EdDSA","iat":…,"kid":…,"typ":"tiltas-hit.1+jws"}
 *   JWE header   {"alg":"ECDH-ES+A256KW","class":…,"enc":"A256GCM","epk":{…},"exp":…,"from":…,"kid":…,"to":…,"typ":"tiltas-parcel+jwe"}
 *   plaintext    {"items":[{"jws":…,"k":…},…],"v":1}
 *
 * All JSON is canonical. The limits are those that the receiver applies: what we make, we would accept.
 */
import { createSecretKey, hkdfSync } from 'node:crypto'
import type { AgencyId, Kid } from '../protocol/identifiers.ts'
import { MESSAGE_BYTES_MAX, PARCEL_BYTES_MAX, PARCEL_MESSAGES_MAX } from '../protocol/limits.ts'
import { encodeJson, type Json } from '../protocol/messages/encoding.ts'
import { typOf, type Message } from '../protocol/messages/message.ts'
import type { StreamClass } from '../protocol/messages/vocabulary.ts'
import { ALGORITHMS } from './algorithms.ts'
import { digestOfBytes, encodePart, encodeTextPart } from './compact.ts'
import type { CipherSuite, ContentSecrets } from './suite.ts'

export const PARCEL_TYP = 'tiltas-parcel+jwe'

/** What is signed: `BASE64URL(header) . BASE64URL(payload)`, as text and as the ASCII bytes that the key ring gets. */
export interface SigningInput { readonly text: string, readonly bytes: Uint8Array }

/** The header's `iat` repeats the message's, so that the time stands in the signature's own header as JAdES asks. */
export function signingInput (message: Message, kid: Kid): SigningInput {
  const header = `{"alg":"EdDSA","iat":${message.iat},"kid":"${kid}","typ":"${typOf(message.type)}"}`
  const text = `${encodeTextPart(header)}.${encodeTextPart(encodeJson(message as unknown as Json))}`
  return { text, bytes: Buffer.from(text, 'latin1') }
}

/** @throws RangeError when the signed message would be larger than a receiver accepts */
export function assembleJws (input: SigningInput, signature: Uint8Array): string {
  const jws = `${input.text}.${encodePart(signature)}`
  if (jws.length > MESSAGE_BYTES_MAX) throw new RangeError('the signed message is larger than MESSAGE_BYTES_MAX')
  return jws
}

/** What the frame around a parcel says; repeated inside the sealed header, and compared with each message. */
export interface ParcelEnvelope {
  readonly from: AgencyId
  readonly to: AgencyId
  readonly streamClass: StreamClass
  /** Unix seconds; no message in the parcel ends later. */
  readonly exp: number
}
/** One signed message with the 32-byte key of its log commitment. */
export interface ParcelItem { readonly jws: string, readonly k: Uint8Array }
export interface ParcelRecipient { readonly kid: Kid, readonly publicKey: Uint8Array }

export const encodeItems = (items: readonly { readonly jws: string, readonly k: string }[]): string =>
  `{"items":[${items.map(({ jws, k }) => `{"jws":${JSON.stringify(jws)},"k":"${k}"}`).join()}],"v":1}`

export const parcelHeader = ({ from, to, streamClass, exp }: ParcelEnvelope, kid: Kid, ephemeralKey: string): string =>
  `{"alg":"${ALGORITHMS.parcel.agree}","class":"${streamClass}","enc":"${ALGORITHMS.parcel.encrypt}",` +
  `"epk":{"crv":"${ALGORITHMS.parcel.curve}","kty":"OKP","x":"${ephemeralKey}"},"exp":${exp},"from":"${from}","kid":"${kid}","to":"${to}","typ":"${PARCEL_TYP}"}`

/**
 * Seals one parcel and answers its ASCII bytes. `seed`: 32 unpredictable bytes, used once; the ephemeral key, content
 * key and nonce come from it and from the plaintext, so even a repeated seed never uses a nonce for two plaintexts.
 * @throws RangeError beyond PARCEL_MESSAGES_MAX or PARCEL_BYTES_MAX
 */
export function sealParcel (items: readonly ParcelItem[], envelope: ParcelEnvelope, recipient: ParcelRecipient, suite: CipherSuite, seed: Uint8Array): Uint8Array {
  ensureWithinLimits(items)
  const plaintext = Buffer.from(encodeItems(items.map(({ jws, k }) => ({ jws, k: encodePart(k) }))), 'utf8')
  const { ephemeralSeed, secrets } = deriveSecrets(seed, plaintext)
  const { ephemeralKey, sharedSecret } = suite.agreeOnce(ephemeralSeed, recipient.publicKey)
  const header = encodeTextPart(parcelHeader(envelope, recipient.kid, encodePart(ephemeralKey)))
  const { wrappedKey, iv, ciphertext, tag } = suite.seal(sharedSecret, secrets, Buffer.from(header, 'latin1'), plaintext)
  return Buffer.from(`${header}.${encodePart(wrappedKey)}.${encodePart(iv)}.${encodePart(ciphertext)}.${encodePart(tag)}`, 'latin1')
}

function ensureWithinLimits (items: readonly ParcelItem[]): void {
  if (items.length === 0 || items.length > PARCEL_MESSAGES_MAX) throw new RangeError('a parcel holds 1 to PARCEL_MESSAGES_MAX messages')
  const bytes = items.reduce((sum, { jws }) => sum + jws.length, 0)
  if (bytes > PARCEL_BYTES_MAX) throw new RangeError('the messages of this parcel are larger than PARCEL_BYTES_MAX')
}

/** HKDF-SHA-256 (RFC 5869), 76 bytes: ephemeral X25519 seed, content key, nonce. */
function deriveSecrets (seed: Uint8Array, plaintext: Uint8Array): { ephemeralSeed: Uint8Array, secrets: ContentSecrets } {
  if (seed.length !== 32) throw new RangeError('a parcel is sealed from 32 bytes of seed')
  const bytes = new Uint8Array(hkdfSync('sha256', createSecretKey(seed), '', `tiltas/parcel/1\0${digestOfBytes(plaintext)}`, 76))
  return { ephemeralSeed: bytes.subarray(0, 32), secrets: { key: bytes.subarray(32, 64), iv: bytes.subarray(64, 76) } }
}
