/** What intake gives to the machine, and takes back when a camera corrects itself; with a real hotlist. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Hotlist } from '../../../node/hotlist/hotlist.ts'
import { Intake } from '../../../node/ingest/intake.ts'
import { readOf, type Read } from '../../../node/ingest/read.ts'
import { isRefusal } from '../../../node/ingest/refusals.ts'
import type { ReadStore } from '../../../node/ingest/read-store.ts'
import type { Driver } from '../../../node/runtime/driver.ts'
import type { NodeEvent } from '../../../protocol/events.ts'
import type { AgencyId, EntryRef, NationId } from '../../../protocol/identifiers.ts'
import { delivery, DEVICE_TIME, RECEIVED_AT } from './fixtures.ts'

const x = suite('intake')
const OWNER = 'lv:state-police' as AgencyId

interface Desk { readonly intake: Intake, readonly events: string[], readonly kept: Read[] }
function deskOf (entries: readonly (readonly [ref: string, plate: string, country?: string])[], options: { fails?: boolean } = {}): Desk {
  const hotlist = new Hotlist()
  for (const [ref, plate, country] of entries) {
    hotlist.place({ owner: OWNER, ref: ref as EntryRef, plate, ...(country !== undefined && { country: country as NationId }), category: 'stolen-vehicle', action: 'seize', furtherHits: true, until: RECEIVED_AT / 1000 + 9999, confirmedAt: RECEIVED_AT / 1000 })
  }
  const events: string[] = []; const kept: Read[] = []
  const tell = (event: NodeEvent): void => {
    if (event.type === 'read-matched') events.push(`match ${event.read.entry.ref} ${event.read.plate.text} ${event.read.plate.country ?? '?'}`)
    else if (event.type === 'read-withdrawn') events.push(`withdraw ${event.read.entry.ref} ${event.reason}`)
    else if (event.type === 'reads-collected') events.push(`collected ${event.controller} ${event.count}`)
  }
  const driver = { room: () => {}, give: tell, giveDurably: async (event: NodeEvent) => { tell(event) } } as unknown as Driver
  const intake = new Intake({
    driver, hotlist, reads: { keep: async (reads: Read[]) => { kept.push(...reads) } } as unknown as ReadStore, entropy: { bytes: length => new Uint8Array(length) },
    clock: { now: () => RECEIVED_AT, after: () => () => {} }, counted: () => {},
    matched: async matches => {
      events.push(`pin ${matches.map(({ entry }) => entry.ref).join()}`)
      if (options.fails === true) throw new Error('the disk is full')
    }
  })
  return { intake, events, kept }
}
function readFor (plate: string, changes: { country?: string, controller?: string } = {}): Read {
  const { country, controller } = changes
  const report = { camera: 'camera-1', rawPlate: plate, confidence: 900, deviceTime: DEVICE_TIME, origin: plate, ...(country !== undefined && { country: country as NationId, countryConfidence: 900 }) }
  const read = readOf(report, controller === undefined ? delivery : { ...delivery, source: { ...delivery.source, controller: controller as AgencyId } })
  assert.not.ok(isRefusal(read))
  return read as Read
}

x('footage is pinned before anything leaves because of a match, and what matches nothing pins nothing', async () => {
  const { intake, events } = deskOf([['E-1', 'ABC123']])
  await intake.accept([readFor('ABC123'), readFor('KLM456')])
  assert.equal(events, ['pin E-1', 'match E-1 ABC123 ?'])
})

x('when footage cannot be pinned nothing leaves, and the delivery is not answered', async () => {
  const { intake, events } = deskOf([['E-1', 'ABC123']], { fails: true })
  let failed: unknown
  await intake.accept([readFor('ABC123')]).catch(error => { failed = error })
  assert.instance(failed, Error)
  assert.equal(events, ['pin E-1'])
})

x('another text takes back what the first one caused, before anything comes of the new one', async () => {
  const { intake, events, kept } = deskOf([['E-1', 'BOG518'], ['E-2', 'B0G518'], ['E-3', 'XXX999']])
  const [before, next] = [readFor('B0G518'), readFor('BOG518')]
  await intake.accept([before])
  events.length = 0
  assert.is(await intake.correct(before, next), 2)
  assert.equal(events.slice(0, 2).sort(), ['withdraw E-1 misread', 'withdraw E-2 misread'])
  assert.equal(events.slice(2).sort(), ['match E-1 BOG518 ?', 'match E-2 BOG518 ?', events[2]!])
  assert.equal(kept.map(({ plate }) => plate.text), ['B0G518', 'BOG518'])
})

x('a country that shows itself later takes back only what it excludes', async () => {
  const { intake, events, kept } = deskOf([['E-LT', 'ABC123', 'LT'], ['E-SE', 'ABC123', 'SE']])
  const before = readFor('ABC123')
  await intake.accept([before])
  const first = events.filter(event => event.startsWith('match')).length
  assert.is(first, 2)
  events.length = 0
  const next: Read = { ...before, plate: { ...before.plate, country: 'LT' as NationId, countryConfidence: 900, countrySource: 'vendor' } }
  await intake.correct(before, next)
  assert.equal(events.filter(event => !event.startsWith('pin')), ['withdraw E-SE wrong-country'], 'the other stands, and is not told twice')
  assert.is(kept.length, 1, 'it is the same read')
})

x('a read that matched nothing is corrected in silence', async () => {
  const { intake, events } = deskOf([['E-1', 'ABC123']])
  const before = readFor('AAA111')
  await intake.accept([before])
  assert.is(await intake.correct(before, readFor('AAA112')), 0)
  assert.equal(events, [])
})

x('reads of one source are counted for each controller apart', () => {
  const { intake, events } = deskOf([])
  void intake.accept([readFor('AAA111'), readFor('AAA112', { controller: 'lv:ludza' }), readFor('AAA113')])
  intake.flush()
  assert.equal(events, ['collected lv:ludza 1', 'collected lt:utena-police 2'].sort())
})

x.run()
