/**
 * The parts of compact serialisations (RFC 7515 section 7.1, RFC 7516 section 7.1): base64url without padding, joined
 * by dots. Hostile input is first touched here. Invariant: one value has one spelling; trailing bits, padding, foreign
 * characters and broken UTF-8 are refused, not repaired.
 */
import { hash } from 'node:crypto'
import type { Digest } from '../protocol/identifiers.ts'
import { parseJson, type Json } from '../protocol/messages/encoding.ts'

export const encodePart = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')

export const encodeTextPart = (text: string): string => Buffer.from(text, 'utf8').toString('base64url')

/** Undefined when the part is not canonical base64url. */
export function decodePart (part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}

/** Undefined when the bytes are not UTF-8: a replacement character that was not sent shows it. */
export function decodeText (bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  return text.includes('\uFFFD') && !Buffer.from(text, 'utf8').equals(buffer) ? undefined : text
}

export function decodeTextPart (part: string): string | undefined {
  const bytes = decodePart(part)
  return bytes === undefined ? undefined : decodeText(bytes)
}

/** Undefined unless the part is canonical JSON in canonical base64url. */
export function decodeJsonPart (part: string): Json | undefined {
  const text = decodeTextPart(part)
  return text === undefined ? undefined : parseJson(text)
}

/** SHA-256 of text as UTF-8, or of bytes; the fast form of protocol/bytes.ts `digestOf`. */
export const digestOfBytes = (content: string | Uint8Array): Digest => hash('sha256', content, 'base64url') as Digest

/** Exactly `count` parts, none of them looked into; undefined otherwise. */
export function splitParts (text: string, count: number): string[] | undefined {
  const parts = text.split('.', count + 1)
  return parts.length === count ? parts : undefined
}
