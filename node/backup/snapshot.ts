/**
 * The pairs of a store as bytes: between a running node and the command that takes a backup, and inside a backup. Personal
 * values are sealed in the store and stay so. Invariant: a stream that broke off is never taken for a whole one.
 *
 *   pair   key length (u16) ‖ value length (u32) ‖ key ‖ value; a key length of 0 ends them
 */
import type { StoreKey } from '../runtime/ports.ts'
import { STORE_KEY_LENGTH_MAX } from '../runtime/store-keys.ts'
import { ByteReader } from './byte-reader.ts'
import { BackupError } from './errors.ts'

export interface Pair { readonly key: StoreKey, readonly value: Uint8Array }

const HEAD_BYTES = 6
export const VALUE_BYTES_MAX = 16 * 1024 * 1024
/** Pairs are gathered to pieces of about this size. */
const PIECE_BYTES = 256 * 1024
const END = Buffer.alloc(HEAD_BYTES)

export function encodePair ({ key, value }: Pair): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + key.length + value.length)
  bytes.writeUInt16BE(key.length, 0)
  bytes.writeUInt32BE(value.length, 2)
  bytes.write(key, HEAD_BYTES, 'latin1')
  bytes.set(value, HEAD_BYTES + key.length)
  return bytes
}

/** Undefined at the end mark. @throws BackupError `no-snapshot` when the stream ends before, or is no stream of pairs */
export async function readPair (reader: ByteReader): Promise<Pair | undefined> {
  const head = await reader.exactly(HEAD_BYTES)
  const [keyLength, valueLength] = head === undefined ? [STORE_KEY_LENGTH_MAX + 1, 0] : [head.readUInt16BE(0), head.readUInt32BE(2)]
  if (keyLength > STORE_KEY_LENGTH_MAX || valueLength > VALUE_BYTES_MAX) throw new BackupError('no-snapshot')
  if (keyLength === 0) return undefined
  const bytes = await reader.exactly(keyLength + valueLength)
  if (bytes === undefined) throw new BackupError('no-snapshot')
  return { key: bytes.toString('latin1', 0, keyLength), value: bytes.subarray(keyLength) }
}

export async function * encodePairs (pairs: AsyncIterable<Pair>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const pair of pairs) {
    const bytes = encodePair(pair)
    held.push(bytes)
    size += bytes.length
    if (size < PIECE_BYTES) continue
    yield Buffer.concat(held)
    held = []
    size = 0
  }
  yield Buffer.concat([...held, END])
}

/** @throws BackupError `no-snapshot` */
export async function * decodePairs (source: AsyncIterable<Uint8Array>): AsyncGenerator<Pair> {
  const reader = new ByteReader(source)
  try {
    for (let pair = await readPair(reader); pair !== undefined; pair = await readPair(reader)) yield pair
  } finally { await reader.close() }
}
