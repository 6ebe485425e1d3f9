/**
 * What lies inside a backup, in this order: the pairs of the store, the files, and an end that counts both.
 * Invariant: a name of a file can lead nowhere but below the folder that is restored.
 */
import { z } from 'zod'
import { encodeJson, parseJson } from '../../protocol/messages/encoding.ts'
import { ByteReader } from './byte-reader.ts'
import { BackupError } from './errors.ts'
import { encodePairs, readPair, type Pair } from './snapshot.ts'

/** Segments of record keys have 2 MiB, key files 4 MiB at most. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024
const HEAD_BYTES_MAX = 2048
const PART = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/
const DEPTH_MAX = 8

/** `keys/ring.json`: parts of plain characters, none beginning with a dot. */
export const isFileName = (name: string): boolean => name.split('/').length <= DEPTH_MAX && name.split('/').every(part => PART.test(part))

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const head = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('pairs') }),
  z.strictObject({ what: z.literal('file'), name: z.string().refine(isFileName), bytes: count.max(FILE_BYTES_MAX) }),
  z.strictObject({ what: z.literal('end'), pairs: count, files: count })
])
export interface BackupFile { readonly name: string, readonly bytes: Uint8Array }
export type Entry = { readonly what: 'pair', readonly pair: Pair } | { readonly what: 'file', readonly file: BackupFile } | { readonly what: 'end', readonly pairs: number, readonly files: number }

function encodeHead (value: z.input<typeof head>): Uint8Array {
  const text = Buffer.from(encodeJson(value))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text])
}

/** `files` is asked only when the pairs are through, so that what they refer to is there. */
export async function * encodeEntries (pairs: AsyncIterable<Pair>, files: () => AsyncIterable<BackupFile>): AsyncGenerator<Uint8Array> {
  const counts = { pairs: 0, files: 0 }
  async function * counted (): AsyncGenerator<Pair> {
    for await (const pair of pairs) { counts.pairs++; yield pair }
  }
  yield encodeHead({ what: 'pairs' })
  yield * encodePairs(counted())
  for await (const { name, bytes } of files()) {
    counts.files++
    yield encodeHead({ what: 'file', name, bytes: bytes.length })
    yield bytes
  }
  yield encodeHead({ what: 'end', ...counts })
}

/** @throws BackupError `damaged` when it is not made like this; what was authenticated can still come from a broken version */
export async function * decodeEntries (source: AsyncIterable<Uint8Array>): AsyncGenerator<Entry> {
  const reader = new ByteReader(source)
  const counts = { pairs: 0, files: 0 }
  try {
    for (;;) {
      const entry = await readHead(reader)
      if (entry.what === 'pairs') {
        for (let pair = await readPair(reader); pair !== undefined; pair = await readPair(reader)) { counts.pairs++; yield { what: 'pair', pair } }
      } else if (entry.what === 'file') {
        counts.files++
        yield { what: 'file', file: { name: entry.name, bytes: await reader.exactly(entry.bytes) ?? broken('file') } }
      } else {
        if (entry.pairs !== counts.pairs || entry.files !== counts.files || !await reader.isAtEnd()) broken('end')
        return yield { ...counts, what: 'end' }
      }
    }
  } finally { await reader.close() }
}

async function readHead (reader: ByteReader): Promise<z.output<typeof head>> {
  const length = (await reader.exactly(4))?.readUInt32BE() ?? broken('head')
  const text = length > HEAD_BYTES_MAX ? undefined : await reader.exactly(length)
  const parsed = head.safeParse(text === undefined ? undefined : parseJson(text.toString('utf8')))
  return parsed.success ? parsed.data : broken('head')
}

function broken (where: string): never { throw new BackupError('damaged', { detail: where }) }
