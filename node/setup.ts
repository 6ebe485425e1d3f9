/**
 * From nothing to a node that can run, and from strangers to partners: `tiltas init` and `tiltas join`.
 * Nothing is ever overwritten. What must not lie on the node (root keys) goes into a folder of its own, to be carried away.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseDocument, stringify } from 'yaml'
import { foundNation, type FoundedNation, type PlannedAgency, type PlannedNode } from '../keys/make-nation.ts'
import type { KeySecret } from '../keys/private-key.ts'
import { fingerprintOf, fingerprintWords, isFingerprintOf } from '../keys/fingerprint.ts'
import { isRefusal, readStatement, type ReadNationRoot } from '../keys/read-statements.ts'
import { toBase64url } from '../protocol/bytes.ts'
import { nationOf, type AgencyId, type Digest, type NationId, type NodeId } from '../protocol/identifiers.ts'
import { createFileKeyRing } from './adapters/file-key-ring.ts'
import { systemClock } from './adapters/system-clock.ts'
import { systemEntropy } from './adapters/system-entropy.ts'
import { loadConfig } from './config.ts'
import type { InitOptions, JoinOptions, SetupResult } from './cli/options.ts'
import { PINS_FILE, STATEMENT_SUFFIX, addStatements, changePins, nameStatements, readPinsFile, trustFolderOf, type PinsFile } from './trust-files.ts'

export { nameStatements } from './trust-files.ts'

export const CONFIG_FILE = 'tiltas.yaml'

/** What was wrong, what to do. */
export class SetupError extends Error {
  readonly code: 'exists' | 'not-possible' | 'fingerprint-differs' | 'malformed'
  constructor (code: SetupError['code'], message: string) {
    super(message)
    this.name = 'SetupError'
    this.code = code
  }
}

/** A node's folder: everything that `tiltas run` needs, readable by its owner only. */
export interface NodeFolder {
  readonly folder: string
  readonly node: NodeId
  readonly secrets: readonly KeySecret[]
  readonly passphrase?: string
  /** Statements by file name. */
  readonly statements: ReadonlyMap<string, Uint8Array>
  readonly pins: PinsFile
  /** The rest of tiltas.yaml. */
  readonly config: { readonly [key: string]: unknown }
}

/** Answers the files that it made. @throws SetupError `exists` */
export async function writeNodeFolder ({ folder, node, secrets, passphrase, statements, pins, config }: NodeFolder): Promise<string[]> {
  const configPath = join(folder, CONFIG_FILE)
  if (existsSync(configPath)) throw new SetupError('exists', `${configPath} is there already: choose another folder, or remove it if you mean to begin anew.`)
  mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
  mkdirSync(join(folder, 'trust'), { recursive: true, mode: 0o700 })
  const ring = join(folder, 'keys', 'ring.json'); const phrase = join(folder, 'keys', 'passphrase')
  const drawn = passphrase ?? toBase64url(systemEntropy.bytes(24))
  writeFileSync(phrase, drawn + '\n', { mode: 0o600, flag: 'wx' })
  await createFileKeyRing(ring, drawn, secrets)
  const trust = writeStatements(join(folder, 'trust'), statements)
  const pinsPath = join(folder, 'trust', PINS_FILE)
  writeFileSync(pinsPath, JSON.stringify(pins, null, 2) + '\n', { mode: 0o600 })
  writeFileSync(configPath, stringify({ node, data: 'data', trust: ['trust'], keyRing: { file: 'keys/ring.json', passphraseFile: 'keys/passphrase' }, ...config }), { mode: 0o600, flag: 'wx' })
  return [configPath, ring, phrase, ...trust, pinsPath]
}

function writeStatements (folder: string, statements: ReadonlyMap<string, Uint8Array>): string[] {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return [...statements].map(([name, bytes]) => {
    const file = join(folder, name)
    writeFileSync(file, bytes, { mode: 0o644 })
    return file
  })
}

// ── init ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Founds a nation with its national node, and its site nodes where some are named. */
export async function initNode (options: InitOptions): Promise<SetupResult> {
  if (existsSync(join(options.folder, CONFIG_FILE))) throw new SetupError('exists', `${join(options.folder, CONFIG_FILE)} is there already.`)
  if (options.agencies.length === 0) throw new SetupError('not-possible', 'A national node is home of at least one agency: name it with --agency.')
  const nation = nationOf(options.node)
  const nodes: PlannedNode[] = [{ node: options.node, role: 'national' }, ...options.sites.map(node => ({ node, role: 'site' as const }))]
  for (const id of [...options.agencies, ...options.sites]) if (nationOf(id) !== nation) throw new SetupError('not-possible', `${id} is not of ${nation}: a nation founds only what is its own.`)
  const agencies = options.agencies.map((agency): PlannedAgency => ({ agency, name: nameFor(agency), kind: kindFor(agency), home: options.node, sites: options.sites }))
  const entity = options.entity ?? `https://${nation.toLowerCase()}.tiltas.example`
  const founded = await foundNation({ nation, entity, nodes, agencies, registryAt: options.node }, systemClock.now(), () => systemEntropy.bytes(32))
  const files = await writeNation(options, founded)
  return {
    done: true, configPath: join(options.folder, CONFIG_FILE), files, fingerprint: fingerprintOf(founded.rootHash),
    next: [
      `Carry ${join(options.folder, 'offline')} away: it holds the nation's root keys and spare registry keys, which no node needs.`,
      `Read out your fingerprint as words if you like: ${fingerprintWords(founded.rootHash)}`,
      'Make people: tiltas people new NAME --role OFFICER --agency AGENCY, and put what it prints under `people` in tiltas.yaml.',
      `Hand ${join(options.folder, 'publish')} to your partner, and read out your fingerprint by telephone.`,
      `Start it: tiltas run --config ${join(options.folder, CONFIG_FILE)}`
    ]
  }
}

async function writeNation (options: InitOptions, founded: FoundedNation): Promise<string[]> {
  const { folder, node, sites, agencies, listen, locale } = options
  const statements = nameStatements(founded.statements)
  const pins: PinsFile = { nations: { [founded.nation]: founded.rootHash }, deny: [], allow: [] }
  const passphrase = options.passphraseFile === undefined ? undefined : readFileSync(options.passphraseFile, 'utf8').trimEnd()
  const ops = options.opsPort === undefined ? {} : { ops: { port: options.opsPort } }
  const ingest = options.ingestPort === undefined ? {} : { ingest: { port: options.ingestPort, sources: [] } }
  const files = await writeNodeFolder({
    folder, node, secrets: founded.rings.get(node)!, statements, pins, ...(passphrase !== undefined && { passphrase }),
    config: { role: 'national', listen, agencies, peers: sites.map(site => ({ node: site, addresses: [] })), people: [], locale, ...ops, ...ingest }
  })
  for (const site of sites) {
    files.push(...await writeNodeFolder({
      folder: join(folder, 'sites', basename(site)), node: site, secrets: founded.rings.get(site)!, statements, pins,
      config: { role: 'site', listen: [], peers: [{ node, addresses: listen }], ingest: { port: 0, sources: [] }, people: [], locale }
    }))
  }
  writeOffline(join(folder, 'offline'), founded)
  writeStatements(join(folder, 'publish'), statements)
  return [...files, join(folder, 'offline'), join(folder, 'publish')]
}

/** Root and registry keys, each in a file of its own, so that each can be given to another person. */
function writeOffline (folder: string, { rootKeys, registryKeys }: FoundedNation): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const write = (name: string, secrets: readonly KeySecret[]): void =>
    writeFileSync(join(folder, name), JSON.stringify(secrets.map(({ algorithm, purpose, seed }) => ({ algorithm, purpose, seed: toBase64url(seed) })), null, 2) + '\n', { mode: 0o600, flag: 'wx' })
  rootKeys.forEach(({ ed25519, mldsa44 }, i) => write(`root-${i + 1}-of-${rootKeys.length}.json`, [ed25519, mldsa44]))
  write('registry.json', registryKeys)
}

const nameFor = (agency: AgencyId): PlannedAgency['name'] => {
  const name = agency.slice(3).split('-').map(word => word[0]!.toUpperCase() + word.slice(1)).join(' ')
  return { lv: name, lt: name, en: name }
}
const kindFor = (agency: AgencyId): PlannedAgency['kind'] =>
  /police|policija/.test(agency) ? 'police' : /border|frontier/.test(agency) ? 'border-guard' : /fire|rescue/.test(agency) ? 'fire' : 'municipality'

// ── join ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Trusts another nation's root after its fingerprint was compared by voice; without one only shows it. */
export async function joinNation ({ configPath, from, fingerprint, addresses }: JoinOptions): Promise<SetupResult> {
  const config = loadConfig(configPath)
  const statements = readHandedOver(from)
  if (statements.some(bytes => isRefusal(readStatement(bytes)))) throw new SetupError('malformed', `${from} holds files that are no statements: ask for the folder \`publish\` of the other side.`)
  const root = newestRootOf(statements)
  if (root === undefined) throw new SetupError('malformed', `${from} holds no root of a nation: ask for the folder \`publish\` of the other side.`)
  const { nation, nodes } = root.body
  if (nation === config.homeNation) throw new SetupError('not-possible', `${nation} is your own nation.`)
  const shown = fingerprintOf(root.hash)
  if (fingerprint === undefined) {
    return { done: false, configPath, files: [], fingerprint: shown, next: [`Telephone ${nation}, at a number that you know from elsewhere, and compare: ${shown}`, `In words: ${fingerprintWords(root.hash)}`, `When it is the same: tiltas join ${from} --fingerprint '…' --address ADDRESS`] }
  }
  if (!isFingerprintOf(root.hash, fingerprint)) throw new SetupError('fingerprint-differs', 'The fingerprint is another one: nothing was changed. Somebody handed you the statements of somebody else.')
  const files = pinNation(config.trust, nation, root.hash, statements)
  const national = nodes.find(({ role }) => role === 'national')?.node
  if (national !== undefined) addPeer(configPath, national, addresses)
  return { done: true, configPath, files: [...files, configPath], fingerprint: shown, next: ['Start the node again so that it calls the new address, then: tiltas doctor', `Nothing is shared yet: say what may go to ${nation} with \`tiltas grants add\`.`] }
}

function readHandedOver (from: string): Uint8Array[] {
  const files = statSync(from).isDirectory() ? readdirSync(from).filter(name => name.endsWith(STATEMENT_SUFFIX)).sort().map(name => join(from, name)) : [from]
  return files.map(file => new Uint8Array(readFileSync(file)))
}

/** Of the newest version: a folder may hold the whole chain. */
function newestRootOf (statements: readonly Uint8Array[]): ReadNationRoot | undefined {
  const roots = statements.map(bytes => readStatement(bytes)).filter((read): read is ReadNationRoot => !isRefusal(read) && read.kind === 'nation-root')
  return roots.sort((a, b) => a.body.version - b.body.version).at(-1)
}

/** Statements first: a pin without its root trusts nobody. @throws SetupError `exists` when another root is pinned */
export function pinNation (paths: readonly string[], nation: NationId, hash: Digest, statements: readonly Uint8Array[]): string[] {
  const pinsPath = join(trustFolderOf(paths), PINS_FILE)
  const known = existsSync(pinsPath) ? readPinsFile(pinsPath).nations[nation] : undefined
  if (known !== undefined && known !== hash) throw new SetupError('exists', `${nation} is pinned with another root: \`tiltas trust unpin ${nation}\` first, if that is what you mean.`)
  const files = addStatements(dirname(pinsPath), statements)
  return [...files, changePins(paths, pins => ({ ...pins, nations: { ...pins.nations, [nation]: hash } }))]
}

/** Keeps the comments and the order of the operator's file. */
function addPeer (configPath: string, node: NodeId, addresses: readonly string[]): void {
  const document = parseDocument(readFileSync(configPath, 'utf8'))
  const peers = (document.toJS() as { peers?: { node: string }[] }).peers ?? []
  const at = peers.findIndex(peer => peer.node === node)
  if (at >= 0) document.setIn(['peers', at, 'addresses'], addresses)
  else if (peers.length === 0) document.set('peers', document.createNode([{ node, addresses }]))
  else document.addIn(['peers'], document.createNode({ node, addresses }))
  writeFileSync(configPath, document.toString())
}
