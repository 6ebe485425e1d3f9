/** `tiltas backup`: everything that a node cannot be without in one sealed file, taken while it runs or stands still. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { privateKeyFromSeed } from '../../../keys/private-key.ts'
import { fromBase64url, toBase64url } from '../../../protocol/bytes.ts'
import { DAY, fromUnixSeconds, toUnixSeconds } from '../../../protocol/instant.ts'
import { encodeJson, parseJson } from '../../../protocol/messages/encoding.ts'
import { planContents, readContents, type Moved } from '../../backup/contents.ts'
import { BackupError } from '../../backup/errors.ts'
import type { OpenWith, SealWith } from '../../backup/header.ts'
import { decodePairs, type Pair } from '../../backup/snapshot.ts'
import { openBackup, verifyBackup, writeBackup } from '../../backup/take.ts'
import { pathsOf } from '../../config.ts'
import { VERSION } from '../../version.ts'
import { CliError, EXIT, defineCommand, usageError, type CommandOption, type Context } from '../command.ts'
import { isPrivateFile, readTextFile } from '../files.ts'
import { printSpan, printTime, safe } from '../print.ts'

const SECRET_BYTES_MAX = 4096
const KEY_TYPE = 'tiltas-backup-key/1'
export const OPENERS: { readonly [name: string]: CommandOption } = {
  'passphrase-file': { type: 'string', value: 'FILE', help: 'its passphrase; - reads it from the standard input' },
  key: { type: 'string', value: 'FILE', help: 'the secret key that `tiltas backup key` made' }
}

/** Errors of backups as those of the command line. */
export async function asCommand<T> (run: () => Promise<T>): Promise<T> {
  try { return await run() } catch (error) {
    if (error instanceof BackupError) throw new CliError(EXIT.failed, error.code, error.message, { todo: error.todo, cause: error })
    throw error
  }
}

const take = defineCommand({
  name: 'backup',
  summary: 'take a backup of this node into one encrypted file',
  options: {
    out: { type: 'string', value: 'FILE', help: 'where it goes; nothing is overwritten' },
    to: { type: 'string', value: 'PUBLICKEY', help: 'seal it to this key of `tiltas backup key`, whose secret is elsewhere' },
    'passphrase-file': OPENERS['passphrase-file']!
  },
  notes: [
    'A running node gives its store as of one instant; then --as must name a NODE_OPERATOR. Otherwise the store is opened, and needs nobody.',
    'In it: store, record keys, config, key file with its passphrase file, statements and pins. Not in it: reads, footage, keys of a hardware module.',
    'Delete it by the day that it names (`backupDays` in tiltas.yaml): what is erased at the node until then can still be read in it.'
  ],
  run: context => asCommand(async () => {
    const out = context.required('out')
    const sealWith = await readSeal(context)
    const config = context.config()
    const now = context.io.now()
    const contents = planContents(config)
    const facts = { node: config.node, version: VERSION, takenAt: toUnixSeconds(now), deleteBy: toUnixSeconds(now + config.backupDays * DAY) }
    const text = withMoved(readFileSync(config.file, 'utf8'), contents.moved)
    const source = await openSource(context)
    try {
      const bytes = await writeBackup(out, { facts, pairs: source.pairs, files: () => readContents(config, contents, text) }, sealWith)
      context.answer({ ...facts, file: out, bytes, running: source.running }, () => [
        safe`wrote ${out}: ${bytes} bytes, ${source.running ? 'while the node ran' : 'while the node stood still'}`,
        `delete it by ${printTime(fromUnixSeconds(facts.deleteBy))}`, 'next: tiltas backup verify, on another machine, with the same passphrase or key'
      ])
      return EXIT.ok
    } finally { await source.close() }
  })
})

/** Keeps the operator's comments. */
function withMoved (text: string, moved: readonly Moved[]): string {
  if (moved.length === 0) return text
  const document = parseDocument(text)
  for (const { key, to } of moved) document.setIn(key, to)
  return document.toString()
}

async function openSource (context: Context): Promise<{ pairs: AsyncIterable<Pair>, running: boolean, close: () => Promise<void> }> {
  const { data } = context.config()
  const isRunning = await context.client().get('/v1/status', undefined).then(() => true, (error: unknown) => {
    if (error instanceof CliError && error.code === 'not-running') return false
    throw error
  })
  if (isRunning) return { pairs: decodePairs(context.client().download('/v1/backup/store', context.me())), running: true, close: async () => {} }
  const { openLevelStore } = await import('../../adapters/level-store.ts')
  const store = await openLevelStore(pathsOf(data).store)
  return { pairs: store.snapshot(), running: false, close: () => store.close() }
}

async function readSeal (context: Context): Promise<SealWith> {
  const to = context.text('to')
  const passphrase = await readPassphrase(context)
  if ((to === undefined) === (passphrase === undefined)) throw new BackupError('no-key')
  if (passphrase !== undefined) return { passphrase }
  const key = fromBase64url(to!)
  if (key?.length !== 32) throw usageError('--to is a public key as `tiltas backup key` prints it.')
  return { to: key }
}

async function readPassphrase (context: Context): Promise<string | undefined> {
  const path = context.text('passphrase-file')
  if (path === undefined) return undefined
  return (path === '-' ? await context.io.readInput() : readSecretFile(path, 'The passphrase file')).replace(/\r?\n$/, '')
}

function readSecretFile (path: string, what: string): string {
  const text = readTextFile(path, what, SECRET_BYTES_MAX)
  if (!isPrivateFile(path)) throw new BackupError('key-not-private')
  return text
}

/** What the command line names to open a backup with. @throws BackupError `no-key`, `wrong-key`, `key-not-private` */
export async function readOpener (context: Context): Promise<OpenWith> {
  const path = context.text('key')
  const passphrase = await readPassphrase(context)
  if ((path === undefined) === (passphrase === undefined)) throw new BackupError('no-key')
  if (passphrase !== undefined) return { passphrase }
  const file = parseJson(readSecretFile(path!, 'The key file').trimEnd()) as { type?: unknown, seed?: unknown } | undefined
  const seed = file?.type === KEY_TYPE && typeof file.seed === 'string' ? fromBase64url(file.seed) : undefined
  if (seed?.length !== 32) throw new BackupError('wrong-key', { detail: 'the file holds no key of `tiltas backup key`' })
  return { seed }
}

const verify = defineCommand({
  name: 'backup verify',
  summary: 'read a backup to its end: is it whole, of whom, until when may it be kept',
  positionals: ['FILE'],
  options: OPENERS,
  notes: ['Changes nothing. Exit code 1 when it is damaged, cut off, or past the day by which it was to be deleted.'],
  run: context => asCommand(async () => {
    const opener = await readOpener(context)
    const { header, entries, close } = await openBackup(context.positionals[0]!)
    try {
      const verified = await verifyBackup(entries(opener))
      const { node, takenAt, deleteBy, version } = header
      const now = context.io.now()
      const isOver = fromUnixSeconds(deleteBy) <= now
      context.answer({ node, takenAt, deleteBy, version, ...verified, pastItsDay: isOver }, () => [
        safe`${node}, taken ${printTime(fromUnixSeconds(takenAt))} (${printSpan(now - fromUnixSeconds(takenAt))} ago) by version ${version}`,
        `whole: ${verified.pairs} records and ${verified.files} files, ${verified.bytes} bytes`,
        isOver ? `DELETE IT NOW: it was to be deleted by ${printTime(fromUnixSeconds(deleteBy))}` : `to be deleted by ${printTime(fromUnixSeconds(deleteBy))}`
      ])
      return isOver ? EXIT.failed : EXIT.ok
    } finally { await close() }
  })
})

const key = defineCommand({
  name: 'backup key',
  summary: 'make a key that backups are sealed to, so that the node itself cannot open them',
  options: { out: { type: 'string', value: 'FILE', help: 'where the secret goes: carry it away from the node' } },
  async run (context) {
    const out = context.required('out')
    const { seed, publicText } = privateKeyFromSeed({ algorithm: 'X25519', purpose: 'sealing', seed: randomBytes(32) })
    try { writeFileSync(out, encodeJson({ type: KEY_TYPE, seed: toBase64url(seed) }) + '\n', { flag: 'wx', mode: 0o600 }) } catch (cause) {
      throw new CliError(EXIT.failed, 'not-written', `The key cannot be written: ${out}`, { todo: 'Choose another place with --out; nothing is overwritten.', cause })
    }
    context.answer({ file: out, publicKey: publicText }, () => [safe`wrote ${out} (only its owner can read it): carry it away from the node`, `public key: ${publicText}`, `next: tiltas backup --out FILE --to ${publicText}`])
    return EXIT.ok
  }
})

export const backup = [take, verify, key]
