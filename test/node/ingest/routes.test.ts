import Fastify, { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf } from '../../../protocol/bytes.ts'
import { DELIVERY_BYTES_MAX } from '../../../node/ingest/generic.ts'
import type { Read } from '../../../node/ingest/read.ts'
import { INGEST_REFUSALS } from '../../../node/ingest/refusals.ts'
import { ingestRoutes } from '../../../node/ingest/routes.ts'
import { bytesOf, genericRead, plateRecognizerMessage, RECEIVED_AT, source, TOKEN } from './fixtures.ts'

interface Door { app: FastifyInstance, accepted: Read[], logged: string[], accept: (reads: Read[]) => Promise<void> }
async function openDoor (): Promise<Door> {
  const door = { accepted: [] as Read[], logged: [] as string[], accept: async (reads: Read[]) => { door.accepted.push(...reads) } } as unknown as Door
  door.app = Fastify({ logger: { level: 'trace', stream: { write: line => { door.logged.push(line) } } } })
  await door.app.register(ingestRoutes({ sources: [source], clock: { now: () => RECEIVED_AT }, idKey: '07'.repeat(16), accept: async reads => await door.accept(reads) }))
  return door
}
const JSON_HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
const post = async ({ app }: Door, url: string, payload: unknown, headers: InjectOptions['headers'] = JSON_HEADERS): Promise<LightMyRequestResponse> =>
  await app.inject({ method: 'POST', url, headers, payload: Buffer.isBuffer(payload) ? payload : bytesOf(payload) })
const READS = '/ingest/reads'; const VENDOR = '/ingest/plate-recognizer'

const test = suite('ingest routes')

test('a single read is accepted with its id, and its body is its evidence', async () => {
  const door = await openDoor(); const body = bytesOf(genericRead())
  const answer = await post(door, READS, body)
  assert.is(answer.statusCode, 200)
  assert.is(door.accepted.length, 1)
  assert.equal(answer.json(), { accepted: 1, verdicts: [{ status: 'accepted', readId: door.accepted[0]!.readId, clock: 'good' }] })
  assert.is(door.accepted[0]!.evidence, digestOf(body))
  assert.is(door.accepted[0]!.plate.text, 'ABC123')
  await post(door, READS, body)
  assert.is(door.accepted[1]!.readId, door.accepted[0]!.readId, 'sent again, it is the same read')
})

test('a batch gets one verdict a read, in order', async () => {
  const door = await openDoor()
  const answer = await post(door, READS, [genericRead(), genericRead({ plate: '\u200FAB1' }), genericRead({ camera: 'elsewhere' }), genericRead({ plate: '' }), genericRead({ extra: 1 }), genericRead({ plate: 'LV 77' })])
  assert.is(answer.statusCode, 207)
  assert.equal(answer.json().verdicts.map((verdict: { code?: string }) => verdict.code ?? 'accepted'), ['accepted', 'bad-plate', 'unknown-camera', 'no-plate', 'malformed', 'accepted'])
  assert.equal(door.accepted.map(read => read.plate.text), ['ABC123', 'LV77'])
})

test('a single read that is refused is an error that says what to do', async () => {
  const door = await openDoor()
  for (const [more, status, code] of [[{ plate: 'A'.repeat(10_240) }, 422, 'bad-plate'], [{ camera: 'x' }, 422, 'unknown-camera'], [{ plate: '' }, 422, 'no-plate'], [{ confidence: 3 }, 400, 'malformed']] as const) {
    const answer = await post(door, READS, genericRead(more))
    assert.is(answer.statusCode, status)
    const { message, whatToDo } = INGEST_REFUSALS[code]
    assert.equal(answer.json(), { code, message, whatToDo, ...(code === 'malformed' ? { field: 'confidence' } : {}) })
  }
  assert.is(door.accepted.length, 0)
})

test('nothing is answered before the reads are durable', async () => {
  const door = await openDoor(); let release = (): void => {}
  const reached = new Promise<void>(resolve => { door.accept = async () => { resolve(); await new Promise<void>(done => { release = done }) } })
  let answered = false
  const answer = post(door, READS, genericRead()).then(response => { answered = true; return response })
  await reached
  await new Promise(resolve => setImmediate(resolve))
  assert.is(answered, false)
  release()
  assert.is((await answer).statusCode, 200)
})

test('when they cannot be kept the sender is told to try again, and nothing leaks', async () => {
  const door = await openDoor()
  door.accept = async reads => { throw new Error(`disk full at ${reads[0]!.plate.text}`) }
  const answer = await post(door, READS, genericRead())
  assert.is(answer.statusCode, 503)
  assert.is(answer.json().code, 'not-kept')
  assert.not.match(answer.body, 'ABC123')
})

test('the vendor message fits as JSON, urlencoded and multipart, with Bearer or with Basic', async () => {
  const door = await openDoor(); const json = JSON.stringify(plateRecognizerMessage())
  const form = new FormData()
  form.append('json', json)
  form.append('upload', new Blob([new Uint8Array(500_000)]), 'plate.jpg')
  const multipart = new Response(form)
  const basic = `Basic ${Buffer.from(`${source.id}:${TOKEN}`).toString('base64')}`
  const answers = [
    await post(door, VENDOR, json),
    await post(door, VENDOR, `json=${encodeURIComponent(json)}`, { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' }),
    await post(door, VENDOR, Buffer.from(await multipart.arrayBuffer()), { authorization: basic, 'content-type': multipart.headers.get('content-type')! })
  ]
  assert.equal(answers.map(answer => answer.statusCode), [200, 200, 200])
  assert.equal(door.accepted.map(read => [read.plate.text, read.plate.country, read.vendor]), Array(3).fill(['ABC123', 'LT', 'plate-recognizer']))
  assert.is(new Set(door.accepted.map(read => read.readId)).size, 1, 'however it is wrapped')
  assert.is(new Set(door.accepted.map(read => read.evidence)).size, 3, 'evidence is over the bytes as they came')
})

test('no or a wrong token: refused before the body is read', async () => {
  const door = await openDoor()
  for (const authorization of [undefined, '', 'Bearer wrong', `Basic ${Buffer.from(`${source.id}:${TOKEN}`).toString('base64')}`]) {
    const answer = await post(door, READS, Buffer.alloc(DELIVERY_BYTES_MAX * 2), { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) })
    assert.is(answer.statusCode, 401)
    assert.is(answer.json().code, 'not-authenticated')
    assert.is(answer.headers['www-authenticate'], 'Bearer')
  }
  assert.is((await post(door, `${READS}?token=${TOKEN}`, genericRead(), { 'content-type': 'application/json' })).statusCode, 401, 'never in the address')
})

test('too large, too many, too deep, the wrong type, nothing at all', async () => {
  const door = await openDoor()
  for (const [payload, type, status, code] of [
    [Buffer.alloc(DELIVERY_BYTES_MAX + 1, 0x20), 'application/json', 413, 'too-large'],
    [Array(201).fill(7), 'application/json', 413, 'too-many-reads'],
    ['['.repeat(50_000), 'application/json', 400, 'malformed'],
    [genericRead(), 'text/plain', 400, 'malformed'],
    [genericRead(), 'application/xml', 400, 'malformed'],
    ['', 'application/json', 400, 'malformed'],
    [Buffer.from([0xC3, 0x28]), 'application/json', 400, 'malformed']
  ] as const) {
    const answer = await post(door, READS, payload, { authorization: `Bearer ${TOKEN}`, 'content-type': type })
    assert.is(answer.statusCode, status, code)
    assert.is(answer.json().code, code)
  }
  assert.is((await post(door, READS, '', { authorization: `Bearer ${TOKEN}` })).statusCode, 400)
  assert.is(door.accepted.length, 0)
})

test('absurd device times are kept as they are and do not date the read', async () => {
  const door = await openDoor()
  await post(door, READS, ['9999-12-31T23:59:59Z', '1970-01-01T00:00:00Z', 'yesterday', '2026-11-22T17:00:00Z'].map(deviceTime => genericRead({ deviceTime })))
  assert.equal(door.accepted.map(read => [read.observedAt, read.clock, read.deviceTimeRaw]), [
    [RECEIVED_AT, 'unknown', '9999-12-31T23:59:59Z'], [RECEIVED_AT, 'unknown', '1970-01-01T00:00:00Z'], [RECEIVED_AT, 'unknown', 'yesterday'], [RECEIVED_AT, 'drifting', '2026-11-22T17:00:00Z']
  ])
})

test('no plate reaches an answer or a log line', async () => {
  const door = await openDoor(); const bodies: string[] = []
  for (const payload of [genericRead(), genericRead({ plate: 'ABC123\u202E' }), genericRead({ ABC123: 'ABC123' }), genericRead({ vehicle: { ABC123: 1 } }), [genericRead({ country: 'ABC123' })], '{"plate":"ABC123"', plateRecognizerMessage()]) {
    bodies.push((await post(door, READS, payload)).body, (await post(door, VENDOR, payload)).body)
  }
  door.accept = async reads => { throw new Error(reads[0]!.plate.text) }
  bodies.push((await post(door, READS, genericRead())).body)
  for (const line of [...bodies, ...door.logged]) assert.not.match(line, /abc-?123/i)
  assert.ok(door.logged.some(line => line.includes('could not be kept')))
})

test.run()
