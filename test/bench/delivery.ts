/**
 * Hits across the border, on production parts: two processes (three for latency), LevelDB with fdatasync, libp2p over
 * loopback. Beside it in the same run the floor: one Ed25519 sign, one verify, one seal and one open for each message.
 * `npm run bench delivery`; medians of three runs.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { serialize } from 'node:v8'
import { createCipheriv, createDecipheriv, diffieHellman, generateKeyPairSync, hash, randomBytes, sign, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CATEGORIES } from '../../protocol/messages/vocabulary.ts'
import { enact } from '../support/enact.ts'
import { foundTestFederation, LT_NATIONAL, LT_POLICE, LV_LUDZA, LV_NATIONAL, LV_POLICE, LV_SITE, ringOf, type Federation } from '../support/founded.ts'
import type { AgencyId, NodeId } from '../../protocol/identifiers.ts'

const { NODE_FLAGS } = createRequire(import.meta.url)('../../node/cli/with-node.cjs') as { NODE_FLAGS: string[] }
const HITS = Number(process.env['BENCH_HITS'] ?? 20_000)
const ENTRIES = 500
const RUNS = 3
const LATENCY_HITS = 2000

class Remote {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (result: never) => void>()
  #calls = 0
  constructor () {
    this.#child = fork(join(import.meta.dirname, 'delivery-node.ts'), { execArgv: [...NODE_FLAGS, ...(process.env['BENCH_PROFILE'] === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', process.env['BENCH_PROFILE']])] })
    this.#child.on('message', ({ id, result }: { id: number, result: never }) => { this.#waiting.get(id)?.(result); this.#waiting.delete(id) })
    this.#child.on('exit', code => { if (code !== null && code !== 0) process.exit(1) })
  }
  call<Result> (what: string, args: unknown = {}): Promise<Result> {
    const id = ++this.#calls
    return new Promise<Result>(resolve => { this.#waiting.set(id, resolve as (result: never) => void); this.#child.send({ id, what, args: serialize(args).toString('base64') }) })
  }
  async end (): Promise<void> { await this.call('stop'); await new Promise(resolve => this.#child.once('exit', resolve)) }
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!
const cpuSeconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6

async function network (federation: Federation, folder: string, selves: readonly NodeId[]): Promise<Map<NodeId, Remote>> {
  const remotes = new Map(selves.map(self => [self, new Remote()]))
  const base = 20_000 + Math.floor(Math.random() * 20_000)
  const port = (self: NodeId): string => `/ip4/127.0.0.1/tcp/${base + selves.indexOf(self)}`
  const addresses = Object.fromEntries(selves.map(self => [self, [port(self)]]))
  await Promise.all(selves.map(self => remotes.get(self)!.call('start', { self, folder: join(folder, self.replace('/', '-')), secrets: ringOf(federation, self), statements: federation.statements, pins: federation.pins, listen: port(self), addresses })))
  return remotes
}

const now = Math.floor(Date.now() / 1000)
const terms = { categories: 'all', siteGroups: 'all', precision: 'road', purpose: 'investigation', legalBasis: 'lv-lt-2006/art-1', retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', furtherHits: true, unverified: 'allow', from: now - 60, until: now + 86_400 * 30 }
const actor = (role: string, agency: string): object => ({ personId: role.toLowerCase().replace('_', '-'), role, agency })

/** Twenty grants at the camera owner's home; one fits, as in a real policy most do not. */
async function prepare (lv: Remote, lt: Remote): Promise<void> {
  const grant = (remote: Remote, agency: AgencyId, grant: object): Promise<void> => enact((actor, command) => remote.call('command', { actor, command }), agency, { ...terms, version: 1, ...grant })
  await grant(lt, LT_POLICE, { id: 'g-share', direction: 'egress', kinds: ['hotlist.share'], partner: { nation: 'LV' } })
  await grant(lt, LT_POLICE, { id: 'g-in', direction: 'ingress', kinds: ['hit'], partner: { nation: 'LV' } })
  await grant(lv, LV_POLICE, { id: 'g-in', direction: 'ingress', kinds: ['hotlist.share'], partner: { nation: 'LT' } })
  await grant(lv, LV_POLICE, { id: 'g-place', direction: 'egress', kinds: ['hotlist.share'], partner: { nation: 'LV' } })
  await grant(lv, LV_LUDZA, { id: 'g-hits', direction: 'egress', kinds: ['hit'], partner: { nation: 'LT' }, categories: ['stolen-vehicle'] })
  for (let i = 0; i < 19; i++) await grant(lv, LV_LUDZA, { id: `g-other-${i}`, direction: 'egress', kinds: ['hit'], partner: { agency: LT_POLICE }, categories: [CATEGORIES[1 + i % (CATEGORIES.length - 1)]], siteGroups: [`town-${i}`], precision: 'municipality' })
  const owner = actor('LIST_OWNER', LT_POLICE)
  const refs = Array.from({ length: ENTRIES }, (_, i) => `B-${i}`)
  for (const [i, ref] of refs.entries()) await lt.call('command', { actor: owner, command: { do: 'entry.put', agency: LT_POLICE, entry: { ref, plate: `ABC${i}`, country: 'LT', category: 'stolen-vehicle', action: 'seize', reason: 'reported stolen', decisionRef: `D-${i}`, legalBasis: 'lt-2018/xiii-1435', furtherHits: true, until: now + 86_400 * 20, confirmedAt: now } } })
  for (let i = 0; i < refs.length; i += 200) await lt.call('command', { actor: owner, command: { do: 'entry.share', agency: LT_POLICE, refs: refs.slice(i, i + 200), to: LV_POLICE } })
  for (;;) {
    const { peers } = await lt.call<{ peers: { queued: number, unreceipted: number }[] }>('status')
    if (peers.every(({ queued, unreceipted }) => queued === 0 && unreceipted === 0)) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** CPU seconds for 1,000 messages with nothing around the four primitives. */
function floor (): number {
  const bytes = randomBytes(1100)
  const signing = generateKeyPairSync('ed25519'); const sealing = generateKeyPairSync('x25519'); const ephemeral = generateKeyPairSync('x25519')
  const count = 2000
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) {
    const signature = sign(null, bytes, signing.privateKey)
    const key = hash('sha256', diffieHellman({ privateKey: ephemeral.privateKey, publicKey: sealing.publicKey }), 'buffer')
    const cipher = createCipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()])
    const again = hash('sha256', diffieHellman({ privateKey: sealing.privateKey, publicKey: ephemeral.publicKey }), 'buffer')
    const decipher = createDecipheriv('aes-256-gcm', again, bytes.subarray(0, 12)).setAuthTag(cipher.getAuthTag())
    if (!verify(null, Buffer.concat([decipher.update(sealed), decipher.final()]), signing.publicKey, signature)) throw new Error('the floor broke')
  }
  return cpuSeconds(process.cpuUsage(before)) / count * 1000
}

const folder = mkdtempSync(join(tmpdir(), 'tiltas-bench-'))
try {
  const federation = await foundTestFederation()
  console.log(`delivery: ${HITS} hits a run, ${RUNS} runs, 20 grants, two processes, sign + seal + log + fdatasync at both ends`)
  const rates: number[] = []; const cpus: number[] = []; const floors: number[] = []
  const remotes = await network(federation, join(folder, 'a'), [LV_NATIONAL, LT_NATIONAL])
  const [lv, lt] = [remotes.get(LV_NATIONAL)!, remotes.get(LT_NATIONAL)!]
  await prepare(lv, lt)
  await lv.call('accept', { count: 2000, entries: ENTRIES })
  for (let run = 0; run < RUNS; run++) {
    const before = await Promise.all([lv, lt].map(remote => remote.call<NodeJS.CpuUsage>('cpu')))
    const { seconds } = await lv.call<{ seconds: number }>('accept', { count: HITS, entries: ENTRIES })
    const after = await Promise.all([lv, lt].map(remote => remote.call<NodeJS.CpuUsage>('cpu')))
    rates.push(HITS / seconds)
    const each = after.map((usage, i) => (cpuSeconds(usage) - cpuSeconds(before[i]!)) / HITS * 1000)
    cpus.push(each[0]! + each[1]!)
    floors.push(floor())
    console.log(`  run ${run + 1}: ${Math.round(HITS / seconds)} hits/s, CPU s per 1,000: sender ${each[0]!.toFixed(3)} + receiver ${each[1]!.toFixed(3)} = ${(each[0]! + each[1]!).toFixed(3)} (of it system ${(after.reduce((sum, usage, i) => sum + usage.system - before[i]!.system, 0) / 1e6 / HITS * 1000).toFixed(3)}), floor ${floors.at(-1)!.toFixed(3)}`)
  }
  const logs = [await lt.call<{ ok: boolean, findings: string[] }>('verify')]
  const memory = await Promise.all([lv, lt].map(remote => remote.call<number>('memory')))
  if (!logs.every(({ ok }) => ok)) console.log('  A LOG DOES NOT VERIFY', logs.map(({ findings }) => findings))
  await lv.end(); await lt.end()

  const three = await network(federation, join(folder, 'b'), [LV_NATIONAL, LT_NATIONAL, LV_SITE])
  await prepare(three.get(LV_NATIONAL)!, three.get(LT_NATIONAL)!)
  await three.get(LV_SITE)!.call('match', { count: 1, perSecond: 200, entries: ENTRIES })
  await new Promise(resolve => setTimeout(resolve, 1500))
  const seen = three.get(LT_NATIONAL)!.call<{ [ref: string]: number }>('seen', { count: LATENCY_HITS, actor: actor('OFFICER', LT_POLICE) })
  await new Promise(resolve => setTimeout(resolve, 200))
  const given = await three.get(LV_SITE)!.call<{ [ref: string]: number }>('match', { count: LATENCY_HITS, perSecond: 200, entries: ENTRIES })
  const shown = await seen
  const waits = Object.entries(given).map(([ref, at]) => shown[ref]! - at).sort((a, b) => a - b)
  const at = (share: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))]!
  for (const remote of three.values()) await remote.end()

  const result = { bench: 'delivery', hitsPerSecond: Math.round(median(rates)), cpuSecondsPer1000: +median(cpus).toFixed(3), floorPer1000: +median(floors).toFixed(3), ratioToFloor: +(median(cpus) / median(floors)).toFixed(2), latencyMs: { p50: +at(0.5).toFixed(1), p99: +at(0.99).toFixed(1) }, rssMb: memory.map(bytes => Math.round(bytes / 1e6)), logsVerify: logs.every(({ ok }) => ok) }
  console.log(`  median ${result.hitsPerSecond} hits/s (goal 4,000), ${result.cpuSecondsPer1000} CPU s per 1,000 (goal 0.45), ${result.ratioToFloor} × the floor`)
  console.log(`  at 200 hits/s, match to shown at the owner through three processes: p50 ${result.latencyMs.p50} ms (goal 25), p99 ${result.latencyMs.p99} ms (goal 100)`)
  console.log(JSON.stringify(result))
} finally { rmSync(folder, { recursive: true, force: true }) }
process.exit(0)
