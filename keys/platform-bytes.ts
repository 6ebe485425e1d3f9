/**
 * What Node does faster than portable code: SHA-256, UTF-8 and base64url of protocol/bytes.ts. Invariant: the same results,
 * to the byte and to the refusal; and always a plain Uint8Array, whose `slice` copies.
 */
import { hash } from 'node:crypto'
import type { PlatformBytes } from '../protocol/bytes.ts'

const DIGEST_BYTES = 32
const PRINTABLE = /^[\x20-\x7e]*$/
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const asBytes = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

/** By way of text, one character a byte: Node makes that five times faster than a buffer of its own memory. */
function sha256 (bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'binary')
  const digest = new Uint8Array(DIGEST_BYTES)
  for (let i = 0; i < DIGEST_BYTES; i++) digest[i] = text.charCodeAt(i)
  return digest
}

export const nodeBytes: PlatformBytes = {
  sha256,
  utf8ToBytes: text => asBytes(Buffer.from(text, 'utf8')),
  toBase64url: bytes => asBuffer(bytes).toString('base64url'),
  fromBase64url: text => {
    const bytes = Buffer.from(text, 'base64url')
    return bytes.toString('base64url') === text ? asBytes(bytes) : undefined
  },
  asciiText: bytes => {
    const text = asBuffer(bytes).toString('latin1')
    return PRINTABLE.test(text) ? text : undefined
  }
}
