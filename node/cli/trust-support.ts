/**
 * What the trust commands share: files of keys, statements and ceremonies as people hand them around, and the comparing
 * of fingerprints. Invariant: nothing that names a private key is printed, and nothing is signed or pinned before its
 * fingerprint was named by a person.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { renderUnicodeCompact } from 'uqr'
import { z } from 'zod'
import { CEREMONY_BYTES_MAX, CEREMONY_REFUSALS, encodeCeremony, finishCeremony, inspectCeremony, isRefused, readCeremony, type Ceremony, type CeremonyRefusal, type CeremonyReport } from '../../keys/ceremony.ts'
import { fingerprintGroup, fingerprintOf, fingerprintUri, fingerprintWords, isFingerprintOf } from '../../keys/fingerprint.ts'
import { KEY_ALGORITHMS, KEY_PURPOSES } from '../../keys/identity.ts'
import { rootSignerOf, type RootSigner } from '../../keys/make-statements.ts'
import { createMemoryKeyRing } from '../../keys/memory-key-ring.ts'
import { SEED_BYTES, privateKeyFromSeed, type PrivateKey } from '../../keys/private-key.ts'
import { isRefusal, readStatement, type ReadFedRoot, type ReadNationRoot, type ReadStatement } from '../../keys/read-statements.ts'
import { foldTrust } from '../../keys/trust-list.ts'
import type { TrustView } from '../../keys/trust-view.ts'
import { fromBase64url } from '../../protocol/bytes.ts'
import type { Digest } from '../../protocol/identifiers.ts'
import { agencyId } from '../../protocol/messages/message.ts'
import { REFUSALS, type Refusal } from '../../protocol/refusals.ts'
import type { RegistryKeys } from '../registry.ts'
import { STATEMENT_SUFFIX, readTrustSource, replaceFileSync, type TrustSource } from '../trust-files.ts'
import { CliError, EXIT, usageError, type Context } from './command.ts'
import { isPrivateFile, readTextFile } from './files.ts'

export const CEREMONY_SUFFIX = '.ceremony.json'
const KEY_FILE_BYTES_MAX = 64 * 1024

// ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────

export const failed = (code: string, message: string, todo?: string): CliError => new CliError(EXIT.failed, code, message, { todo })

/** A ceremony's refusal as the command line says it: what is wrong, then what to do. */
export function ceremonyError ({ code, evidence, refusal }: CeremonyRefusal): CliError {
  const [what, ...todo] = CEREMONY_REFUSALS[code].split(/(?<=\.) /)
  const because = refusal === undefined ? evidence : `${refusal.code}: ${REFUSALS[refusal.code]} ${refusal.evidence ?? ''}`.trimEnd()
  return failed(code, because === undefined ? what! : `${what} (${because})`, todo.join(' '))
}
export const refusedStatement = ({ code, evidence }: Refusal): CliError => failed(code, REFUSALS[code], evidence === undefined ? undefined : `Look at: ${evidence}`)

export function sound<Value extends object> (value: Value | CeremonyRefusal): Value {
  if (isRefused(value)) throw ceremonyError(value)
  return value as Value
}

// ── what people hand around ──────────────────────────────────────────────────────────────────────────────────────

export type HandedOver =
  | { readonly what: 'ceremony', readonly file: string, readonly ceremony: Ceremony }
  | { readonly what: 'statement', readonly file: string, readonly bytes: Uint8Array, readonly statement: ReadStatement }

/** @throws CliError when it is neither a statement nor a ceremony */
export function readHandedOver (file: string): HandedOver {
  const text = readTextFile(file, 'The file', CEREMONY_BYTES_MAX)
  const bytes = new TextEncoder().encode(text)
  if (/"type":"tiltas-ceremony\/1"\}\s*$/.test(text)) return { what: 'ceremony', file, ceremony: sound(readCeremony(bytes)) }
  const statement = readStatement(bytes)
  if (isRefusal(statement)) throw failed('not-a-statement', `The file is neither a statement nor a ceremony (${statement.code}): ${file}`, 'Ask for the file again; mail programs may have changed it.')
  return { what: 'statement', file, bytes, statement }
}

export function readCeremonyFile (file: string): Ceremony {
  const handed = readHandedOver(file)
  if (handed.what !== 'ceremony') throw ceremonyError({ code: 'not-a-ceremony', evidence: 'a finished statement' })
  return handed.ceremony
}

/** All statements of files and folders. */
export const readStatements = (paths: readonly string[]): Uint8Array[] => paths.flatMap(path => {
  if (!existsSync(path)) throw usageError(`There is no file or folder ${path}.`)
  const files = statSync(path).isDirectory() ? readdirSync(path).filter(name => name.endsWith(STATEMENT_SUFFIX)).sort().map(name => join(path, name)) : [path]
  return files.flatMap(file => {
    const handed = readHandedOver(file)
    return handed.what === 'statement' ? [handed.bytes] : [sound(finishCeremony(handed.ceremony)), ...handed.ceremony.context]
  })
})

/** The root in a file: a statement, or a ceremony that is complete. */
export function readRoot (file: string): { readonly root: ReadFedRoot | ReadNationRoot, readonly bytes: Uint8Array, readonly context: readonly Uint8Array[] } {
  const handed = readHandedOver(file)
  const bytes = handed.what === 'statement' ? handed.bytes : sound(finishCeremony(handed.ceremony))
  const root = readStatement(bytes)
  if (isRefusal(root) || (root.kind !== 'fed-root' && root.kind !== 'nation-root')) throw failed('not-a-root', `The file holds no root: ${file}`, 'Ask for the file that `tiltas trust offer` made.')
  return { root, bytes, context: handed.what === 'ceremony' ? handed.ceremony.context : [] }
}

export function readNationRoot (file: string): { readonly root: ReadNationRoot, readonly bytes: Uint8Array } {
  const { root, bytes } = readRoot(file)
  if (root.kind !== 'nation-root') throw failed('not-a-root', `The file holds no root of a nation: ${file}`, 'Ask for the file that `tiltas trust offer` made.')
  return { root, bytes }
}

/**
 * Where a ceremony goes: a new file, or one that holds the same ceremony, whose signatures are kept. So a step that was
 * interrupted is simply done again.
 */
export function writeCeremony (file: string, ceremony: Ceremony): void {
  if (existsSync(file) && readCeremonyFile(file).payload !== ceremony.payload) throw failed('exists', `${file} holds another ceremony and is not overwritten.`, 'Name another file with --out.')
  replaceFileSync(file, encodeCeremony(ceremony))
}

// ── keys that people keep ────────────────────────────────────────────────────────────────────────────────────────

const keyFile = z.array(z.strictObject({ algorithm: z.enum(KEY_ALGORITHMS), purpose: z.enum(KEY_PURPOSES), agency: agencyId.optional(), seed: z.string() })).min(1).max(16)

/** @throws CliError when others can read it, or it is no key file; never says what is in it */
export function readKeys (file: string): PrivateKey[] {
  const text = readTextFile(file, 'The key file', KEY_FILE_BYTES_MAX)
  if (!isPrivateFile(file)) throw failed('key-not-private', 'Others can read this key file.', 'Run `chmod 600` on it, and think about who may have read it.')
  const parsed = keyFile.safeParse(parseOrNothing(text))
  const seeds = parsed.success ? parsed.data.map(({ seed }) => fromBase64url(seed)) : []
  if (!parsed.success || seeds.some(seed => seed?.length !== SEED_BYTES)) throw failed('key-broken', `This is no key file: ${file}`, 'Name one of the files of the folder `offline`, or one that `tiltas trust new-key` made.')
  return parsed.data.map(({ algorithm, purpose, agency }, i) => privateKeyFromSeed({ algorithm, purpose, ...(agency !== undefined && { agency }), seed: seeds[i]! }))
}

function parseOrNothing (text: string): unknown { try { return JSON.parse(text) } catch { return undefined } }

/** The pair of one person. */
export function rootPairIn (file: string): { readonly ed25519: PrivateKey, readonly mldsa44: PrivateKey, readonly signer: RootSigner } {
  const keys = readKeys(file)
  const ed25519 = keys.find(key => key.purpose === 'root' && key.algorithm === 'Ed25519')
  const mldsa44 = keys.find(key => key.purpose === 'root' && key.algorithm === 'ML-DSA-44')
  if (ed25519 === undefined || mldsa44 === undefined) throw failed('not-a-root-key', 'This file holds no root key: a pair of Ed25519 and ML-DSA-44.', 'Name one of root-1-of-3.json and its like.')
  return { ed25519, mldsa44, signer: rootSignerOf(ed25519, mldsa44) }
}

export const registryKeysIn = (file: string): RegistryKeys => createMemoryKeyRing(readKeys(file).filter(({ purpose }) => purpose === 'federation' || purpose === 'revocation'))

// ── the node's own list ──────────────────────────────────────────────────────────────────────────────────────────

export interface OwnTrust extends TrustSource { readonly view: TrustView, readonly paths: readonly string[] }
export function readOwnTrust (context: Context): OwnTrust {
  const paths = context.config().trust
  const source = readTrustSource(paths)
  return { ...source, view: foldTrust(source.statements, source.pins), paths }
}

/** The bytes of a statement that this node believes. */
export const bytesOf = ({ statements }: OwnTrust, hash: Digest): Uint8Array =>
  statements.find(bytes => { const read = readStatement(bytes); return !isRefusal(read) && read.hash === hash })!

export function ownRoot (trust: OwnTrust, context: Context): ReadNationRoot {
  const nation = context.config().homeNation
  const root = trust.view.history.nations.get(nation)?.roots.at(-1)
  if (root === undefined) throw failed('no-root', `This node knows no root of its own nation ${nation}.`, 'Put it where `trust` in the config points.')
  return root
}

// ── fingerprints ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Hexadecimal and words, and on a terminal the QR code too. */
export function fingerprintLines (hash: Digest, { io }: Context): string[] {
  const words = fingerprintWords(hash).split(' ')
  return [
    `fingerprint  ${fingerprintOf(hash)}`,
    ...[0, 4, 8, 12].map(from => `${from === 0 ? 'in words     ' : '             '}${words.slice(from, from + 4).join(' ')}`),
    ...(io.isTerminal ? ['', ...renderUnicodeCompact(fingerprintUri(hash), { ecc: 'M', border: 2 }).split('\n').map(line => `  ${line}`), ''] : [])
  ]
}

export const fingerprintFacts = (hash: Digest): { hash: Digest, fingerprint: string, words: string } => ({ hash, fingerprint: fingerprintOf(hash), words: fingerprintWords(hash) })

/**
 * A person names the fingerprint: with `--yes` or `--fingerprint` the whole of it, on a terminal the group that is asked
 * for. Without either nothing is done: answers false.
 */
export async function isConfirmed (context: Context, hash: Digest, option: string, toDo: string): Promise<boolean> {
  const said = context.text(option)
  if (said !== undefined) {
    if (!isFingerprintOf(hash, said)) throw failed('fingerprint-differs', 'The fingerprint is another one: nothing was changed.', 'You hold another file than the one whose fingerprint you were told.')
    return true
  }
  if (context.io.ask === undefined) return false
  const group = 1 + hash.charCodeAt(0) % 8
  const answer = await context.io.ask(`${toDo} Type group ${group} of the fingerprint to go on: `)
  if (answer.trim().toUpperCase() !== fingerprintGroup(hash, group)) throw failed('fingerprint-differs', 'That is not the group: nothing was changed.', 'Look at the fingerprint again.')
  return true
}

export const reportOf = (ceremony: Ceremony): CeremonyReport => sound(inspectCeremony(ceremony))

/** What a ceremony will do, and what it still needs. */
export const reportLines = ({ changes, demands, complete }: CeremonyReport): string[] =>
  [...changes, ...demands.map(({ sentence }) => sentence), complete ? 'It is complete: publish it.' : 'It is not complete yet.']

