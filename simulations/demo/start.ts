/**
 * `npm start`: two nations on this machine, each with its own processes, keys, disks and policies, and traffic between
 * them. Real parts throughout: the nodes are `tiltas run`, what is told to them goes through their local API with
 * people's own keys, cameras post to the public ingest endpoint, and nodes speak over TCP on the loopback interface.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { foundFederation, foundNation, type FoundedNation } from '../../keys/make-nation.ts'
import { hashOfStatement } from '../../keys/make-statements.ts'
import type { Actor, CommandResult, Role } from '../../protocol/commands.ts'
import { nationOf, type AgencyId, type NodeId } from '../../protocol/identifiers.ts'
import { systemEntropy } from '../../node/adapters/system-entropy.ts'
import { createClient, type Client } from '../../node/cli/client.ts'
import { createPainter, printHit } from '../../node/cli/print.ts'
import type { CandidateView, NodeStatus } from '../../node/console/service.ts'
import { newPersonKey, type PersonKey } from '../../node/people.ts'
import { nameStatements, writeNodeFolder } from '../../node/setup.ts'
import type { PinsFile } from '../../node/trust-files.ts'
import { Chance } from './chance.ts'
import { drive } from './drive.ts'
import { VendorPosts } from './vendor.ts'
import { StreetPictures } from './street-pictures.ts'
import { makeWorld, personOf, sourceOf, trafficOf, type World, type WorldNation, type WorldNode } from './world.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const DATA = join(ROOT, '.data')
/** A second demo beside a running one gets a folder of its own. */
const FOLDER = isRunning(join(DATA, 'demo', 'pid')) ? join(DATA, `demo-${process.pid}`) : join(DATA, 'demo')
const READY_WAIT_MS = 240_000
/** How long an officer looks at a picture before confirming. */
const OFFICER_LOOKS_MS = 2_500
/** Between two looks of a camera that shows pictures. */
const LOOK_SECONDS = 0.25
const began = performance.now()
const paint = createPainter(process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined)
// Whoever reads us may go away first (`| head`): then the nodes are to be stopped all the same.
process.stdout.on('error', () => process.emit('SIGTERM'))
const say = (text: string): void => { process.stdout.write(text + '\n') }
const note = (text: string): void => say(paint('dim', `${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`))

interface DemoNode { readonly node: WorldNode, readonly folder: string, readonly configPath: string, readonly listen: number, readonly ingest: number, readonly client: Client }

const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, seed: { type: 'string' }, seconds: { type: 'string' }, help: { type: 'boolean', default: false } } })

async function main (): Promise<void> {
  const seed = values.seed ?? Buffer.from(systemEntropy.bytes(6)).toString('hex')
  const world = makeWorld(seed, { full: values.full, now: Math.floor(Date.now() / 1000) })
  say(`Tiltas demo: Latvia and Lithuania on this machine (seed ${seed}; Ctrl-C ends it)\n`)
  const { nodes, people, picturesPort } = await layOut(world)
  const streets = StreetPictures.start(world.cameras.filter(({ dialect }) => dialect === 'pictures'), seed, picturesPort)
  streets.catch(() => {})
  const processes = new Map<NodeId, ChildProcess>()
  const ended = new AbortController()
  const end = (why: string): void => { if (!ended.signal.aborted) { say(''); note(why); ended.abort() } }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end('stopping'))
  try {
    await Promise.all(nodes.map(node => startNode(node, processes, people, ended, end)))
    note(`${nodes.length} nodes run: ${nodes.map(({ node }) => node.node).slice(0, 6).join(', ')}${nodes.length > 6 ? ', …' : ''}`)
    await giveCommands(world, nodes, people)
    await entriesPlaced(world, nodes)
    if (values.seconds !== undefined) setTimeout(() => end(`${values.seconds} s of traffic are over`), Number(values.seconds) * 1000).unref()
    const shown = showHits(world, nodes, people, ended.signal)
    await drivePast(world, nodes, await streets, ended.signal)
    await shown
    await summary(nodes, people, world)
  } finally {
    await streets.then(pictures => pictures.close(), () => {})
    for (const child of processes.values()) child.kill('SIGTERM')
    await Promise.all([...processes.values()].map(child => new Promise(resolve => child.exitCode === null && child.signalCode === null ? child.on('exit', resolve) : resolve(undefined))))
  }
}

/** Whether the process that wrote this file is alive. */
function isRunning (pidFile: string): boolean {
  try { return process.kill(Number(readFileSync(pidFile, 'utf8')), 0) } catch { return false }
}

// ── laying out ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Ports that nobody uses at this moment. */
async function freePorts (count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server))
  })))
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

async function layOut (world: World): Promise<{ nodes: DemoNode[], people: Map<string, PersonKey>, picturesPort: number }> {
  if (existsSync(FOLDER)) rmSync(FOLDER, { recursive: true })
  mkdirSync(join(FOLDER, 'people'), { recursive: true, mode: 0o700 })
  writeFileSync(join(FOLDER, 'pid'), String(process.pid))
  const people = new Map(world.nations.flatMap(nation => nation.people).map(person => [person.personId as string, writePerson(person)]))
  const founded = await Promise.all(world.nations.map(foundOf))
  const federation = await foundFederation('lv-lt.tiltas.example', founded, Date.now())
  const pins: PinsFile = { federation: hashOfStatement(federation), nations: Object.fromEntries(founded.map(({ nation, rootHash }) => [nation, rootHash])), deny: [], allow: [] }
  const statements = nameStatements([federation, ...founded.flatMap(nation => [...nation.statements])])
  note('both nations founded: roots, agencies, federation')

  const planned = world.nations.flatMap(nation => nation.nodes)
  const [picturesPort, ...ports] = await freePorts(planned.length * 2 + 1) as [number, ...number[]]
  const nodes = planned.map((node, i): DemoNode => {
    const folder = join(FOLDER, node.node.replace('/', '-'))
    return { node, folder, configPath: join(folder, 'tiltas.yaml'), listen: ports[2 * i]!, ingest: ports[2 * i + 1]!, client: createClient({ socketPath: join(folder, 'data', 'tiltas.sock'), node: node.node, now: () => Date.now() }) }
  })
  await Promise.all(nodes.map(demo => {
    const own = founded.find(({ nation }) => nation === nationOf(demo.node.node))!
    return writeNodeFolder({ folder: demo.folder, node: demo.node.node, secrets: own.rings.get(demo.node.node)!, statements, pins, config: configOf(demo, nodes, world, people, picturesPort) })
  }))
  return { nodes, people, picturesPort }
}

function writePerson (actor: Actor): PersonKey {
  const { key, file } = newPersonKey(actor)
  writeFileSync(join(FOLDER, 'people', `${actor.personId}.key`), file, { mode: 0o600 })
  return key
}

const foundOf = ({ nation, nodes, agencies }: WorldNation): Promise<FoundedNation> => foundNation({
  nation, entity: `https://${nation.toLowerCase()}.tiltas.example`,
  nodes: nodes.map(({ node, role }) => ({ node, role })), registryAt: nodes[0]!.node,
  agencies: agencies.map(({ agency, names, kind }) => ({
    agency, name: names, kind, home: nodes[0]!.node,
    sites: nodes.filter(({ role, agencies: hosted, operator }) => role === 'site' && (hosted.includes(agency) || operator === agency)).map(({ node }) => node)
  }))
}, Date.now(), () => systemEntropy.bytes(32))

const addressOf = (port: number): string => `/ip4/127.0.0.1/tcp/${port}`

function configOf ({ node, listen, ingest }: DemoNode, all: readonly DemoNode[], world: World, people: ReadonlyMap<string, PersonKey>, picturesPort: number): { [key: string]: unknown } {
  const nation = nationOf(node.node)
  const speaksWith = all.filter(other => other.node.node !== node.node && (node.role === 'national' ? other.node.role === 'national' || nationOf(other.node.node) === nation : other.node.role === 'national' && nationOf(other.node.node) === nation))
  const staff = node.role === 'national' ? world.nations.find(one => one.nation === nation)!.people : []
  return {
    role: node.role, listen: [addressOf(listen)], peers: speaksWith.map(other => ({ node: other.node.node, addresses: [addressOf(other.listen)] })),
    agencies: node.role === 'national' ? node.agencies : [],
    people: staff.map(({ personId, role, agency }) => ({ personId, role, agency, publicKey: people.get(personId)!.publicKey })),
    ...(node.sources.length > 0 && { ingest: { port: ingest, sources: node.sources.map(({ token, ...source }) => ({ ...source, tokenHash: createHash('sha256').update(token).digest('hex') })) } }),
    ...(node.pictureCameras.length > 0 && { cameras: node.pictureCameras.map(camera => ({ ...camera, regime: 'LED', source: { snapshot: StreetPictures.urlOf(picturesPort, camera.id), everySeconds: LOOK_SECONDS }, framesPerSecond: 1 / LOOK_SECONDS })) })
  }
}

// ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────

async function startNode (demo: DemoNode, processes: Map<NodeId, ChildProcess>, people: ReadonlyMap<string, PersonKey>, ended: AbortController, end: (why: string) => void): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, join(ROOT, 'node', 'cli', 'main.ts'), 'run', '--config', demo.configPath], { stdio: ['ignore', 'pipe', 'pipe'] })
  processes.set(demo.node.node, child)
  const file = createWriteStream(join(demo.folder, 'node.log'))
  let last = ''
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', line => { file.write(line + '\n'); last = line; hear(line, demo, people, ended.signal) })
  }
  child.on('exit', code => { if (!ended.signal.aborted) end(`${demo.node.node} ended with ${code}: ${last} (see ${join(demo.folder, 'node.log')})`) })
  for (const until = Date.now() + READY_WAIT_MS; ;) {
    if (ended.signal.aborted) throw new Error('a node did not start')
    try { await demo.client.get('/v1/status', undefined); return } catch (error) { if (Date.now() > until) throw error }
    await pause(100)
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** What the operators' log of each node tells, as far as it explains the traffic. */
function hear (line: string, demo: DemoNode, people: ReadonlyMap<string, PersonKey>, signal: AbortSignal): void {
  if (!line.startsWith('{')) return
  const { what, agency, state, because, code, from, to } = JSON.parse(line) as { [name: string]: string }
  if (what === 'candidate-decided' && state === 'refused') note(`${agency} kept a match to itself: ${because}`)
  if (what === 'candidate-decided' && state === 'waiting') officerLooks(agency as AgencyId, demo, people, signal)
  if (what === 'message-refused') note(`${demo.node.node} refused a message of ${from}: ${code}`)
  if (what === 'refused-by-peer') note(`${to} answered ${demo.node.node}: ${code}`)
}

const looking = new Set<AgencyId>()
/** The monitoring room of the camera's owner: a person looks at what waits, and confirms it. */
function officerLooks (agency: AgencyId, demo: DemoNode, people: ReadonlyMap<string, PersonKey>, signal: AbortSignal): void {
  const officer = people.get(personOf(agency, 'OFFICER'))
  if (looking.has(agency) || officer === undefined || signal.aborted) return
  looking.add(agency)
  void pause(OFFICER_LOOKS_MS).then(async () => {
    looking.delete(agency)
    if (signal.aborted) return
    const { candidates } = await demo.client.get<{ candidates: CandidateView[] }>('/v1/candidates', officer, { agency, reason: 'candidate-review' })
    for (const { id, match } of candidates) {
      const decision = match === 'exact' ? { do: 'candidate.confirm', candidate: id } : { do: 'candidate.reject', candidate: id, reason: 'misread' }
      await demo.client.post('/v1/commands', officer, decision).catch(() => {})
      note(`an officer of ${agency} looked at a match and ${match === 'exact' ? 'confirmed' : 'rejected'} it`)
    }
  }).catch(() => {})
}

// ── what people do, and see ──────────────────────────────────────────────────────────────────────────────────────

const nationalOf = (nodes: readonly DemoNode[], agency: AgencyId): DemoNode => nodes.find(({ node }) => node.role === 'national' && nationOf(node.node) === nationOf(agency))!

async function giveCommands (world: World, nodes: readonly DemoNode[], people: ReadonlyMap<string, PersonKey>): Promise<void> {
  const as = (agency: AgencyId, role: Role): PersonKey => people.get(personOf(agency, role)) ?? adminsOf(agency, people)[0]!
  const give = async (agency: AgencyId, role: Role, command: object): Promise<void> => {
    const result = await nationalOf(nodes, agency).client.post<CommandResult>('/v1/commands', as(agency, role), command)
    if (!result.ok && result.code !== 'not-permitted') throw new Error(`${JSON.stringify(command)}: ${result.code} ${result.detail ?? ''}`)
  }
  await Promise.all(world.nations.flatMap(({ grants }) => [...new Set(grants.map(({ agency }) => agency))].map(agency => enact(agency, grants.filter(grant => grant.agency === agency), nationalOf(nodes, agency).client, people))))
  for (const { entries } of world.nations) await Promise.all(entries.map(({ agency, entry }) => give(agency, 'LIST_OWNER', { do: 'entry.put', agency, entry })))
  for (const { shares } of world.nations) await Promise.all(shares.map(({ agency, refs, to }) => give(agency, 'LIST_OWNER', { do: 'entry.share', agency, refs, to })))
  const count = (of: (nation: WorldNation) => readonly unknown[]): number => world.nations.reduce((sum, nation) => sum + of(nation).length, 0)
  note(`${count(({ grants }) => grants)} grants in force, ${count(({ entries }) => entries)} entries listed and shared as the grants allow`)
}

/** One admin drafts the whole policy of an agency, another one approves its hash. */
async function enact (agency: AgencyId, put: readonly object[], client: Client, people: ReadonlyMap<string, PersonKey>): Promise<void> {
  const [author, approver] = adminsOf(agency, people)
  const drafted = await client.post<CommandResult & { ok: true }>('/v1/commands', author!, { do: 'policy.draft', agency, put, end: [], reason: 'the rules of the demo', reference: 'DEMO-1' })
  await client.post('/v1/commands', approver!, { do: 'policy.approve', agency, draft: drafted.made!['draft'], hash: drafted.made!['hash'] })
}

/** A municipality has no admin of its own at the demo: an authority of its nation acts. */
const adminsOf = (agency: AgencyId, people: ReadonlyMap<string, PersonKey>): PersonKey[] => {
  const admins = [...people.values()].filter(({ actor }) => actor.role === 'NATIONAL_ADMIN' && nationOf(actor.agency) === nationOf(agency))
  return [...admins.filter(({ actor }) => actor.agency === agency), ...admins.filter(({ actor }) => actor.agency !== agency)]
}

/** Cameras begin when every site knows what it looks for. */
async function entriesPlaced (world: World, nodes: readonly DemoNode[]): Promise<void> {
  const sites = nodes.filter(({ node }) => node.role === 'site')
  for (let tries = 0; tries < 200; tries++) {
    const placed = await Promise.all(sites.map(async ({ client }) => (await client.get<{ entries: number }>('/v1/status', undefined)).entries))
    if (placed.every(entries => entries > 0)) { note(`cameras watch at ${sites.length} sites: ${Math.min(...placed)} to ${Math.max(...placed)} entries each`); return }
    await pause(50)
  }
  throw new Error('no entry reached the sites')
}

let foreign = 0
async function showHits (world: World, nodes: readonly DemoNode[], people: ReadonlyMap<string, PersonKey>, signal: AbortSignal): Promise<void> {
  const owners = new Set(world.listed.map(({ owner }) => owner))
  await Promise.all([...owners].map(async owner => {
    const follow = nationalOf(nodes, owner).client.follow('/v1/hits/follow', people.get(personOf(owner, 'OFFICER'))!, { agency: owner }, signal)
    try {
      for await (const line of follow) {
        if (!('hit' in line)) continue
        const abroad = nationOf(line.hit.hit.iss) !== nationOf(owner)
        if (abroad && ++foreign === 1) note(paint('bold', 'the first hit from across the border'))
        say('\n' + printHit(line.hit, Date.now(), paint))
      }
    } catch (error) { if (!signal.aborted) throw error }
  }))
}

async function drivePast (world: World, nodes: readonly DemoNode[], pictures: StreetPictures, signal: AbortSignal): Promise<void> {
  const posts = new VendorPosts(camera => {
    const { node, source } = sourceOf(world, camera)
    return { url: `http://127.0.0.1:${nodes.find(demo => demo.node.node === node.node)!.ingest}`, token: source.token }
  })
  await drive({ passes: trafficOf(world), posts, pictures, chance: new Chance(world.seed, 'looks'), startedAt: Date.now(), signal })
  await posts.close()
  note(`cameras delivered ${posts.counts.accepted} reads (${posts.counts.refused} refused, ${posts.counts.lost} lost)`)
  const seen = (await Promise.all(nodes.filter(({ node }) => node.pictureCameras.length > 0).map(async ({ client }) => (await client.get<NodeStatus>('/v1/status', undefined)).cameras ?? []))).flat()
  note(`${pictures.passed} vehicles drove through the pictures of ${seen.length} cameras, and ${seen.reduce((sum, { reads }) => sum + reads, 0)} plates were read from pixels`)
}

async function summary (nodes: readonly DemoNode[], people: ReadonlyMap<string, PersonKey>, world: World): Promise<void> {
  note(`${foreign} hits crossed the border`)
  for (const demo of nodes.filter(({ node }) => node.role === 'national')) {
    const legal = people.get(personOf(world.nations.find(({ nation }) => nation === nationOf(demo.node.node))!.nodes[0]!.operator, 'LEGAL_OFFICER'))!
    const report = await demo.client.get<{ ok: boolean, size: number, checked: { commitmentsOpened: number, receiptsCompared: number }, findings: string[] }>('/v1/log/verify', legal)
    note(`${demo.node.node}: log of ${report.size} leaves ${report.ok ? 'verifies' : `does NOT verify: ${report.findings.join('; ')}`}, ${report.checked.commitmentsOpened} commitments opened, ${report.checked.receiptsCompared} receipts name the same commitment as ours`)
  }
}

if (values.help) {
  say('npm start [-- --full] [--seed TEXT] [--seconds N]\n\n  --full       a process for every authority and municipality (38 nodes) instead of 4\n  --seed       the same seed gives the same vehicles, lists and traffic\n  --seconds    stop by itself after so much traffic')
} else await main()
