import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { INGEST_REFUSALS } from '../../../node/ingest/refusals.ts'
import { UPLOADS_WAITING_MAX, UPLOAD_BYTES_MAX, uploadRoute, type UploadedLook, type UploadedPicture } from '../../../node/ingest/upload.ts'
import type { Read } from '../../../node/ingest/read.ts'
import { RecognitionError } from '../../../node/recognition/errors.ts'
import { REJECT_REASONS, type Look, type PlateLook, type Rejected } from '../../../node/recognition/look.ts'
import { uploadReader } from '../../../node/recognition/uploads.ts'
import type { NationId } from '../../../protocol/identifiers.ts'
import { DEVICE_TIME, RECEIVED_AT, source, TOKEN } from './fixtures.ts'

const x = suite('upload')
const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(100, 7)])
const NONE = Object.fromEntries(REJECT_REASONS.map(reason => [reason, 0])) as unknown as Rejected
const plate = (text: string): PlateLook => ({
  corners: [1, 1, 9, 1, 9, 4, 1, 4], score: 900, height: 30, lines: 1, text, confidence: 910, charConfidences: [...text].map(() => 950), positions: [], country: 'LT' as NationId, countryConfidence: 880
})

async function openDoor (look: (picture: UploadedPicture) => Promise<UploadedLook | 'not-a-picture' | 'busy'>): Promise<FastifyInstance> {
  const app = Fastify({ logger: false })
  await app.register(uploadRoute({ sources: [source], clock: { now: () => RECEIVED_AT }, look }))
  return app
}
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'image/jpeg', 'device-time': DEVICE_TIME }
const post = (app: FastifyInstance, payload: Buffer = JPEG, { camera = 'camera-1', ...headers }: { [name: string]: string } = {}): Promise<LightMyRequestResponse> =>
  app.inject({ method: 'POST', url: `/ingest/pictures?camera=${encodeURIComponent(camera)}`, headers: { ...HEADERS, ...headers }, payload })

interface Desk { readonly accepted: Read[], readonly kept: { at: number, bytes: Uint8Array }[] }
function deskOf (look: () => Promise<Look>): Desk & { read: ReturnType<typeof uploadReader> } {
  const accepted: Read[] = []; const kept: Desk['kept'] = []
  const read = uploadReader({ look }, {
    idKey: 'secret', ring: { keep: async (_about, frames) => { kept.push(...frames); return 'A'.repeat(43) as never }, release: async () => {} },
    intake: { accept: async reads => { accepted.push(...reads) }, correct: async () => 0 }
  })
  return { accepted, kept, read }
}

x('a picture is looked at once, its reads are kept with the picture as evidence, and no plate is repeated', async () => {
  const desk = deskOf(async () => ({ width: 10, height: 10, plates: [plate('ABC123'), plate('KLM456'), plate('!!')], rejected: { ...NONE, masked: 0, 'low-confidence': 2 } }))
  const app = await openDoor(desk.read)
  const answer = await post(app)
  assert.is(answer.statusCode, 200)
  const body = answer.json() as { accepted: number, reads: { readId: string }[], rejected: object }
  assert.equal([body.accepted, body.rejected], [2, { 'low-confidence': 2, format: 1 }])
  assert.equal(body.reads.map(({ readId }) => readId), desk.accepted.map(({ readId }) => readId))
  assert.not.match(answer.body, /ABC123|KLM456/)
  const [read] = desk.accepted
  assert.equal([read!.plate.text, read!.plate.country, read!.cameraRef, read!.siteRef, read!.clock, read!.observedAt, read!.evidence], ['ABC123', 'LT', 'camera-1', 's1', 'good', Date.parse(DEVICE_TIME), 'A'.repeat(43)])
  assert.ok(Buffer.from(desk.kept[0]!.bytes).equals(JPEG))
  await post(app)
  assert.is(desk.accepted[2]!.readId, read!.readId, 'delivered again, it is the same read')
})

x('a picture without plates is answered with why', async () => {
  const desk = deskOf(async () => ({ width: 10, height: 10, plates: [], rejected: { ...NONE, 'not-a-plate': 1 } }))
  const answer = await post(await openDoor(desk.read))
  assert.equal([answer.statusCode, answer.json()], [200, { accepted: 0, reads: [], rejected: { 'not-a-plate': 1 } }])
})

x('what cannot be decoded is the sender\'s, what we cannot do is ours', async () => {
  for (const [error, status, code] of [[new RecognitionError('picture-broken'), 415, 'not-a-picture'], [new RecognitionError('picture-too-large'), 415, 'not-a-picture'], [new RecognitionError('recogniser-failed'), 503, 'not-kept'], [new RecognitionError('model-changed'), 503, 'not-kept'], [new Error('?'), 503, 'not-kept']] as const) {
    const desk = deskOf(async () => { throw error })
    const answer = await post(await openDoor(desk.read))
    assert.equal([answer.statusCode, answer.json().code], [status, code])
  }
})

x('who may not, what is too large, no picture or of no camera, is refused before anybody looks', async () => {
  let looks = 0
  const app = await openDoor(async () => { looks++; return { reads: [], rejected: {} } })
  const cases: [LightMyRequestResponse, keyof typeof INGEST_REFUSALS][] = [
    [await post(app, JPEG, { authorization: 'Bearer wrong' }), 'not-authenticated'], [await post(app, JPEG, { camera: 'elsewhere' }), 'unknown-camera'],
    [await post(app, Buffer.alloc(0)), 'not-a-picture'], [await post(app, JPEG, { 'content-type': 'image/gif' }), 'not-a-picture'], [await post(app, JPEG, { 'content-type': 'application/json' }), 'not-a-picture'],
    [await post(app, Buffer.alloc(UPLOAD_BYTES_MAX + 1, 1)), 'too-large'], [await post(app, JPEG, { 'device-time': 'x'.repeat(41) }), 'malformed'],
    [await app.inject({ method: 'POST', url: '/ingest/pictures', headers: HEADERS, payload: JPEG }), 'malformed']
  ]
  for (const [answer, code] of cases) {
    assert.is(answer.json().code, code)
    assert.is(answer.statusCode, INGEST_REFUSALS[code].status, code)
  }
  assert.is(looks, 0)
  assert.is((await app.inject({ method: 'GET', url: '/ingest/pictures' })).statusCode, 404)
})

x('more than the recogniser can take are told to come back', async () => {
  const release: (() => void)[] = []
  const app = await openDoor(() => new Promise(resolve => release.push(() => resolve({ reads: [], rejected: {} }))))
  const waiting = Array.from({ length: UPLOADS_WAITING_MAX }, () => post(app))
  while (release.length < UPLOADS_WAITING_MAX) await new Promise(resolve => setTimeout(resolve, 5))
  const over = await post(app)
  assert.equal([over.statusCode, over.headers['retry-after']], [503, '5'])
  for (const go of release) go()
  assert.ok((await Promise.all(waiting)).every(({ statusCode }) => statusCode === 200))
})

x.run()
