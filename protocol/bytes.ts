/** Bytes, text and base64url without Buffer or TextEncoder, so that pure folders run anywhere. */
import { sha256 as portableSha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes as portableUtf8ToBytes, concatBytes } from '@noble/hashes/utils.js'
import type { Digest, MessageId } from './identifiers.ts'

export { concatBytes }

/** What a platform may do in place of the portable code below: the same functions, several times faster. */
export interface PlatformBytes {
  sha256 (bytes: Uint8Array): Uint8Array
  utf8ToBytes (text: string): Uint8Array
  toBase64url (bytes: Uint8Array): string
  /** Undefined unless the text is canonical. */
  fromBase64url (text: string): Uint8Array | undefined
  /** Text of ASCII bytes; undefined when one is below 32 or above 126. */
  asciiText (bytes: Uint8Array): string | undefined
}
/** The platform's own functions from now on. */
export const usePlatformBytes = (own: PlatformBytes): void => { platform = own }

/** SHA-256, FIPS 180-4. */
export const sha256 = (bytes: Uint8Array): Uint8Array => platform.sha256(bytes)
export const utf8ToBytes = (text: string): Uint8Array => platform.utf8ToBytes(text)
/** RFC 4648 section 5, no padding. */
export const toBase64url = (bytes: Uint8Array): string => platform.toBase64url(bytes)
/** Undefined when the text is not canonical base64url without padding: one value, one spelling. */
export const fromBase64url = (text: string): Uint8Array | undefined => platform.fromBase64url(text)
/** Text of bytes that must be printable ASCII; undefined otherwise. */
export const asciiText = (bytes: Uint8Array): string | undefined => platform.asciiText(bytes)

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
// The inner block of a message that fits, and the outer one: nothing runs between filling and hashing them.
const innerRoom = new Uint8Array(BLOCK_BYTES + 8 * 1024)
const outer = new Uint8Array(BLOCK_BYTES + DIGEST_BYTES)

/** HMAC-SHA-256 (RFC 2104) of the parts, one after the other, with a key of at most 64 bytes. */
export function hmacSha256 (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = BLOCK_BYTES
  for (const part of parts) length += part.length
  const inner = length <= innerRoom.length ? innerRoom : new Uint8Array(length)
  inner.fill(0x36, 0, BLOCK_BYTES)
  outer.fill(0x5c, 0, BLOCK_BYTES)
  for (let i = 0; i < key.length; i++) { inner[i]! ^= key[i]!; outer[i]! ^= key[i]! }
  let at = BLOCK_BYTES
  for (const part of parts) { inner.set(part, at); at += part.length }
  outer.set(sha256(inner.subarray(0, length)), BLOCK_BYTES)
  return sha256(outer)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function portableToBase64url (bytes: Uint8Array): string {
  let text = ''
  let i = 0
  for (; i + 2 < bytes.length; i += 3) {
    const n = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
    text += ALPHABET[n >> 18]! + ALPHABET[(n >> 12) & 63]! + ALPHABET[(n >> 6) & 63]! + ALPHABET[n & 63]!
  }
  const left = bytes.length - i
  if (left === 1) text += ALPHABET[bytes[i]! >> 2]! + ALPHABET[(bytes[i]! & 3) << 4]!
  if (left === 2) {
    const n = (bytes[i]! << 8) | bytes[i + 1]!
    text += ALPHABET[n >> 10]! + ALPHABET[(n >> 4) & 63]! + ALPHABET[(n & 15) << 2]!
  }
  return text
}

const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i

function portableFromBase64url (text: string): Uint8Array | undefined {
  const rest = text.length % 4
  if (rest === 1) return undefined
  const bytes = new Uint8Array(Math.floor(text.length * 3 / 4))
  let bits = 0; let held = 0; let at = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const value = code < 128 ? VALUES[code]! : -1
    if (value < 0) return undefined
    bits = (bits << 6) | value
    held += 6
    if (held >= 8) { held -= 8; bytes[at++] = (bits >> held) & 255; bits &= (1 << held) - 1 }
  }
  return bits === 0 ? bytes : undefined
}

function portableAsciiText (bytes: Uint8Array): string | undefined {
  let text = ''
  for (let from = 0; from < bytes.length; from += 8192) {
    const part = bytes.subarray(from, from + 8192)
    for (const byte of part) if (byte > 126 || byte < 32) return undefined
    text += String.fromCharCode(...part)
  }
  return text
}

export const portableBytes: PlatformBytes = {
  sha256: portableSha256, utf8ToBytes: portableUtf8ToBytes, toBase64url: portableToBase64url, fromBase64url: portableFromBase64url, asciiText: portableAsciiText
}
let platform = portableBytes

export const digestOf = (bytes: Uint8Array): Digest => toBase64url(sha256(bytes)) as Digest

/** 16 bytes as an id that never begins with `-`, so that a command line takes it for what it is. */
export function messageIdOf (bytes: Uint8Array): MessageId {
  const id = bytes.slice(0, 16)
  id[0]! &= 0x7f
  return toBase64url(id) as MessageId
}

/** An id made of what caused a message, so that doing the same again after a restore names it the same. */
export const derivedMessageId = (purpose: string, ...causes: string[]): MessageId =>
  messageIdOf(sha256(utf8ToBytes(['tiltas/id/1', purpose, ...causes].join('\0'))))

export function bytesToHex (bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16)
  return text
}

export function u64be (n: number): Uint8Array {
  const bytes = new Uint8Array(8)
  let rest = n
  for (let i = 7; i >= 0; i--) { bytes[i] = rest % 256; rest = Math.floor(rest / 256) }
  return bytes
}

export function equalBytes (a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let different = 0
  for (let i = 0; i < a.length; i++) different |= a[i]! ^ b[i]!
  return different === 0
}
