/**
 * Which files of a node go into a backup, and where they lie below the folder that is restored: where they lie now when that
 * is below the folder of the config, else in a place of their own kind. Invariant: `tiltas.yaml` as it is written into the
 * backup finds them there.
 */
import { existsSync } from 'node:fs'
import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { pathsOf, type NodeConfig } from '../config.ts'
import { PINS_FILE, STATEMENT_SUFFIX } from '../trust-files.ts'
import { isFileName, type BackupFile } from './entries.ts'

/** A value of the config that must name the new place: `['keyRing', 'file']`. */
export interface Moved { readonly key: readonly (string | number)[], readonly to: string }
interface Part { readonly from: string, readonly to: string }
export interface Contents { readonly parts: readonly Part[], readonly data: string, readonly moved: readonly Moved[] }

export const CONFIG_NAME = 'tiltas.yaml'
const RECORD_KEY_FILES = /\.keys$|^dropped-before$/

/** Answers what would be read; nothing is read yet. */
export function planContents (config: NodeConfig): Contents {
  const base = dirname(config.file)
  const moved: Moved[] = []
  const taken = new Set<string>([CONFIG_NAME])
  const place = (from: string, otherwise: string, key: Moved['key']): string => {
    const below = relative(base, from)
    const to = isFileName(below) && !taken.has(below) ? below : unused(otherwise, taken)
    taken.add(to)
    if (to !== below) moved.push({ key, to })
    return to
  }
  const { keyRing, ingest } = config
  const parts: Part[] = [{ from: keyRing.file, to: place(keyRing.file, 'keys/ring.json', ['keyRing', 'file']) }]
  if (keyRing.passphraseFile !== undefined) parts.push({ from: keyRing.passphraseFile, to: place(keyRing.passphraseFile, 'keys/passphrase', ['keyRing', 'passphraseFile']) })
  if (ingest?.tls !== undefined) for (const name of ['cert', 'key'] as const) parts.push({ from: ingest.tls[name], to: place(ingest.tls[name], `tls/${name}.pem`, ['ingest', 'tls', name]) })
  const one = config.trust.length === 1
  config.trust.forEach((from, i) => parts.push({ from, to: place(from, `trust-${i + 1}`, one ? ['trust'] : ['trust', i]) }))
  return { parts, data: place(config.data, 'data', ['data']), moved }
}

function unused (name: string, taken: ReadonlySet<string>): string {
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name}-${i}`
    if (!taken.has(candidate)) return candidate
  }
}

/** `text`: the config with what was moved. Record keys first: each moment later may erase one that nobody needs any more. */
export async function * readContents (config: NodeConfig, { parts, data }: Contents, text: string): AsyncGenerator<BackupFile> {
  const { recordKeys } = pathsOf(config.data)
  for (const name of await namesIn(recordKeys)) {
    const file = RECORD_KEY_FILES.test(name) ? await readIfThere(join(recordKeys, name)) : undefined
    if (file !== undefined) yield { name: `${data}/${basename(recordKeys)}/${name}`, bytes: file }
  }
  for (const { from, to } of parts) yield * readPart(from, to)
  yield { name: CONFIG_NAME, bytes: Buffer.from(text) }
}

async function * readPart (from: string, to: string): AsyncGenerator<BackupFile> {
  if (!(await stat(from)).isDirectory()) return yield { name: to, bytes: await readFile(from) }
  let odd = 0
  for (const name of await namesIn(from)) {
    if (name !== PINS_FILE && !name.endsWith(STATEMENT_SUFFIX)) continue
    const file = await readIfThere(join(from, name))
    if (file !== undefined) yield { name: `${to}/${isFileName(name) ? name : `statement-${++odd}${STATEMENT_SUFFIX}`}`, bytes: file }
  }
}

const namesIn = async (folder: string): Promise<string[]> => existsSync(folder) ? (await readdir(folder)).sort() : []

/** A running node replaces and drops files; what is gone meanwhile was to go. */
async function readIfThere (path: string): Promise<Uint8Array | undefined> {
  try { return await readFile(path) } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}
