/** `tiltas restore`: a node out of a backup, in a new folder, tried before it takes its place. */
import { statSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fromUnixSeconds } from '../../../protocol/instant.ts'
import { BackupError } from '../../backup/errors.ts'
import { restoreBackup, type Restored, type RestoreParts } from '../../backup/restore.ts'
import type { BackupHeader } from '../../backup/header.ts'
import { openBackup } from '../../backup/take.ts'
import type { NodeConfig } from '../../config.ts'
import { STATEMENT_SUFFIX } from '../../trust-files.ts'
import { CliError, EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { printSpan, printTime, safe } from '../print.ts'
import { OPENERS, asCommand, readOpener } from './backup.ts'

export const restore = defineCommand({
  name: 'restore',
  summary: 'make a node of a backup again, in a new folder',
  positionals: ['FILE'],
  options: {
    into: { type: 'string', value: 'FOLDER', help: 'where the node goes; must not exist, or be empty' },
    node: { type: 'string', value: 'NODE', help: 'the node that it must be, like lv/national' },
    ...OPENERS,
    statements: { type: 'string', value: 'FOLDER', multiple: true, help: 'newer statements than the backup has: of a partner, or of the lost machine; may be repeated' },
    'pin-file': { type: 'string', value: 'FILE', help: 'PIN of the hardware module, for this once' },
    'past-its-day': { type: 'boolean', help: 'restore although it was to be deleted: it may bring back what had to be erased' },
    'dry-run': { type: 'boolean', help: 'try all of it and leave nothing' }
  },
  notes: [
    'First make sure that the lost node cannot come back: two nodes with the same keys contradict each other.',
    'The restored node says that it was restored, in its log and to its peers, and asks them for what they sent it in the last 7 days.',
    'What it did after the backup is gone from its log; whoever holds a later checkpoint of it can prove that, and should be told before.'
  ],
  run: context => asCommand(async () => {
    const opener = await readOpener(context)
    const { header, entries, close } = await openBackup(context.positionals[0]!)
    try {
      ensureWanted(context, header)
      const into = context.required('into')
      const dryRun = context.flag('dry-run')
      const restored = await restoreBackup({ header, entries: entries(opener), into, statements: readStatements(context.texts('statements')), dryRun }, await partsOf(context))
      context.answer({ node: header.node, takenAt: header.takenAt, dryRun, ...restored }, () => tell(restored, header, context.io.now(), dryRun))
      return EXIT.ok
    } finally { await close() }
  })
})

function ensureWanted (context: Context, { node, deleteBy }: BackupHeader): void {
  const wanted = context.text('node')
  if (wanted !== undefined && wanted !== node) throw new BackupError('other-node', { detail: node })
  if (fromUnixSeconds(deleteBy) <= context.io.now() && !context.flag('past-its-day')) throw new BackupError('past-its-day')
}

function tell ({ configPath, pairs, files, leaves, addedStatements }: Restored, { node, takenAt }: BackupHeader, now: number, dryRun: boolean): string[] {
  const at = printTime(fromUnixSeconds(takenAt))
  const what = safe`${node} as of ${at} (${printSpan(now - fromUnixSeconds(takenAt))} ago): ${pairs} records, ${files} files, a log of ${leaves} leaves`
  if (dryRun) return [`would restore ${what}`, 'It opens with its keys, and its log leads to its signed head. Nothing was changed.']
  return [
    `restored ${what}`,
    addedStatements === 0 ? `No newer statements were added: what was revoked after ${at} is believed until a peer tells it. Add them with --statements where you can.` : `added ${addedStatements} newer statements`,
    `Grants, entries and people are as of ${at}: before you start it, look for what was ended since, and end it again.`,
    safe`next: tiltas doctor --config ${configPath}`, safe`next: tiltas run --config ${configPath}`
  ]
}

function readStatements (places: readonly string[]): Uint8Array[] {
  return places.flatMap(place => {
    try {
      const files = statSync(place).isDirectory() ? readdirSync(place).filter(name => name.endsWith(STATEMENT_SUFFIX)).sort().map(name => join(place, name)) : [place]
      return files.map(file => new Uint8Array(readFileSync(file)))
    } catch (cause) { throw new CliError(EXIT.usage, 'unreadable', `The statements cannot be read: ${place}`, { todo: 'Name a folder of statements, or one of them.', cause }) }
  })
}

async function partsOf (context: Context): Promise<RestoreParts> {
  const { openLevelStore } = await import('../../adapters/level-store.ts')
  const { openKeyRing } = await import('../../adapters/pkcs11-open.ts')
  const { systemClock } = await import('../../adapters/system-clock.ts')
  const { systemEntropy } = await import('../../adapters/system-entropy.ts')
  const pinFile = context.text('pin-file')
  return {
    openStore: openLevelStore, draw: length => systemEntropy.bytes(length), now: () => context.io.now(),
    async openKeyRing ({ keyRing }: NodeConfig) {
      const { pkcs11 } = keyRing
      const module = pkcs11 === undefined || pinFile === undefined ? pkcs11 : { module: pkcs11.module, token: pkcs11.token, serial: pkcs11.serial, driver: pkcs11.driver, pinFile }
      const opened = await openKeyRing({ file: keyRing.file, passphrase: passphraseOf(keyRing, context), module, env: context.io.env, clock: systemClock })
      return { keyRing: opened, close: () => opened.close() }
    }
  }
}

function passphraseOf ({ passphraseFile, passphraseEnv }: NodeConfig['keyRing'], context: Context): string {
  const passphrase = passphraseFile !== undefined ? readFileSync(passphraseFile, 'utf8').trimEnd() : context.io.env[passphraseEnv!]
  if (passphrase === undefined || passphrase === '') throw usageError(`The passphrase of the key file is not in the backup: set ${passphraseEnv}.`)
  return passphrase
}
