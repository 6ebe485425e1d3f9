/**
 * A node out of a backup: written into a folder beside the one that is meant, tried there, and moved into place only when
 * all is well. Invariants: nothing is overwritten, and a restore that fails leaves nothing; the store is marked before it is
 * moved, so no node ever runs from a backup without saying so.
 */
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { kidOf } from '../../keys/identity.ts'
import { toBase64url } from '../../protocol/bytes.ts'
import type { Kid } from '../../protocol/identifiers.ts'
import type { Instant } from '../../protocol/instant.ts'
import { loadConfig, pathsOf, type NodeConfig } from '../config.ts'
import type { KeyRing, Store, StoreWrite } from '../runtime/ports.ts'
import { addStatements, readTrust, trustFolderOf } from '../trust-files.ts'
import { CONFIG_NAME } from './contents.ts'
import type { BackupFile, Entry } from './entries.ts'
import { BackupError } from './errors.ts'
import type { BackupHeader } from './header.ts'
import { logTheRestore, renewIncarnation, type LogOf } from './mark.ts'
import type { Pair } from './snapshot.ts'
import { syncFolder, writeErrorOf } from './take.ts'

const COMMIT_BYTES = 4 * 1024 * 1024
const COMMIT_WRITES_MAX = 4096
const STAGE_PREFIX = '.restoring-'

/** What a restore needs of the world; the command that asks for it chooses. */
export interface RestoreParts {
  openStore (folder: string): Promise<Store>
  openKeyRing (config: NodeConfig): Promise<{ keyRing: KeyRing, close: () => Promise<void> }>
  draw (length: number): Uint8Array
  now (): Instant
}

export interface RestoreOptions {
  readonly header: BackupHeader
  readonly entries: AsyncIterable<Entry>
  /** The new folder of the node; must not exist, or be empty. */
  readonly into: string
  /** Newer statements (revocations among them) than the backup has. */
  readonly statements: readonly Uint8Array[]
  /** Tries everything and leaves nothing. */
  readonly dryRun: boolean
}

export interface Restored { readonly configPath: string, readonly pairs: number, readonly files: number, readonly leaves: number, readonly addedStatements: number }

/** @throws BackupError */
export async function restoreBackup (options: RestoreOptions, parts: RestoreParts): Promise<Restored> {
  const into = resolve(options.into)
  if (existsSync(into) && readdirSync(into).length > 0) throw new BackupError('exists')
  const stage = join(dirname(into), STAGE_PREFIX + basename(into))
  try {
    await rm(stage, { recursive: true, force: true })
    await mkdir(dirname(into), { recursive: true })
    await mkdir(stage, { mode: 0o700 })
    const done = await fillStage(stage, options, parts)
    if (!options.dryRun) {
      // Over an empty folder; the system refuses it for any other.
      await rename(stage, into)
      await syncFolder(dirname(into))
    }
    return { ...done, configPath: join(into, CONFIG_NAME) }
  } catch (error) { throw writeErrorOf(error) } finally { await rm(stage, { recursive: true, force: true }) }
}

async function fillStage (stage: string, { header, entries, statements }: RestoreOptions, parts: RestoreParts): Promise<Omit<Restored, 'configPath'>> {
  const pairsAt = join(stage, '.pairs')
  const counts = await write(stage, pairsAt, entries, parts)
  const config = readConfig(stage)
  if (config.node !== header.node) throw new BackupError('damaged', { detail: 'node' })
  const paths = pathsOf(config.data)
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  await rename(pairsAt, paths.store)
  const added = addStatements(trustFolderOf(config.trust), statements)
  const leaves = await tryIt(config, paths.store, parts)
  return { ...counts, leaves, addedStatements: added.length }
}

function readConfig (stage: string): NodeConfig {
  try { return loadConfig(join(stage, CONFIG_NAME)) } catch (cause) { throw new BackupError('would-not-start', { detail: (cause as Error).message, cause }) }
}

/** The store is written while the config, which says where it belongs, is still to come. */
async function write (stage: string, pairsAt: string, entries: AsyncIterable<Entry>, { openStore, draw }: RestoreParts): Promise<{ pairs: number, files: number }> {
  const store = await openStore(pairsAt)
  const batch = new Batch(store)
  const folders = new Set<string>()
  try {
    for await (const entry of entries) {
      if (entry.what === 'pair') await batch.put(renewIncarnation(entry.pair, draw))
      else if (entry.what === 'file') folders.add(await writeFile(stage, entry.file))
      else {
        await batch.flush()
        for (const folder of [...folders, stage]) await syncFolder(folder)
        return { pairs: entry.pairs, files: entry.files }
      }
    }
    throw new BackupError('truncated')
  } finally { await store.close() }
}

class Batch {
  readonly #store: Store
  #writes: StoreWrite[] = []
  #bytes = 0

  constructor (store: Store) { this.#store = store }

  async put ({ key, value }: Pair): Promise<void> {
    this.#writes.push({ op: 'put', key, value })
    this.#bytes += value.length
    if (this.#bytes >= COMMIT_BYTES || this.#writes.length >= COMMIT_WRITES_MAX) await this.flush()
  }

  async flush (): Promise<void> {
    await this.#store.commit(this.#writes)
    this.#writes = []
    this.#bytes = 0
  }
}

/** Answers the folder that it lies in. */
async function writeFile (stage: string, { name, bytes }: BackupFile): Promise<string> {
  const path = join(stage, name)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally { await file.close() }
  return dirname(path)
}

/** Everything that a start asks for, so that whoever restores learns it now; then the leaf that says what happened. */
async function tryIt (config: NodeConfig, storeAt: string, { openStore, openKeyRing, now }: RestoreParts): Promise<number> {
  const opened = await openKeyRing(config).catch((cause: Error) => { throw new BackupError('would-not-start', { detail: cause.message, cause }) })
  try {
    const store = await openStore(storeAt)
    try { return await logTheRestore(store, opened.keyRing, logOf(config, opened.keyRing), now()) } finally { await store.close() }
  } finally { await opened.close() }
}

function logOf (config: NodeConfig, keyRing: KeyRing): LogOf {
  const known = readTrust(config.trust).node(config.node)
  if (known === undefined) throw new BackupError('would-not-start', { detail: 'the statements do not name this node' })
  return { origin: known.log.origin, publicKey: known.log.ed25519, kid: logKidOf(known.log.ed25519, keyRing) }
}

function logKidOf (publicKey: Uint8Array, keyRing: KeyRing): Kid {
  const kid = kidOf('Ed25519', toBase64url(publicKey))
  if (!keyRing.has(kid)) throw new BackupError('would-not-start', { detail: 'the key ring lacks the key of the log that the nation names' })
  return kid
}
