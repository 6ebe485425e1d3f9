/**
 * A disk is lost, told from end to end with real processes: a backup is taken while hits cross, more hits follow, the node
 * dies with its disk, and comes back from the older backup; first at the receiver, then at the sender. In the end every hit
 * is there exactly once, and the logs say what happened.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDocument } from 'yaml'
import { openLevelStore } from '../../node/adapters/level-store.ts'
import { RESTORED_WHY } from '../../node/backup/mark.ts'
import { main } from '../../node/cli/main.ts'
import type { LogReport } from '../../node/console/service.ts'
import { newPersonKey } from '../../node/people.ts'
import { parsePersonId, type AgencyId } from '../../protocol/identifiers.ts'
import { parseLeaf } from '../../protocol/log/leaf.ts'
import { keyOf, type InStreamRecord, type OutStreamRecord } from '../../protocol/records.ts'
import { LT_NATIONAL, LT_POLICE, LV_NATIONAL, LV_POLICE } from '../support/founded.ts'
import { isSettled, layOutCountries, type Countries, type Outcome, type StoryNode } from './support/country-nodes.ts'
import { eventually, told } from './support/places.ts'
import { readOf } from './support/terms.ts'

const story = suite('restore')
let world: Countries
const PLATES = ['ABC123', 'KLM456', 'DEF789']
let reads = 0
const at = (name: string): string => join(world.folder, name)

async function tiltas (...words: readonly string[]): Promise<Outcome> {
  let out = ''; let err = ''
  const exit = await main([...words, '--json'], { out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: {}, readInput: async () => '', stopped: new AbortController().signal, now: Date.now })
  return { exit, out, err }
}
async function done (...words: readonly string[]): Promise<{ readonly [name: string]: unknown }> {
  const { exit, out, err } = await tiltas(...words)
  if (exit !== 0) throw new Error(`tiltas ${words.slice(0, 2).join(' ')} ended with ${exit}: ${err}`)
  return JSON.parse(out) as { readonly [name: string]: unknown }
}

/** Somebody who may take a backup of a running node. */
function addOperator (node: StoryNode, agency: AgencyId): void {
  const { key, file } = newPersonKey({ personId: parsePersonId('operator'), role: 'NODE_OPERATOR', agency })
  writeFileSync(at(`${agency.slice(0, 2)}-operator.key`), file, { mode: 0o600 })
  const config = parseDocument(readFileSync(node.config, 'utf8'))
  config.addIn(['people'], { ...key.actor, publicKey: key.publicKey })
  writeFileSync(node.config, config.toString(), { mode: 0o600 })
}

async function deliver (count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const n = ++reads
    assert.is((await world.site.deliver('/ingest/reads', readOf(PLATES[n % PLATES.length]!, { country: 'LT', eventId: `e-${n}` }))).status, 200)
  }
}
const settled = (nodes: readonly StoryNode[] = world.nodes): Promise<boolean> => eventually('everything to be receipted', () => isSettled(nodes), 60_000)
const verify = (node: StoryNode): Promise<LogReport> => world.ask(node, node === world.lt ? LT_POLICE : LV_POLICE, 'LEGAL_OFFICER', 'log', 'verify')

async function everyHitOnce (): Promise<void> {
  await eventually(`${reads} hits at their owner`, async () => (await world.hitsAtOwner()).length >= reads, 60_000)
  await settled()
  const hits = await world.hitsAtOwner()
  assert.is(hits.length, reads)
  assert.is(new Set(hits.map(({ hit }) => hit.hitId)).size, reads)
  assert.is(new Set(hits.map(({ hit }) => hit.evidence)).size, reads, 'each of another read')
}

const whys = (leaves: readonly Uint8Array[]): number[] => leaves.flatMap((leaf, i) => parseLeaf(leaf)?.why === RESTORED_WHY ? [i] : [])
/** Reads a stopped node's store. */
async function inspect<Answer> (node: StoryNode, read: (store: Awaited<ReturnType<typeof openLevelStore>>) => Promise<Answer>): Promise<Answer> {
  const store = await openLevelStore(join(node.folder, 'data/store'))
  try { return await read(store) } finally { await store.close() }
}
const json = <Record>(bytes: Uint8Array | undefined): Record => JSON.parse(Buffer.from(bytes!).toString()) as Record

/** The machine is gone: killed, and its disk with it. */
async function lose (node: StoryNode): Promise<void> {
  await node.end('SIGKILL')
  renameSync(node.folder, `${node.folder}-lost-${reads}`)
}

let opener: readonly string[]; let sealer: readonly string[]
story.before(told(async () => {
  world = await layOutCountries()
  addOperator(world.lt, LT_POLICE)
  addOperator(world.lv, LV_POLICE)
  await Promise.all(world.nodes.map(node => node.start()))
  await world.listAtSite(PLATES.map((plate, i) => ({ ref: `R-${i}`, plate, country: 'LT', furtherHits: true })))
  const { publicKey } = await done('backup', 'key', '--out', at('backup.key'))
  opener = ['--key', at('backup.key')]
  sealer = ['--to', publicKey as string]
}))
story.after(() => world.close())

story('a backup is taken while hits cross, by an operator and by nobody else', async () => {
  await deliver(6)
  const [backedUp] = await Promise.all([done('backup', '--out', at('lt.backup'), ...sealer, '--config', world.lt.config, '--as', at('lt-operator.key')), deliver(6)])
  assert.is(backedUp['running'], true)
  await everyHitOnce()
  assert.is((await done('backup', 'verify', at('lt.backup'), ...opener))['node'], LT_NATIONAL)
  const officer = await world.tiltas(world.lt, LT_POLICE, 'OFFICER', 'backup', '--out', at('officer.backup'), ...sealer, '--json')
  assert.is((JSON.parse(officer.err) as { code: string }).code, 'role-lacking')
  const locked = await tiltas('restore', at('lt.backup'), '--into', world.lt.folder, ...opener)
  assert.is((JSON.parse(locked.err) as { code: string }).code, 'exists', 'nothing is put over a node')
})

story('the receiver loses its disk and comes back older: it says so, and what it lost comes again, once', async () => {
  await deliver(8)
  await everyHitOnce()
  await lose(world.lt)
  await deliver(4)
  const { leaves } = await done('restore', at('lt.backup'), '--into', world.lt.folder, '--node', LT_NATIONAL, ...opener)
  await inspect(world.lt, async store => {
    const head = json<{ size: number }>(await store.get(keyOf.logHead))
    assert.is(head.size, (leaves as number) + 1)
  })
  await world.lt.start()
  await everyHitOnce()
  assert.ok((await verify(world.lt)).ok)
  assert.ok(world.lv.said('peer-restored').length > 0, 'its partner was told')
  const gap = await restoredLeaves(world.lt)
  assert.equal(gap, [leaves], 'the log has a leaf at the gap')
})

/** Which leaves of the log say that the node was restored. */
async function restoredLeaves (node: StoryNode): Promise<number[]> {
  await node.end()
  const found = await inspect(node, async store => whys((await store.scan({ prefix: 'log/leaf/', limit: 100_000 })).map(({ value }) => value)))
  await node.start()
  return found
}

story('the sender loses its disk: what it had passed on is not passed on as something else, and nothing is said twice', async () => {
  await world.lv.end()
  await done('backup', '--out', at('lv.backup'), ...sealer, '--config', world.lv.config)
  await world.lv.start()
  await deliver(8)
  await everyHitOnce()
  const before = await positionAt(world.lt)
  await lose(world.lv)
  await deliver(3)
  await done('restore', at('lv.backup'), '--into', world.lv.folder, ...opener)
  await world.lv.start()
  await deliver(3)
  await everyHitOnce()
  const after = await positionAt(world.lt)
  assert.is.not(after.incarnation, before.incarnation, 'another incarnation')
  assert.ok(after.seq > before.seq, 'that goes on where the receiver stands')
  for (const node of [world.lv, world.lt]) assert.ok((await verify(node)).ok)
  assert.is((await restoredLeaves(world.lv)).length, 1)
})

/** What Lithuania holds of Latvia's stream of hits. */
async function positionAt (lt: StoryNode): Promise<InStreamRecord> {
  await lt.end()
  const held = await inspect(lt, async store => Promise.all((['urgent', 'normal', 'bulk'] as const).map(name => store.get(keyOf.inStream(LV_NATIONAL, name)))))
  await lt.start()
  await settled()
  return held.filter(bytes => bytes !== undefined).map(bytes => json<InStreamRecord>(bytes)).sort((a, b) => b.seq - a.seq)[0]!
}

story('restored twice from the same backup, the node still gives no position twice', async () => {
  await world.lv.end()
  const first = await incarnations(world.lv)
  await lose(world.lv)
  await done('restore', at('lv.backup'), '--into', world.lv.folder, ...opener)
  const second = await incarnations(world.lv)
  assert.equal(second.filter(incarnation => first.includes(incarnation)), [])
  await world.lv.start()
  await deliver(3)
  await everyHitOnce()
})

const incarnations = (node: StoryNode): Promise<string[]> => inspect(node, async store =>
  (await store.scan({ prefix: 'stream/out/', limit: 100 })).map(({ value }) => json<OutStreamRecord>(value).incarnation).filter(incarnation => incarnation !== ''))

story.run()
