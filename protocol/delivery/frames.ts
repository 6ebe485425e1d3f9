/**
 * What travels on a stream between two nodes. A frame is one byte of kind, then its body:
 *
 *   0x01 hello             canonical JSON   the opener says where its stream stands
 *   0x02 welcome           canonical JSON   the other side says what it holds of that stream
 *   0x03 parcel            u32be length of the header ‖ header, canonical JSON ‖ JWE compact (ASCII)
 *   0x04 acknowledgement   canonical JSON   everything up to this position is durable
 *
 * Hostile input is first touched here: every length and every field is checked before anything else sees it.
 */
import { z } from 'zod'
import { asciiText, concatBytes, sha256, toBase64url, u64be, utf8ToBytes } from '../bytes.ts'
import type { Digest } from '../identifiers.ts'
import { NODE_ID } from '../identifiers.ts'
import { FRAME_BYTES_MAX, PARCEL_MESSAGES_MAX } from '../limits.ts'
import { encodeJson, parseJson } from '../messages/encoding.ts'
import { agencyId, digest, seconds } from '../messages/message.ts'
import { STREAM_CLASSES } from '../messages/vocabulary.ts'

/** An incarnation changes when a sender cannot go on from what the receiver holds (it was restored from a backup). */
const incarnation = z.string().regex(/^[A-Za-z0-9_-]{22}$/)
const seq = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const hash = z.union([digest, z.literal('')])
const position = z.strictObject({ incarnation, seq, hash })
/** A point on a stream: hash is that of the parcel at `seq`, empty before the first. */
export type Position = { readonly incarnation: string, readonly seq: number, readonly hash: Digest | '' }

const helloSchema = z.strictObject({ v: z.literal(1), node: z.string().regex(NODE_ID), versions: z.array(z.string().max(40)).max(64), at: position.nullable() })
export type Hello = z.infer<typeof helloSchema>
const welcomeSchema = z.strictObject({ v: z.literal(1), versions: z.array(z.string().max(40)).max(64), holds: position.nullable() })
export type Welcome = z.infer<typeof welcomeSchema>
const acknowledgementSchema = position
export type Acknowledgement = Position

const headerSchema = z.strictObject({
  incarnation, seq: seq.min(1), prev: hash,
  from: agencyId, to: agencyId, class: z.enum(STREAM_CLASSES), exp: seconds,
  /** Digests of the signed messages, in order. */
  digests: z.array(digest).min(1).max(PARCEL_MESSAGES_MAX)
})
export type ParcelHeader = z.infer<typeof headerSchema>

export type Frame =
  | { readonly kind: 'hello', readonly body: Hello }
  | { readonly kind: 'welcome', readonly body: Welcome }
  | { readonly kind: 'acknowledgement', readonly body: Acknowledgement }
export type ReceivedFrame = Frame | { readonly kind: 'parcel', readonly header: ParcelHeader, readonly sealed: Uint8Array }

const KINDS = { hello: 1, welcome: 2, parcel: 3, acknowledgement: 4 } as const
const SCHEMAS = { 1: ['hello', helloSchema], 2: ['welcome', welcomeSchema], 4: ['acknowledgement', acknowledgementSchema] } as const

/** Chains positions, so that a stream cannot be continued on top of anything but what the receiver holds. */
export const positionHash = (header: Pick<ParcelHeader, 'incarnation' | 'seq' | 'prev' | 'digests'>): Digest => toBase64url(sha256(concatBytes(
  utf8ToBytes(`tiltas/position/1\0${header.incarnation}\0`), u64be(header.seq), utf8ToBytes(`${header.prev}\0${header.digests.join('\0')}`)))) as Digest

export const encodeFrame = (frame: Frame): Uint8Array => concatBytes(new Uint8Array([KINDS[frame.kind]]), utf8ToBytes(encodeJson(frame.body)))

export function encodeParcel (header: ParcelHeader, sealed: Uint8Array): Uint8Array {
  const head = utf8ToBytes(encodeJson(header))
  const frame = new Uint8Array(5 + head.length + sealed.length)
  frame[0] = KINDS.parcel
  new DataView(frame.buffer).setUint32(1, head.length)
  frame.set(head, 5)
  frame.set(sealed, 5 + head.length)
  return frame
}

/** Undefined for anything that is not exactly one of the four frames. */
export function parseFrame (bytes: Uint8Array): ReceivedFrame | undefined {
  if (bytes.length < 2 || bytes.length > FRAME_BYTES_MAX) return undefined
  if (bytes[0] === KINDS.parcel) return parseParcel(bytes)
  const known = SCHEMAS[bytes[0] as keyof typeof SCHEMAS]
  const text = known === undefined || bytes.length > 8192 ? undefined : asciiText(bytes.subarray(1))
  const body = text === undefined ? undefined : known![1].safeParse(parseJson(text))
  return body?.success === true ? { kind: known![0], body: body.data } as Frame : undefined
}

function parseParcel (bytes: Uint8Array): ReceivedFrame | undefined {
  if (bytes.length < 6) return undefined
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
  if (length > 16_384 || 5 + length >= bytes.length) return undefined
  const text = asciiText(bytes.subarray(5, 5 + length))
  const header = text === undefined ? undefined : headerSchema.safeParse(parseJson(text))
  return header?.success === true ? { kind: 'parcel', header: header.data, sealed: bytes.subarray(5 + length) } : undefined
}
