/**
 * Power cuts under load: cameras deliver without a pause while each node is killed with SIGKILL at random moments, also
 * while it is still recovering from the time before. Afterwards: what was answered with 200 is exactly one hit at the
 * owner, what was not is one or none, and every log is whole.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HitView, LogReport, NodeStatus } from '../../node/console/service.ts'
import { sourceSchema, tokenHashOf } from '../../node/ingest/source.ts'
import type { Actor, Command, CommandResult, Role } from '../../protocol/commands.ts'
import { parsePersonId, type AgencyId, type NodeId } from '../../protocol/identifiers.ts'
import { randomOf } from '../bench/random.ts'
import { enact } from '../support/enact.ts'
import { foundTestFederation, LT_NATIONAL, LT_POLICE, LV_LUDZA, LV_NATIONAL, LV_POLICE, LV_SITE, ringOf } from '../support/founded.ts'
import type { Asked, KilledNodeSpec } from './support/killed-node.ts'
import { announceSeed, eventually, freePorts, makeFolder, pause, removeFolder } from './support/places.ts'
import { entryOf, grantOf, readOf } from './support/terms.ts'

const KILLS = 54
const ENTRIES = 20
const CAMERAS = 3
/** Reads that arrive at once just before a kill, so that it meets work half done. */
const BURST = 30
const TOKEN = 'token-of-killed-site'
const chance = randomOf(announceSeed())
const between = (least: number, most: number): number => least + Math.floor(chance() * (most - least))

/** One node through all its lives. */
class Mortal {
  readonly #spec: KilledNodeSpec
  readonly #waiting = new Map<number, { resolve: (result: never) => void, reject: (error: Error) => void }>()
  #child: ChildProcess | undefined
  #calls = 0
  isReady = false
  kills = 0
  /** Kills that came while it was still starting. */
  early = 0
  /** It ended although nobody killed it. */
  diedByItself: string | undefined

  constructor (spec: KilledNodeSpec) { this.#spec = spec }

  live (): void {
    const child = fork(join(import.meta.dirname, 'support/killed-node.ts'), { execArgv: ['--disable-warning=ExperimentalWarning'], serialization: 'advanced', env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') } })
    this.#child = child
    this.isReady = false
    child.on('message', ({ id, result, error }: { id: number, result: never, error?: string }) => {
      if (id === 0) this.isReady = true
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error))
    })
    child.on('exit', (code, signal) => {
      if (signal !== 'SIGKILL' && code !== 0) this.diedByItself = `${this.#spec.self} ended with ${code ?? signal}`
      for (const { reject } of this.#waiting.values()) reject(new Error('killed'))
      this.#waiting.clear()
    })
    child.send(this.#spec)
  }

  async ready (): Promise<void> { await eventually(`${this.#spec.self} to be ready`, () => { if (this.diedByItself !== undefined) throw new Error(this.diedByItself); return this.isReady }) }

  async kill (): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    this.kills++
    if (!this.isReady) this.early++
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  ask<Result> (asked: Asked): Promise<Result> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: never) => void, reject })
      this.#child!.send({ id, asked })
    })
  }
}

const kills = suite('kills')
const folder = makeFolder()
const federation = await foundTestFederation()
const selves = [LV_NATIONAL, LT_NATIONAL, LV_SITE]
const ports = await freePorts(4)
const addressOf = (self: NodeId): string => `/ip4/127.0.0.1/tcp/${ports[selves.indexOf(self)]}`
const sources = [sourceSchema.parse({
  id: 'border-1', controller: LV_LUDZA, regime: 'LED', tokenHash: tokenHashOf(TOKEN),
  cameras: [{ id: 'camera-1', siteRef: 's1', siteGroup: 'border', place: { nuts3: 'LV005' }, direction: 'inbound' }]
})]
const nodes = selves.map(self => new Mortal({
  self, folder: join(folder, self.replace('/', '-')), secrets: ringOf(federation, self), statements: federation.statements, pins: federation.pins,
  listen: addressOf(self), addresses: Object.fromEntries(selves.map(other => [other, [addressOf(other)]])), ...(self === LV_SITE && { ingest: { port: ports[3]!, sources } })
}))
const [lv, lt, site] = nodes as [Mortal, Mortal, Mortal]
const actorOf = (role: Role, agency: AgencyId): Actor => ({ personId: parsePersonId('p-1'), role, agency })

async function tell (at: Mortal, role: Role, agency: AgencyId, command: object): Promise<void> {
  const result = await at.ask<CommandResult>({ what: 'command', actor: actorOf(role, agency), command: command as Command })
  if (!result.ok) throw new Error(`${result.code} ${result.detail ?? ''}`)
}

async function prepare (): Promise<void> {
  const grant = (at: Mortal, agency: AgencyId, id: string, direction: 'egress' | 'ingress', kind: string, nation: string): Promise<void> =>
    enact((actor, command) => at.ask({ what: 'command', actor, command }), agency, grantOf(agency, { id, direction, kinds: [kind], partner: { nation } }))
  await grant(lt, LT_POLICE, 'g-share', 'egress', 'hotlist.share', 'LV')
  await grant(lt, LT_POLICE, 'g-in', 'ingress', 'hit', 'LV')
  await grant(lv, LV_POLICE, 'g-in', 'ingress', 'hotlist.share', 'LT')
  await grant(lv, LV_POLICE, 'g-place', 'egress', 'hotlist.share', 'LV')
  await grant(lv, LV_LUDZA, 'g-hits', 'egress', 'hit', 'LT')
  const refs = Array.from({ length: ENTRIES }, (_, i) => `K-${i}`)
  for (const [i, ref] of refs.entries()) await tell(lt, 'LIST_OWNER', LT_POLICE, { do: 'entry.put', agency: LT_POLICE, entry: entryOf(ref, plateOf(i), { country: 'LT', furtherHits: true }) })
  await tell(lt, 'LIST_OWNER', LT_POLICE, { do: 'entry.share', agency: LT_POLICE, refs, to: LV_POLICE })
  await eventually('all entries at the site', async () => await site.ask<number>({ what: 'entries' }) === ENTRIES)
}
const plateOf = (i: number): string => `ABC${100 + i}`

/** Evidence (the digest of the body, which the hit carries) of what was answered with 200, and of what was not. */
const accepted = new Set<string>(); const unanswered = new Set<string>()

let reads = 0
async function deliver (): Promise<boolean> {
  const n = ++reads
  const body = JSON.stringify(readOf(plateOf(n % ENTRIES), { country: 'LT', eventId: `e-${n}` }))
  const evidence = createHash('sha256').update(body).digest('base64url')
  const status = await fetch(`http://127.0.0.1:${ports[3]}/ingest/reads`, { method: 'POST', body, headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` }, signal: AbortSignal.timeout(5000) })
    .then(async response => { await response.arrayBuffer(); return response.status }, () => 0)
  ;(status === 200 ? accepted : unanswered).add(evidence)
  return status === 200
}

async function deliverUntil (over: () => boolean): Promise<void> {
  while (!over()) await pause(await deliver() ? 25 : 200)
}

async function killForAWhile (): Promise<void> {
  for (let done = 0; done < KILLS - nodes.length; done++) {
    const node = nodes[between(0, nodes.length)]!
    await pause(between(50, 400))
    if (!node.isReady && chance() < 0.7) await node.ready()
    const burst = Array.from({ length: site.isReady ? BURST : 0 }, deliver)
    await pause(between(0, 120))
    await node.kill()
    node.live()
    await Promise.all(burst)
  }
  await Promise.all(nodes.map(node => node.ready()))
  await pause(between(200, 800))
  await Promise.all(nodes.map(node => node.kill()))
}

async function hitsAtOwner (): Promise<HitView[]> {
  const hits: HitView[] = []
  for (let after: string | undefined; ;) {
    const page = await lt.ask<{ hits: HitView[], next?: string }>({ what: 'hits', actor: actorOf('OFFICER', LT_POLICE), ...(after !== undefined && { after }) })
    hits.push(...page.hits)
    if (page.next === undefined) return hits
    after = page.next
  }
}

const isSettled = async (): Promise<boolean> => (await Promise.all(nodes.map(node => node.ask<NodeStatus>({ what: 'status' }))))
  .every(({ peers }) => peers.every(({ reachable, queued, unreceipted }) => reachable && queued === 0 && unreceipted === 0))

kills.before(async () => {
  for (const node of nodes) node.live()
  await Promise.all(nodes.map(node => node.ready()))
  await prepare()
})
kills.after(async () => {
  await Promise.all(nodes.map(node => node.kill()))
  removeFolder(folder)
})

kills(`${KILLS} kills under load lose nothing and repeat nothing`, async () => {
  let over = false
  const cameras = Array.from({ length: CAMERAS }, () => deliverUntil(() => over))
  try { await killForAWhile() } finally { over = true }
  await Promise.all(cameras)
  for (const node of nodes) node.live()
  await Promise.all(nodes.map(node => node.ready()))
  await eventually('everything to be receipted', isSettled, 60_000)

  const hits = await hitsAtOwner()
  const times = new Map<string, number>()
  for (const { hit } of hits) times.set(hit.evidence, (times.get(hit.evidence) ?? 0) + 1)
  console.log(`${KILLS} kills (${nodes.reduce((sum, { early }) => sum + early, 0)} during a start), ${accepted.size} reads accepted, ${unanswered.size} without an answer, ${hits.length} hits`)
  assert.ok(accepted.size > KILLS, 'the cameras were heard')
  assert.equal([...accepted].filter(evidence => times.get(evidence) !== 1), [], 'each accepted read is exactly one hit')
  assert.equal([...times].filter(([evidence, count]) => count !== 1 || (!accepted.has(evidence) && !unanswered.has(evidence))), [], 'nothing took effect twice')
  assert.equal(nodes.map(({ diedByItself }) => diedByItself), [undefined, undefined, undefined])
  for (let i = 0; i < ENTRIES; i++) {
    const ordinals = hits.filter(({ hit }) => hit.entryRef === `K-${i}`).map(({ hit }) => hit.ordinal).sort((a, b) => a - b)
    assert.equal(ordinals, ordinals.map((_, at) => at + 1), 'sightings are numbered without a gap')
  }
})

kills('afterwards every log is whole and the two sides agree', async () => {
  for (const node of nodes) {
    const report = await node.ask<LogReport>({ what: 'verify' })
    assert.equal(report.findings, [])
    assert.ok(report.ok && report.checked.receiptsCompared > 0)
  }
})

kills.run()
