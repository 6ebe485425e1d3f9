/**
 * Seals one stored record under its own key, bound to the place where it is stored, so that a record can neither be
 * changed nor be put in another one's place. Erasing the key erases the record in every copy (DESIGN 11).
 * A key seals one record once; nothing here knows where keys come from.
 *
 *   nonce (12) ‖ ciphertext (as long as the plaintext) ‖ tag (16)          AES-256-GCM, NIST SP 800-38D
 */
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
export const RECORD_KEY_BYTES = 32
export const RECORD_NONCE_BYTES = 12
const TAG_BYTES = 16
/** How much longer a sealed record is than its plaintext. */
export const SEALED_RECORD_OVERHEAD = RECORD_NONCE_BYTES + TAG_BYTES
const TAG_OPTIONS = { authTagLength: TAG_BYTES } as const

/** Record keys are grouped by the month that they are erased with: `2026-11`. */
export const RETENTION_MONTH = /^\d{4}-(?:0[1-9]|1[0-2])$/

/**
 * `aad` names the place where the record is stored; opening needs the same. With `room`, so many bytes are left free
 * in front for the caller's header. Throws RangeError when the key is not 32 or the nonce not 12 bytes.
 */
export function sealRecord (key: Uint8Array, plaintext: Uint8Array, nonce: Uint8Array, aad: Uint8Array, room = 0): Uint8Array {
  if (key.length !== RECORD_KEY_BYTES || nonce.length !== RECORD_NONCE_BYTES) throw new RangeError('a record key has 32 bytes and its nonce 12')
  const sealed = Buffer.allocUnsafe(room + plaintext.length + SEALED_RECORD_OVERHEAD)
  sealed.fill(0, 0, room)
  sealed.set(nonce, room)
  // A key object: of raw bytes Node finds out by two errors, thrown and caught, that they are none, which costs five times as much.
  const cipher = createCipheriv(ALGORITHM, createSecretKey(key), nonce, TAG_OPTIONS)
  cipher.setAAD(aad)
  sealed.set(cipher.update(plaintext), room + RECORD_NONCE_BYTES)
  cipher.final()
  sealed.set(cipher.getAuthTag(), sealed.length - TAG_BYTES)
  return new Uint8Array(sealed.buffer, sealed.byteOffset, sealed.length)
}

/** Undefined when the bytes are too short, were changed, or were sealed under another key or for another place. */
export function openRecord (key: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  if (key.length !== RECORD_KEY_BYTES || sealed.length < SEALED_RECORD_OVERHEAD) return undefined
  const tagAt = sealed.length - TAG_BYTES
  const decipher = createDecipheriv(ALGORITHM, createSecretKey(key), sealed.subarray(0, RECORD_NONCE_BYTES), TAG_OPTIONS)
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(tagAt))
  const plaintext = decipher.update(sealed.subarray(RECORD_NONCE_BYTES, tagAt))
  try { decipher.final() } catch { return undefined }
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length)
}
