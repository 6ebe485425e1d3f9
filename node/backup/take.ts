/**
 * Writes a backup, and reads one through to the end without restoring it. Invariant: the file appears under its name only
 * when it is whole and on disk, and only its owner can read it.
 */
import { createReadStream, existsSync } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ByteReader } from './byte-reader.ts'
import { decodeEntries, encodeEntries, type BackupFile, type Entry } from './entries.ts'
import { BackupError } from './errors.ts'
import { HEADER_BYTES_MAX, contentKeyOf, makeHeader, parseHeader, type BackupFacts, type BackupHeader, type OpenWith, type SealWith } from './header.ts'
import { openStream, sealStream } from './sealed-stream.ts'
import type { Pair } from './snapshot.ts'

const PART_SUFFIX = '.part'

export interface BackupSource { readonly facts: BackupFacts, readonly pairs: AsyncIterable<Pair>, readonly files: () => AsyncIterable<BackupFile> }

/** Answers how many bytes it has. @throws BackupError `exists`, `full`, `not-written`, `weak-passphrase`, `no-snapshot` */
export async function writeBackup (path: string, { facts, pairs, files }: BackupSource, sealWith: SealWith): Promise<number> {
  if (existsSync(path)) throw new BackupError('exists')
  const { bytes, contentKey } = await makeHeader(facts, sealWith)
  const part = path + PART_SUFFIX
  // Of a try that was killed, and never whole.
  await rm(part, { force: true })
  const handle = await open(part, 'wx', 0o600).catch(cause => { throw writeErrorOf(cause) })
  try {
    let size = await append(handle, bytes)
    for await (const sealed of sealStream(encodeEntries(pairs, files), contentKey)) size += await append(handle, sealed)
    await handle.sync()
    await handle.close()
    await rename(part, path)
    await syncFolder(dirname(path))
    return size
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(part, { force: true })
    throw writeErrorOf(error)
  } finally { contentKey.fill(0) }
}

async function append (handle: FileHandle, bytes: Uint8Array): Promise<number> {
  for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done)).bytesWritten
  return bytes.length
}

export async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try { await handle.sync() } finally { await handle.close() }
}

/** Errors of the system as ours; others as they are. */
export function writeErrorOf (error: unknown): unknown {
  const { code, name } = error as { code?: unknown, name?: unknown }
  if (code === 'ENOSPC' || code === 'EDQUOT' || (name === 'StoreError' && code === 'full')) return new BackupError('full', { cause: error })
  if (code === 'EEXIST') return new BackupError('exists', { cause: error })
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? new BackupError('not-written', { detail: code, cause: error }) : error
}

/** What anybody can see of it. @throws BackupError `not-a-backup`, `newer`, `damaged`, `truncated` */
export async function openBackup (path: string): Promise<{ header: BackupHeader, entries: (openWith: OpenWith) => AsyncGenerator<Entry>, close: () => Promise<void> }> {
  const reader = new ByteReader(createReadStream(path, { highWaterMark: 256 * 1024 }))
  const close = (): Promise<void> => reader.close()
  try {
    const mark = await reader.line(HEADER_BYTES_MAX)
    if (mark === undefined) throw new BackupError('not-a-backup')
    const line = /^tiltas-backup\/1$/.test(mark) ? await reader.line(HEADER_BYTES_MAX) : ''
    if (line === undefined) throw new BackupError('truncated', { detail: 'header' })
    const header = parseHeader(mark, line)
    return { header, close, entries: openWith => entriesOf(reader, header, openWith) }
  } catch (error) {
    await close()
    throw (error as { code?: unknown }).code === 'ENOENT' ? new BackupError('not-a-backup', { detail: 'there is no such file', cause: error }) : error
  }
}

async function * entriesOf (reader: ByteReader, header: BackupHeader, openWith: OpenWith): AsyncGenerator<Entry> {
  const key = await contentKeyOf(header, openWith)
  try { yield * decodeEntries(openStream(reader.rest(), key)) } finally { key.fill(0) }
}

export interface Verified { readonly pairs: number, readonly files: number, readonly bytes: number }

/** Reads all of it: every byte is authentic and in its place. @throws BackupError */
export async function verifyBackup (entries: AsyncIterable<Entry>): Promise<Verified> {
  let bytes = 0
  for await (const entry of entries) {
    if (entry.what === 'pair') bytes += entry.pair.value.length
    else if (entry.what === 'file') bytes += entry.file.bytes.length
    else return { pairs: entry.pairs, files: entry.files, bytes }
  }
  throw new BackupError('truncated')
}
