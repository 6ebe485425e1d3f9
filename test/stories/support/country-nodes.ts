/**
 * Two nations and a site as their operators have them: config files, encrypted key rings, people with keys of their own,
 * and each node a `tiltas run` process with its own disk and ports. What people do goes through the command line.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { main } from '../../../node/cli/main.ts'
import { createClient, type Client } from '../../../node/cli/client.ts'
import { tokenHashOf } from '../../../node/ingest/source.ts'
import { newPersonKey, type PersonKey } from '../../../node/people.ts'
import { nameStatements, writeNodeFolder } from '../../../node/setup.ts'
import type { HitView, NodeStatus } from '../../../node/console/service.ts'
import type { Role } from '../../../protocol/commands.ts'
import { nationOf, parsePersonId, type AgencyId, type NodeId } from '../../../protocol/identifiers.ts'
import { foundTestFederation, LT_NATIONAL, LT_POLICE, LV_LUDZA, LV_NATIONAL, LV_POLICE, LV_SITE, ringOf, type Federation } from '../../support/founded.ts'
import { eventually, freePorts, makeFolder, removeFolder } from './places.ts'
import { entryOf, grantOf } from './terms.ts'

export const MAIN = join(import.meta.dirname, '../../../node/cli/main.ts')
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', MAIN]
export const TOKEN = 'story-token-of-camera-source'
const STOP_WAIT_MS = 20_000

export interface Outcome { readonly exit: number, readonly out: string, readonly err: string }
/** A line of a node's operational log. */
export interface LogLine { readonly msg?: string, readonly what?: string, readonly [name: string]: unknown }

export class StoryNode {
  readonly node: NodeId
  readonly folder: string
  readonly port: number
  readonly ingestUrl: string
  readonly opsUrl: string
  readonly client: Client
  readonly lines: LogLine[] = []
  errors = ''
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()

  constructor (node: NodeId, folder: string, [port, ingestPort, opsPort]: readonly [number, number, number]) {
    this.node = node
    this.folder = folder
    this.port = port
    this.ingestUrl = `http://127.0.0.1:${ingestPort}`
    this.opsUrl = `http://127.0.0.1:${opsPort}`
    this.client = createClient({ socketPath: join(folder, 'data', 'tiltas.sock'), node, now: Date.now })
  }

  get config (): string { return join(this.folder, 'tiltas.yaml') }
  get listen (): string { return `/ip4/127.0.0.1/tcp/${this.port}` }
  get isRunning (): boolean { return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null }

  /** Resolves when it serves. */
  async start (): Promise<void> {
    const child = spawn(process.execPath, [...NODE_FLAGS, 'run', '--config', this.config], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#ended = once(child, 'close')
    createInterface({ input: child.stdout! }).on('line', line => { if (line.startsWith('{')) this.lines.push(JSON.parse(line) as LogLine) })
    child.stderr!.setEncoding('utf8').on('data', chunk => { this.errors += chunk })
    await eventually(`${this.node} to serve`, async () => {
      if (!this.isRunning) throw new Error(`${this.node} ended: ${this.errors}`)
      return this.client.get('/v1/status', undefined)
    })
  }

  async end (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    child.kill(signal)
    const forced = setTimeout(() => child.kill('SIGKILL'), STOP_WAIT_MS)
    await this.#ended
    clearTimeout(forced)
    this.#child = undefined
  }

  status (): Promise<NodeStatus> { return this.client.get('/v1/status', undefined) }

  /** One of its metrics, by name and labels as Prometheus spells them; 0 when there is none yet. */
  async metric (name: string): Promise<number> {
    const text = await (await fetch(`${this.opsUrl}/metrics`)).text()
    return Number(text.split('\n').find(line => line.startsWith(`${name} `))?.slice(name.length + 1) ?? 0)
  }

  said (what: string): LogLine[] { return this.lines.filter(line => line.what === what || line.msg === what) }

  /** A delivery as a camera makes it. */
  async deliver (path: string, body: string | object, headers: { readonly [name: string]: string } = {}): Promise<{ status: number, answer: { readonly [name: string]: unknown } & { verdicts?: { readId?: string, code?: string, field?: string }[] } }> {
    const response = await fetch(this.ingestUrl + path, {
      method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, ...headers }
    })
    return { status: response.status, answer: await response.json() as never }
  }
}

export interface Countries {
  readonly folder: string
  readonly federation: Federation
  readonly lv: StoryNode
  readonly lt: StoryNode
  readonly site: StoryNode
  readonly nodes: readonly StoryNode[]
  person (agency: AgencyId, role: Role): PersonKey
  /** The command line as this person has it at that node; in this process, over the node's socket. */
  tiltas (at: StoryNode, agency: AgencyId, role: Role, ...words: readonly string[]): Promise<Outcome>
  /** The same as the second admin of the agency, who approves what the first one drafts. */
  tiltasAsSecondAdmin (at: StoryNode, agency: AgencyId, ...words: readonly string[]): Promise<Outcome>
  /** The same, and what it says as JSON. @throws Error when it does not end well */
  ask<Answer> (at: StoryNode, agency: AgencyId, role: Role, ...words: readonly string[]): Promise<Answer>
  /** Puts a grant in force at its agency's home: one admin drafts it, another one approves. */
  grant (grant: { readonly [name: string]: unknown }): Promise<void>
  /** Grants with which hits of stolen vehicles cross, and entries of Lithuania that are placed at the site. */
  listAtSite (entries: readonly { readonly ref: string, readonly plate: string, readonly country?: string, readonly furtherHits?: boolean }[]): Promise<void>
  hitsAtOwner (): Promise<HitView[]>
  close (): Promise<void>
}

const STAFF: readonly Role[] = ['NATIONAL_ADMIN', 'LIST_OWNER', 'OFFICER', 'LEGAL_OFFICER']
const keyPath = (folder: string, agency: AgencyId, role: Role): string => join(folder, `${personIdOf(agency, role)}.key`)
const secondAdminOf = (agency: AgencyId): string => `${personIdOf(agency, 'NATIONAL_ADMIN')}-2`
const secondAdminPath = (folder: string, agency: AgencyId): string => join(folder, 'people', `${secondAdminOf(agency)}.key`)
const personIdOf = (agency: AgencyId, role: Role): string => `${agency.replace(':', '-')}.${role.toLowerCase().replace('_', '-')}`

/** `addressOf` may put something between two nodes: where `from` finds `to`. Nothing runs yet. */
export async function layOutCountries (options: { readonly addressOf?: (from: NodeId, to: NodeId, real: string) => string | Promise<string> } = {}): Promise<Countries> {
  const folder = makeFolder()
  const federation = await foundTestFederation()
  const ports = await freePorts(9)
  const [lv, lt, site] = [LV_NATIONAL, LT_NATIONAL, LV_SITE].map((node, i) => new StoryNode(node, join(folder, node.replace('/', '-')), ports.slice(3 * i, 3 * i + 3) as [number, number, number])) as [StoryNode, StoryNode, StoryNode]
  const nodes = [lv, lt, site]
  const people = new Map<string, PersonKey>()
  mkdirSync(join(folder, 'people'), { mode: 0o700 })
  for (const agency of [LV_POLICE, LV_LUDZA, LT_POLICE]) {
    for (const role of STAFF) {
      const { key, file } = newPersonKey({ personId: parsePersonId(personIdOf(agency, role)), role, agency })
      writeFileSync(keyPath(join(folder, 'people'), agency, role), file, { mode: 0o600 })
      people.set(personIdOf(agency, role), key)
    }
    const second = newPersonKey({ personId: parsePersonId(secondAdminOf(agency)), role: 'NATIONAL_ADMIN', agency })
    writeFileSync(secondAdminPath(folder, agency), second.file, { mode: 0o600 })
    people.set(secondAdminOf(agency), second.key)
  }
  const peersOf = (node: StoryNode): StoryNode[] => node === lv ? [lt, site] : [lv]
  for (const node of nodes) {
    const peers = await Promise.all(peersOf(node).map(async peer => ({ node: peer.node, addresses: [await options.addressOf?.(node.node, peer.node, peer.listen) ?? peer.listen] })))
    await writeNodeFolder({
      folder: node.folder, node: node.node, secrets: ringOf(federation, node.node), statements: nameStatements(federation.statements), pins: { ...federation.pins, deny: [], allow: [] } as never,
      config: {
        role: node === site ? 'site' : 'national', listen: [node.listen], peers, ops: { port: Number(new URL(node.opsUrl).port) }, agencies: node === lv ? [LV_POLICE, LV_LUDZA] : node === lt ? [LT_POLICE] : [],
        people: [...people.values()].filter(({ actor }) => nationOf(actor.agency) === nationOf(node.node)).map(({ actor, publicKey }) => ({ ...actor, publicKey })),
        ...(node === site && { ingest: { port: Number(new URL(site.ingestUrl).port), sources: [SOURCE] } })
      }
    })
  }
  return countriesOf(folder, federation, [lv, lt, site], people)
}

const SOURCE = {
  id: 'border-1', controller: LV_LUDZA, regime: 'LED', tokenHash: tokenHashOf(TOKEN),
  cameras: [
    { id: 'camera-1', siteRef: 's1', siteGroup: 'border', nuts3: 'LV005', municipality: 'LV-058', road: 'LV:A13', direction: 'inbound' },
    { id: 'camera-2', siteRef: 's2', siteGroup: 'town', nuts3: 'LV005', municipality: 'LV-058', road: 'LV:A13', direction: 'inbound' }
  ]
}

function countriesOf (folder: string, federation: Federation, [lv, lt, site]: readonly [StoryNode, StoryNode, StoryNode], people: ReadonlyMap<string, PersonKey>): Countries {
  const nodes = [lv, lt, site]
  const tiltas: Countries['tiltas'] = (at, agency, role, ...words) => run(at, keyPath(join(folder, 'people'), agency, role), ...words)
  const run = async (at: StoryNode, key: string, ...words: readonly string[]): Promise<Outcome> => {
    let out = ''; let err = ''
    const exit = await main([...words, '--config', at.config, '--as', key], {
      out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: {}, readInput: async () => '', stopped: new AbortController().signal, now: Date.now
    })
    return { exit, out, err }
  }
  let files = 0
  const post = (at: StoryNode, agency: AgencyId, role: Role, command: object): Promise<unknown> => at.client.post('/v1/commands', people.get(personIdOf(agency, role))!, command)
  return {
    folder, federation, lv, lt, site, nodes, tiltas,
    tiltasAsSecondAdmin: (at, agency, ...words) => run(at, secondAdminPath(folder, agency), ...words),
    person: (agency, role) => people.get(personIdOf(agency, role))!,
    async ask<Answer> (at: StoryNode, agency: AgencyId, role: Role, ...words: readonly string[]): Promise<Answer> {
      const { exit, out, err } = await tiltas(at, agency, role, ...words, '--json')
      if (exit !== 0) throw new Error(`tiltas ${words.slice(0, 2).join(' ')} ended with ${exit}: ${err}`)
      return JSON.parse(out) as Answer
    },
    async grant (grant) {
      const file = join(folder, `grant-${++files}.json`)
      writeFileSync(file, JSON.stringify(grant))
      const agency = grant['agency'] as AgencyId
      const at = nationOf(agency) === 'LV' ? lv : lt
      const { exit, out, err } = await tiltas(at, agency, 'NATIONAL_ADMIN', 'grants', 'add', file, '--why', 'the story needs it', '--decision', 'S-1', '--json')
      if (exit !== 0) throw new Error(`the draft was refused: ${err}`)
      const { made: { draft, hash } } = JSON.parse(out) as { made: { draft: string, hash: string } }
      const approved = await this.tiltasAsSecondAdmin(at, agency, 'policy', 'approve', draft, '--hash', hash)
      if (approved.exit !== 0) throw new Error(`the approval was refused: ${approved.err}`)
    },
    async listAtSite (entries) {
      const grants: [AgencyId, string, 'egress' | 'ingress', string, string][] = [
        [LT_POLICE, 'g-share', 'egress', 'hotlist.share', 'LV'], [LT_POLICE, 'g-in', 'ingress', 'hit', 'LV'], [LV_POLICE, 'g-in', 'ingress', 'hotlist.share', 'LT'],
        [LV_POLICE, 'g-place', 'egress', 'hotlist.share', 'LV'], [LV_LUDZA, 'g-hits', 'egress', 'hit', 'LT']
      ]
      for (const [agency, id, direction, kind, nation] of grants) await this.grant(grantOf(agency, { id, direction, kinds: [kind], partner: { nation } }))
      await Promise.all(entries.map(({ ref, plate, country, furtherHits }) => post(lt, LT_POLICE, 'LIST_OWNER', { do: 'entry.put', agency: LT_POLICE, entry: entryOf(ref, plate, { ...(country !== undefined && { country }), ...(furtherHits !== undefined && { furtherHits }) }) })))
      await post(lt, LT_POLICE, 'LIST_OWNER', { do: 'entry.share', agency: LT_POLICE, refs: entries.map(({ ref }) => ref), to: LV_POLICE })
      await eventually('all entries at the site', async () => (await site.status()).entries === entries.length)
    },
    async hitsAtOwner () {
      const hits: HitView[] = []
      for (let after: string | undefined; ;) {
        const page = await lt.client.get<{ hits: HitView[], next?: string }>('/v1/hits', people.get(personIdOf(LT_POLICE, 'OFFICER'))!, { agency: LT_POLICE, reason: 'system-check', limit: 500, after })
        hits.push(...page.hits)
        if (page.next === undefined) return hits
        after = page.next
      }
    },
    async close () {
      await Promise.all(nodes.map(node => node.end()))
      removeFolder(folder)
    }
  }
}

/** Nothing waits for a position or a receipt anywhere. */
export const isSettled = async (nodes: readonly StoryNode[]): Promise<boolean> =>
  (await Promise.all(nodes.map(node => node.status()))).every(({ peers }) => peers.every(({ queued, unreceipted, reachable }) => queued === 0 && unreceipted === 0 && reachable))
