/**
 * The trust list on disk: signed statements as they came, and this node's own pins, which win over everything. Statements
 * are added, never changed; every file comes into its place whole, so that a running node that looks meanwhile sees the
 * old list or the new one.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { isRefusal, readStatement, type ReadStatement } from '../keys/read-statements.ts'
import { STATEMENT_BYTES_MAX } from '../keys/statements.ts'
import { foldTrust, type TrustPins } from '../keys/trust-list.ts'
import type { TrustView } from '../keys/trust-view.ts'
import { digest, nationId } from '../protocol/messages/message.ts'
import { NATION_ID, type Digest, type NationId } from '../protocol/identifiers.ts'

export const PINS_FILE = 'pins.json'
export const STATEMENT_SUFFIX = '.jws'
/** Thirty nations with ten agencies each renew twice a month: enough for ten years. */
export const STATEMENT_FILES_MAX = 100_000

export const pinsSchema = z.strictObject({
  federation: digest.optional(),
  nations: z.record(z.string().regex(NATION_ID), digest),
  deny: z.array(z.string().max(100)).default([]),
  allow: z.array(nationId).default([])
})
export type PinsFile = z.infer<typeof pinsSchema>

export interface TrustSource { readonly statements: readonly Uint8Array[], readonly pins: TrustPins }
/** Bytes by file name: statements never change, so a file is read once while the node runs. */
export type ReadBefore = Map<string, { readonly size: number, readonly changedMs: number, readonly bytes: Uint8Array }>

/** Statements and pins of the files and folders that the config names. @throws Error that names the file */
export function readTrustSource (paths: readonly string[], readBefore: ReadBefore = new Map()): TrustSource {
  const files = filesOf(paths)
  const pins: TrustPins[] = files.filter(file => file.endsWith(PINS_FILE)).map(readPins)
  const statements = files.filter(file => file.endsWith(STATEMENT_SUFFIX)).map(file => readStatementFile(file, readBefore))
  return {
    statements,
    pins: {
      nations: new Map(pins.flatMap(one => [...one.nations])),
      ...(pins[0]?.federation !== undefined && { federation: pins[0].federation }),
      deny: new Set(pins.flatMap(one => [...one.deny ?? []])), allow: new Set(pins.flatMap(one => [...one.allow ?? []]))
    }
  }
}

/** @throws Error that names the file */
export function readTrust (paths: readonly string[]): TrustView {
  const { statements, pins } = readTrustSource(paths)
  return foldTrust(statements, pins)
}

function filesOf (paths: readonly string[]): string[] {
  const missing = paths.find(path => !existsSync(path))
  if (missing !== undefined) throw new Error(`${missing} is not there: \`trust\` in tiltas.yaml names the folder of statements, made by \`tiltas init\` and filled by \`tiltas join\``)
  const files = paths.flatMap(path => statSync(path).isDirectory() ? readdirSync(path).sort().map(name => join(path, name)) : [path])
  if (files.length > STATEMENT_FILES_MAX) throw new Error(`more than ${STATEMENT_FILES_MAX} files of statements`)
  return files
}

/** Changes when a file comes, goes or is replaced: cheap enough to ask every second. */
export const stampOf = (paths: readonly string[]): string =>
  paths.flatMap(path => [path, join(path, PINS_FILE)]).map(path => statSync(path, { bigint: true, throwIfNoEntry: false })).map(stat => stat === undefined ? '-' : `${stat.mtimeNs}.${stat.ino}.${stat.size}`).join(' ')

function readStatementFile (file: string, readBefore: ReadBefore): Uint8Array {
  const { size, mtimeMs: changedMs } = statSync(file)
  const known = readBefore.get(file)
  if (known?.size === size && known.changedMs === changedMs) return known.bytes
  if (size > STATEMENT_BYTES_MAX) throw new Error(`${file} is larger than STATEMENT_BYTES_MAX`)
  const bytes = new Uint8Array(readFileSync(file))
  readBefore.set(file, { size, changedMs, bytes })
  return bytes
}

export function readPinsFile (file: string): PinsFile {
  const parsed = pinsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success) throw new Error(`${file}: ${parsed.error.issues[0]!.path.join('.')} is not as prescribed`)
  return parsed.data
}

function readPins (file: string): TrustPins {
  const { federation, nations, deny, allow } = readPinsFile(file)
  return { ...(federation !== undefined && { federation }), nations: new Map(Object.entries(nations) as [NationId, Digest][]), deny: new Set(deny), allow: new Set(allow) }
}

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Where new statements and pins go: the first folder that the config names. */
export const trustFolderOf = (paths: readonly string[]): string => existsSync(paths[0]!) && !statSync(paths[0]!).isDirectory() ? dirname(paths[0]!) : paths[0]!

/** Whole and durable, or not at all. */
export function replaceFileSync (path: string, content: string | Uint8Array, mode = 0o644): void {
  const fresh = `${path}.${process.pid}.new`
  const file = openSync(fresh, 'w', mode)
  try {
    const bytes = Buffer.from(content as string)
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done)
    fsyncSync(file)
  } finally { closeSync(file) }
  renameSync(fresh, path)
  const folder = openSync(dirname(path), 'r')
  try { fsyncSync(folder) } finally { closeSync(folder) }
}

/** Answers the files that it wrote; what is there already is left alone. @throws TypeError for bytes that are no statement */
export function addStatements (folder: string, statements: readonly Uint8Array[]): string[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return statements.flatMap(bytes => {
    const path = freePathFor(folder, bytes)
    if (path === undefined) return []
    replaceFileSync(path, bytes)
    return [path]
  })
}

/** Undefined when these bytes are there. Two statements of one name lie side by side: the second may prove a fork. */
function freePathFor (folder: string, bytes: Uint8Array): string | undefined {
  const read = readStatement(bytes)
  if (isRefusal(read)) throw new TypeError(`not a statement: ${read.code}`)
  for (const suffix of ['', `-${read.hash.slice(0, 8)}`, `-${Buffer.from(read.hash).toString('hex').slice(0, 40)}`]) {
    const path = join(folder, nameOf(read) + suffix + STATEMENT_SUFFIX)
    if (!existsSync(path)) return path
    if (readFileSync(path).equals(bytes)) return undefined
    if (hashIn(path) === read.hash && read.kind.endsWith('root')) return path
  }
  return undefined
}

function hashIn (path: string): Digest | undefined {
  const read = readStatement(new Uint8Array(readFileSync(path)))
  return isRefusal(read) ? undefined : read.hash
}

/** Statements under names that tell what they are. @throws TypeError for bytes that are no statement */
export function nameStatements (statements: readonly Uint8Array[]): Map<string, Uint8Array> {
  return new Map(statements.map(bytes => {
    const read = readStatement(bytes)
    if (isRefusal(read)) throw new TypeError(`not a statement: ${read.code}`)
    return [nameOf(read) + STATEMENT_SUFFIX, bytes]
  }))
}

export function nameOf (read: ReadStatement): string {
  switch (read.kind) {
    case 'fed-root': return `federation-${read.body.version}`
    case 'nation-root': return `${read.body.nation.toLowerCase()}-root-${read.body.version}`
    case 'revocation-list': return `${read.body.nation.toLowerCase()}-revocations-${read.body.seq}`
    case 'agency-statement': return `${read.body.metadata.tiltas_agency.agency.replace(':', '-')}-${read.body.iat}`
  }
}

/** Writes this node's pins anew, readable by its owner only; answers the file. */
export function changePins (paths: readonly string[], change: (pins: PinsFile) => PinsFile): string {
  const file = join(trustFolderOf(paths), PINS_FILE)
  const pins = existsSync(file) ? readPinsFile(file) : { nations: {}, deny: [], allow: [] }
  replaceFileSync(file, JSON.stringify(pinsSchema.parse(change(pins)), null, 2) + '\n', 0o600)
  return file
}
