/**
 * A hit crosses the border, told from end to end with real processes: what operators, list owners, cameras and officers do,
 * and what each of them sees afterwards. Each test goes on where the one before it ended.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openFileRecordKeys } from '../../node/adapters/file-record-keys.ts'
import { openLevelStore } from '../../node/adapters/level-store.ts'
import { systemEntropy } from '../../node/adapters/system-entropy.ts'
import type { CandidateView, EntryView, HitView, LogReport, SentHitView } from '../../node/console/service.ts'
import { ReadStore } from '../../node/ingest/read-store.ts'
import { derivedMessageId } from '../../protocol/bytes.ts'
import { DAY, HOUR } from '../../protocol/instant.ts'
import { LT_POLICE, LV_LUDZA, LV_POLICE } from '../support/founded.ts'
import { isSettled, layOutCountries, NODE_FLAGS, type Countries, type StoryNode } from './support/country-nodes.ts'
import { announceSeed, eventually, told } from './support/places.ts'
import { grantOf, readOf, vendorBodyOf } from './support/terms.ts'

const story = suite('a hit crosses')
announceSeed()
let world: Countries
/** readId of each read that later tests speak of. */
const readIds = new Map<string, string>()

const hitsAtOwner = async (): Promise<HitView[]> => (await world.ask<{ hits: HitView[] }>(world.lt, LT_POLICE, 'OFFICER', 'hits')).hits
const hitOf = (ref: string, holds: (view: HitView) => boolean = () => true): Promise<HitView> =>
  eventually(`a hit of ${ref} at its owner`, async () => (await hitsAtOwner()).find(view => view.hit.entryRef === ref && holds(view)))
const settled = (): Promise<boolean> => eventually('everything to be receipted', () => isSettled(world.nodes))
const verify = (at: StoryNode): Promise<LogReport> => world.ask(at, at === world.lt ? LT_POLICE : LV_POLICE, 'LEGAL_OFFICER', 'log', 'verify')
const candidateOf = (name: string, ref: string): string => derivedMessageId('candidate', readIds.get(name)!, LT_POLICE, ref)

async function deliver (name: string, plate: string, terms: object = {}): Promise<void> {
  const { status, answer } = await world.site.deliver('/ingest/reads', readOf(plate, terms))
  assert.is(status, 200)
  readIds.set(name, answer.verdicts![0]!.readId!)
}

story.before(told(async () => {
  world = await layOutCountries()
  await Promise.all(world.nodes.map(node => node.start()))
}))
story.after(() => world.close())

story('policies, entries and shares are told to the nodes, and the site watches', async () => {
  await world.grant(grantOf(LT_POLICE, { id: 'g-share', direction: 'egress', kinds: ['hotlist.share'], partner: { nation: 'LV' } }))
  await world.grant(grantOf(LT_POLICE, { id: 'g-in', direction: 'ingress', kinds: ['hit'], partner: { nation: 'LV' } }))
  await world.grant(grantOf(LV_POLICE, { id: 'g-in', direction: 'ingress', kinds: ['hotlist.share'], partner: { nation: 'LT' } }))
  await world.grant(grantOf(LV_POLICE, { id: 'g-place', direction: 'egress', kinds: ['hotlist.share'], partner: { nation: 'LV' } }))
  await world.grant(grantOf(LV_LUDZA, { id: 'g-hits', direction: 'egress', kinds: ['hit'], partner: { nation: 'LT' }, categories: ['stolen-vehicle', 'evidence'], precision: 'municipality' }))

  const until = new Date(Date.now() + 20 * DAY).toISOString().slice(0, 10)
  const entries = [['UT-1', 'ABC 123'], ['UT-2', 'KLM 456'], ['UT-3', 'BOG 518'], ['UT-4', 'DEF 789'], ['UT-5', 'GHJ 111', 'surveillance'], ['UT-6', 'PRS 222']]
  for (const [ref, plate, category = 'stolen-vehicle'] of entries) {
    const words = ['--ref', ref!, '--plate', plate!, '--country', 'LT', '--category', category, '--action', 'seize', '--why', 'reported stolen', '--decision', `D-${ref}`, '--basis', 'lt-2018/xiii-1435', '--until', until]
    assert.is((await world.tiltas(world.lt, LT_POLICE, 'LIST_OWNER', 'hotlist', 'add', ...words)).exit, 0, ref)
  }
  const shared = await world.tiltas(world.lt, LT_POLICE, 'LIST_OWNER', 'hotlist', 'share', ...entries.map(([ref]) => ref!), '--to', LV_POLICE)
  assert.is(shared.exit, 0, shared.err)
  await eventually('six entries at the site', async () => (await world.site.status()).entries === 6)
})

story('the partner does not learn why a vehicle is looked for', async () => {
  const views = await world.ask<EntryView[]>(world.lv, LV_POLICE, 'LIST_OWNER', 'hotlist', 'list')
  assert.is(views.length, 6)
  for (const { entry } of views) assert.equal([entry.reason, entry.decisionRef, entry.legalBasis], [undefined, undefined, undefined])
})

story('an exact read in our own form is seen by the owner, in a process of its own', async () => {
  await deliver('exact', 'ABC123', { country: 'LT', countryConfidence: 0.9, vehicle: { class: 'car', colour: 'grey' } })
  const { hit, state } = await hitOf('UT-1')
  assert.is(state, 'active')
  const key = join(world.folder, 'people', 'lt-utena-police.officer.key')
  const asked = spawnSync(process.execPath, [...NODE_FLAGS, 'hits', '--json', '--config', world.lt.config, '--as', key], { encoding: 'utf8' })
  assert.is(asked.status, 0, asked.stderr)
  const { hits } = JSON.parse(asked.stdout) as { hits: HitView[] }
  assert.is(hits.length, 1)
  assert.equal(hits[0]!.hit, hit)
  assert.equal([hit.iss, hit.aud, hit.match, hit.verification, hit.ordinal, hit.revision], [LV_LUDZA, LT_POLICE, 'exact', 'none', 1, 1])
  assert.equal(hit.area, { precision: 'municipality', nation: 'LV', nuts3: 'LV005', municipality: 'LV-058' }, 'the grant does not tell the road')
  assert.equal(hit.vehicle, { class: 'car', colour: 'grey' })
})

story('a read in the body of Plate Recognizer makes the same kind of hit', async () => {
  const { status, answer } = await world.site.deliver('/ingest/plate-recognizer', `json=${encodeURIComponent(JSON.stringify(vendorBodyOf('KLM456', 'LT')))}`, { 'content-type': 'application/x-www-form-urlencoded' })
  assert.equal([status, answer['accepted']], [200, 1])
  const { hit } = await hitOf('UT-2')
  assert.equal([hit.plate.text, hit.plate.country, hit.vehicle], ['KLM456', 'LT', { class: 'car', colour: 'red' }])
})

story('a look-alike waits until a person has compared picture and plate', async () => {
  await deliver('look-alike', 'B0G518', { country: 'LT' })
  const waiting = await eventually('the match to wait', async () => (await world.ask<CandidateView[]>(world.lv, LV_LUDZA, 'OFFICER', 'candidates', 'list', '--agency', LV_LUDZA))[0])
  assert.equal([waiting.state, waiting.match, waiting.entryRef, waiting.id], ['waiting', 'look-alike', 'UT-3', candidateOf('look-alike', 'UT-3')])
  assert.not.ok((await hitsAtOwner()).some(({ hit }) => hit.entryRef === 'UT-3'))
  assert.is((await world.tiltas(world.lv, LV_LUDZA, 'LIST_OWNER', 'candidates', 'confirm', waiting.id)).exit, 1, 'only an officer may')
  assert.is((await world.tiltas(world.lv, LV_LUDZA, 'OFFICER', 'candidates', 'confirm', waiting.id)).exit, 0)
  const { hit } = await hitOf('UT-3')
  assert.equal([hit.match, hit.verification, hit.plate.text], ['look-alike', 'person', 'B0G518'])
  const twice = await world.tiltas(world.lv, LV_LUDZA, 'OFFICER', 'candidates', 'confirm', waiting.id, '--json')
  assert.equal([twice.exit, JSON.parse(twice.err).code], [1, 'unknown-candidate'])
})

story('an officer confirms what had gone out unverified: the owner has the hit again, confirmed', async () => {
  await deliver('unverified', 'DEF789', { country: 'LT' })
  const first = await hitOf('UT-4')
  assert.equal([first.hit.verification, first.hit.revision], ['none', 1])
  assert.is((await world.tiltas(world.lv, LV_LUDZA, 'OFFICER', 'candidates', 'confirm', candidateOf('unverified', 'UT-4'))).exit, 0)
  const second = await hitOf('UT-4', view => view.hit.revision === 2)
  assert.equal([second.hit.type, second.hit.hitId, second.hit.verification, second.hit.ordinal], ['hit.update/1', first.hit.hitId, 'person', 1])
  assert.is((await hitsAtOwner()).filter(({ hit }) => hit.entryRef === 'UT-4').length, 1)
})

story('a rejected match is taken back where it was told', async () => {
  assert.is((await world.tiltas(world.lv, LV_LUDZA, 'OFFICER', 'candidates', 'reject', candidateOf('exact', 'UT-1'), '--reason', 'misread')).exit, 0)
  const view = await hitOf('UT-1', ({ state }) => state === 'withdrawn')
  assert.is(view.withdrawnBecause, 'misread')
  const shown = await world.tiltas(world.lt, LT_POLICE, 'OFFICER', 'hits')
  assert.match(shown.out, 'WITHDRAWN: do not act on it (misread)')
})

story('without a grant a match stays at home, with its reason', async () => {
  await deliver('refused', 'GHJ111', { country: 'LT' })
  const line = await eventually('the refusal', () => world.lv.said('candidate-decided').find(({ state }) => state === 'refused'))
  assert.is(line['because'], 'no-grant-fits')
  await settled()
  assert.not.ok((await hitsAtOwner()).some(({ hit }) => hit.entryRef === 'UT-5'))
})

story('an agency that takes in no shares refuses them, and the owner sees why nothing came of it', async () => {
  assert.is((await world.tiltas(world.lt, LT_POLICE, 'LIST_OWNER', 'hotlist', 'share', 'UT-6', '--to', LV_LUDZA)).exit, 0)
  const line = await eventually('the refusal to come back', () => world.lt.said('refused-by-peer')[0])
  assert.equal([line['to'], line['code']], [LV_LUDZA, 'not-permitted'])
  const views = await world.ask<EntryView[]>(world.lt, LT_POLICE, 'LIST_OWNER', 'hotlist', 'list')
  assert.equal(views.find(({ entry }) => entry.ref === 'UT-6')!.sharedWith.map(({ agency, state }) => [agency, state]), [[LV_POLICE, 'shared'], [LV_LUDZA, 'refused']])
})

story('a confirmed entry is told again with its new date', async () => {
  const confirmedAt = async (): Promise<number> => (await world.ask<EntryView[]>(world.lv, LV_POLICE, 'LIST_OWNER', 'hotlist', 'list')).find(({ entry }) => entry.ref === 'UT-6')!.entry.confirmedAt!
  const before = await confirmedAt()
  await new Promise(resolve => setTimeout(resolve, 1100))
  assert.is((await world.tiltas(world.lt, LT_POLICE, 'LIST_OWNER', 'hotlist', 'confirm', 'UT-6')).exit, 0)
  await eventually('the new date', async () => await confirmedAt() > before)
})

story('a withdrawn entry is gone at the site, and its plate means nothing there any more', async () => {
  assert.is((await world.tiltas(world.lt, LT_POLICE, 'LIST_OWNER', 'hotlist', 'withdraw', 'UT-6', '--reason', 'found')).exit, 0)
  await eventually('five entries at the site', async () => (await world.site.status()).entries === 5)
  await settled()
  const before = (await world.lv.status()).log.size
  await deliver('late', 'PRS222', { country: 'LT' })
  await settled()
  assert.not.ok((await hitsAtOwner()).some(({ hit }) => hit.entryRef === 'UT-6'))
  assert.is((await world.lv.status()).log.size, before, 'nothing of it reached the national node')
  const views = await world.ask<EntryView[]>(world.lt, LT_POLICE, 'LIST_OWNER', 'hotlist', 'list')
  const ended = views.find(({ entry }) => entry.ref === 'UT-6')!
  assert.is(ended.sharedWith.find(({ agency }) => agency === LV_POLICE)!.state, 'withdrawn')
})

story('every log is whole, and both sides logged the same of each message', async () => {
  await settled()
  for (const node of world.nodes) {
    const report = await verify(node)
    assert.equal(report.findings, [], node.node)
    assert.ok(report.ok && report.checked.leaves === report.size && report.checked.commitmentsOpened > 0 && report.checked.receiptsCompared > 0, node.node)
  }
  const sent = (await world.ask<{ hits: SentHitView[] }>(world.lv, LV_LUDZA, 'OFFICER', 'hits', 'sent', '--agency', LV_LUDZA)).hits
  const received = await hitsAtOwner()
  assert.is(sent.length, 5, 'four hits, one of them told twice')
  for (const { hit, state, receiptIndex } of sent) {
    assert.is(state, 'receipted')
    const view = received.find(one => one.hit.id === hit.id)
    if (view !== undefined && view.hit.revision === 1) assert.is(receiptIndex, view.leafIndex)
  }
})

story('a camera that delivers the same read twice makes one hit, and no log is the worse for it', async () => {
  const body = readOf('ABC123', { country: 'LT', eventId: 'twice' })
  for (let i = 0; i < 2; i++) assert.is((await world.site.deliver('/ingest/reads', body)).status, 200)
  await hitOf('UT-1', ({ state }) => state === 'active')
  await settled()
  assert.is((await hitsAtOwner()).filter(({ hit, state }) => hit.entryRef === 'UT-1' && state === 'active').length, 1)
  for (const node of world.nodes) assert.equal((await verify(node)).findings, [], node.node)
})

story('reads that met nothing stay at the site for their time, and are then gone', async () => {
  await deliver('nobody', 'ZZZ999', { country: 'LT' })
  await world.site.end()
  const folder = join(world.site.folder, 'data')
  const parts = { store: await openLevelStore(join(folder, 'reads')), recordKeys: await openFileRecordKeys(join(folder, 'read-keys')), entropy: systemEntropy, retention: 24 * HOUR }
  const reads = new ReadStore(parts)
  const platesSince = async (from: number): Promise<string[]> => {
    const plates: string[] = []
    for await (const { plate } of reads.since(from)) plates.push(plate.text)
    return plates
  }
  try {
    const now = Date.now()
    await reads.keep([], now)
    assert.ok((await platesSince(now - 2 * HOUR)).includes('ZZZ999'))
    assert.is(await reads.forget(now + 23 * HOUR), 0)
    assert.ok((await platesSince(now - 2 * HOUR)).includes('ZZZ999'))
    assert.ok(await reads.forget(now + 26 * HOUR) > 0)
    assert.equal(await platesSince(now - 2 * HOUR), [])
    assert.equal(await parts.store.scan({ prefix: 'read/', limit: 10 }), [])
  } finally { await reads.close() }
})

story.run()
