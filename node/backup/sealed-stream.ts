/**
 * A long plaintext as a row of sealed chunks (STREAM, Hoang et al., CRYPTO 2015): the nonce counts them and marks the last one, so
 * that a chunk that was changed, moved, left out or repeated, and an end that was cut off, are seen.
 * Invariant: nothing is handed on that was not authenticated; a key seals one stream only.
 *
 *   nonce   number of the chunk (11, big-endian) ‖ 01 for the last, else 00
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { BackupError } from './errors.ts'

export const CHUNK_BYTES = 64 * 1024
const TAG_BYTES = 16
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES

function nonceOf (number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** `plain` in pieces of any size. */
export async function * sealStream (plain: AsyncIterable<Uint8Array>, key: Uint8Array): AsyncGenerator<Uint8Array> {
  let number = 0
  for await (const { piece, isLast } of cut(plain, CHUNK_BYTES)) {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number++, isLast))
    yield Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()])
  }
}

/** @throws BackupError `damaged`, `truncated` */
export async function * openStream (sealed: AsyncIterable<Uint8Array>, key: Uint8Array): AsyncGenerator<Uint8Array> {
  let number = 0
  for await (const { piece, isLast } of cut(sealed, SEALED_BYTES)) {
    const plain = open(piece, key, nonceOf(number, isLast))
    if (plain === undefined) throw new BackupError(isLast && (piece.length < TAG_BYTES || open(piece, key, nonceOf(number, false)) !== undefined) ? 'truncated' : 'damaged')
    number++
    yield plain
  }
}

function open (piece: Uint8Array, key: Uint8Array, nonce: Buffer): Uint8Array | undefined {
  if (piece.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(piece.subarray(-TAG_BYTES))
  try { return Buffer.concat([decipher.update(piece.subarray(0, -TAG_BYTES)), decipher.final()]) } catch { return undefined }
}

/** Pieces of exactly `length` bytes, and at the end one of 0 to `length`. */
async function * cut (source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<{ piece: Uint8Array, isLast: boolean }> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const bytes of source) {
    held.push(bytes)
    size += bytes.length
    if (size <= length) continue
    const joined = Buffer.concat(held)
    let at = 0
    for (; size - at > length; at += length) yield { piece: joined.subarray(at, at + length), isLast: false }
    held = [joined.subarray(at)]
    size -= at
  }
  yield { piece: Buffer.concat(held), isLast: true }
}
