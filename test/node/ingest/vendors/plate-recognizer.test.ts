import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ParsedDelivery } from '../../../../node/ingest/generic.ts'
import type { PlateReport } from '../../../../node/ingest/read.ts'
import type { IngestRefusal } from '../../../../node/ingest/refusals.ts'
import { parsePlateRecognizer } from '../../../../node/ingest/vendors/plate-recognizer.ts'
import { bytesOf, plateRecognizerMessage as message } from '../fixtures.ts'

const JSON_TYPE = 'application/json'
const parse = async (value: unknown, type = JSON_TYPE): Promise<ParsedDelivery & IngestRefusal> =>
  await parsePlateRecognizer(Buffer.isBuffer(value) ? value : bytesOf(value), type) as ParsedDelivery & IngestRefusal
const first = async (value: unknown, type?: string): Promise<PlateReport> => (await parse(value, type)).reports[0] as PlateReport
async function formOf (parts: Record<string, string | Blob>): Promise<[Buffer, string]> {
  const form = new FormData()
  for (const [name, value] of Object.entries(parts)) form.append(name, value)
  const response = new Response(form)
  return [Buffer.from(await response.arrayBuffer()), response.headers.get('content-type')!]
}

const test = suite('plate recognizer')

test('the published form becomes a report', async () => {
  const { origin, ...report } = await first(message())
  assert.type(origin, 'string')
  assert.equal(report, {
    camera: 'camera-1', rawPlate: 'abc123', country: 'LT', countryConfidence: 830, confidence: 904, deviceTime: '2026-11-22T17:59:58.500000Z',
    vehicle: { class: 'lorry', colour: 'white' }, vendorEventId: 'camera-1_screenshots/26-11-22/17-59-58.500000.jpg'
  })
})

test('the same JSON as a form field, urlencoded or beside pictures', async () => {
  const json = JSON.stringify(message()); const bare = await first(json)
  assert.equal(await first(`json=${encodeURIComponent(json)}`, 'application/x-www-form-urlencoded'), bare)
  const [body, type] = await formOf({ json, upload: new Blob([new Uint8Array(5000)], { type: 'image/jpeg' }) })
  assert.equal(await first(body, type), bare)
})

test('regions, vehicles and colours that we have no word for are left out', async () => {
  for (const [code, country] of [['lv', 'LV'], ['us-ca', 'US'], ['', undefined], ['xyz', undefined], ['1a', undefined]] as const) {
    const report = await first(message({ region: { code, score: 0.4 } }))
    assert.is(report.country, country, code)
    assert.is(report.countryConfidence, country === undefined ? undefined : 400)
  }
  assert.is((await first(message({ vehicle: { type: 'Unknown' }, color: [{ color: 'white', score: 0.3 }] }))).vehicle, undefined)
  assert.equal((await first(message({ vehicle: null, color: [{ color: 'Gray', score: 0.9 }] }))).vehicle, { colour: 'grey' })
  assert.is((await first(message({ region: null, color: undefined }))).country, undefined)
})

test('several results are several reports, each judged alone', async () => {
  const two = message(); const data = two['data'] as { results: unknown[] }
  data.results.push({ plate: 7, score: 0.5 }, { plate: null, score: 0.5 }, 'rubbish')
  const { single, reports } = await parse(two)
  assert.is(single, false)
  assert.equal(reports.map(report => 'code' in report ? [report.code, report.field] : report.rawPlate), ['abc123', ['malformed', 'plate'], '', ['malformed', undefined]])
})

test('times and names that are not short printable text are not kept', async () => {
  const report = await first(message({}, { timestamp: '\u202E' + 'x'.repeat(10_240) }))
  assert.is(report.deviceTime, '')
  assert.is((await first({ hook: { filename: 'a\u0000b' }, data: { camera_id: 'c', results: [{ plate: 'a1', score: 1 }] } })).vendorEventId, undefined)
})

test('a heartbeat is no mistake; a recognition without results is', async () => {
  assert.equal(await parse({ hook: { event: 'heartbeat' }, data: { camera_id: 'camera-1' } }), { single: false, reports: [] })
  assert.equal(await parse({ hook: { event: 'recognition' }, data: { camera_id: 'camera-1' } }), { code: 'malformed', field: 'data.results' })
  assert.equal((await parse(message({}, { results: [] }))).reports, [])
})

test('bodies that are no message', async () => {
  for (const [body, type] of [
    ['', JSON_TYPE], ['[]', JSON_TYPE], ['{"data":', JSON_TYPE], ['{"data":{"results":[]}}', JSON_TYPE], ['['.repeat(100_000), JSON_TYPE], ['other=1', 'application/x-www-form-urlencoded'],
    ['json=%7B', 'application/x-www-form-urlencoded'], ['x', 'multipart/form-data'], ['x', 'multipart/form-data; boundary=y'], ['--y\r\n', 'multipart/form-data; boundary=y']
  ] as const) assert.is((await parse(body, type)).code, 'malformed', body.slice(0, 30))
  const [body, type] = await formOf({ json: new Blob([JSON.stringify(message())]) })
  assert.is((await parse(body, type)).code, 'malformed', 'a file named json is not the field')
  assert.is((await parse(message({}, { results: Array(201).fill({}) }))).code, 'too-many-reads')
})

test('prototype keys are ignored like every unknown field', async () => {
  const text = JSON.stringify(message()).replace('"plate":"abc123"', '"plate":"abc123","__proto__":{"score":1},"constructor":{}')
  assert.is((await first(text)).confidence, 904)
  assert.is(({} as Record<string, unknown>)['score'], undefined)
})

test.run()
