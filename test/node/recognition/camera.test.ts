/** A camera's loop with a recogniser that says what the test wants: from frames to reads, evidence and corrections. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openBlobFiles } from '../../../node/adapters/blob-files.ts'
import { openFileRecordKeys } from '../../../node/adapters/file-record-keys.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import type { Read } from '../../../node/ingest/read.ts'
import { watchCamera, type CameraTerms } from '../../../node/recognition/camera.ts'
import { CameraWatch, type CameraHealth } from '../../../node/recognition/camera-health.ts'
import { manifestOf, verifyEvidence } from '../../../node/recognition/evidence.ts'
import { EvidenceRing } from '../../../node/recognition/evidence-ring.ts'
import { RecognitionError } from '../../../node/recognition/errors.ts'
import type { GrayImage } from '../../../node/recognition/image.ts'
import { REJECT_REASONS, type Look, type LookRequest, type PlateLook, type Rejected } from '../../../node/recognition/look.ts'
import type { Frame, FrameSource } from '../../../node/recognition/sources.ts'
import { MemoryStore } from '../../../node/runtime/memory-store.ts'
import type { AgencyId, NationId } from '../../../protocol/identifiers.ts'
import { DAY, HOUR } from '../../../protocol/instant.ts'

const x = suite('camera')
const TOWN = 'lv:town' as AgencyId
const START = 1_800_000_000_000
const TERMS: CameraTerms = {
  id: 'cam-1', siteRef: 's1', siteGroup: 'border', place: { nuts3: 'LV005' }, direction: 'inbound', controller: TOWN, regime: 'LED', keepFor: HOUR,
  regions: [], masks: [], singleShot: false, lookAlways: false
}
const NONE = Object.fromEntries(REJECT_REASONS.map(reason => [reason, 0])) as unknown as Rejected

/** What one frame shows: plates, nothing that moves ('still'), or what goes wrong. */
type Shown = readonly { text: string, x?: number, country?: string }[] | 'still' | RecognitionError | Error
const lookOf = (text: string, x = 100, country?: string): PlateLook => ({
  corners: [x, 100, x + 120, 100, x + 120, 130, x, 130], score: 900, height: 30, lines: 1, text, confidence: 950, charConfidences: [...text].map(() => 960),
  positions: [...text].map(character => [{ character, probability: 0.96 }]), ...(country !== undefined && { country: country as NationId }), countryConfidence: country === undefined ? 0 : 900
})
const JPEG = (n: number): Uint8Array => Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, n])
/** Every frame that moves differs from the one before; a still one does not. */
const pictureOf = (n: number, moves: boolean): GrayImage => {
  const data = new Uint8Array(320 * 180)
  if (moves) data.fill(200, 320 * 60 + (n % 4) * 3200, 320 * 60 + (n % 4) * 3200 + 9600)
  return { width: 320, height: 180, data }
}

interface Story { readonly accepted: Read[], readonly corrections: [before: Read, next: Read][], readonly health: CameraHealth, readonly ring: EvidenceRing, readonly requests: LookRequest[] }

async function play (shown: readonly Shown[], terms: Partial<CameraTerms> = {}, frameOf: (n: number, moves: boolean) => Partial<Frame> = () => ({}), step = 200): Promise<Story & { close (): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'tiltas-'))
  const keys = await openFileRecordKeys(join(folder, 'keys'))
  const ring = await EvidenceRing.open({ store: new MemoryStore(), recordKeys: keys, blobs: await openBlobFiles(join(folder, 'blobs')), entropy: systemEntropy, bytesMax: 1e6, pinFor: 30 * DAY })
  const accepted: Read[] = []; const corrections: [Read, Read][] = []; const requests: LookRequest[] = []
  let now = START; let current = -1; let moving = 0
  const source: FrameSource = {
    async * frames () {
      for (const [n, one] of shown.entries()) {
        current = n
        now += step
        const moves = one !== 'still'
        if (moves) moving++
        yield { picture: pictureOf(moving, moves), receivedAt: now, ...frameOf(n, moves) }
      }
    }
  }
  const watch = new CameraWatch({ camera: 'cam-1', siteRef: 's1', frameInterval: step }, () => now)
  const camera = { ...TERMS, ...terms }
  await watchCamera(camera, {
    source, watch, ring, idKey: 'secret', clock: { now: () => now }, encode: async () => JPEG(current), thumbnail: async () => pictureOf(current, true),
    intake: {
      async accept (reads) {
        for (const { readId, evidence } of reads) assert.is(ring.find(readId)?.commitment ?? 'none', evidence, 'its frames are kept before it is told')
        accepted.push(...reads)
      },
      async correct (before, next) { corrections.push([before, next]); return 0 }
    },
    recogniser: {
      async look (_picture, request): Promise<Look> {
        requests.push(request)
        const one = shown[current]!
        if (one instanceof Error) throw one
        return { width: 320, height: 180, plates: one === 'still' ? [] : one.map(({ text, x, country }) => lookOf(text, x, country)), rejected: { ...NONE, 'not-a-plate': 1 } }
      }
    }
  }, new AbortController().signal)
  return { accepted, corrections, health: watch.health(), ring, requests, close: async () => { await keys.close(); rmSync(folder, { recursive: true }) } }
}
async function played (run: Promise<Story & { close (): Promise<void> }>, check: (story: Story) => Promise<void> | void): Promise<void> {
  const story = await run
  try { await check(story) } finally { await story.close() }
}
const car = (text: string, count: number, country?: string): Shown[] => Array.from({ length: count }, (_, i) => [{ text, x: 100 + i * 10, ...(country !== undefined && { country }) }])

x('a vehicle that two looks agree on is one read, with its frames kept and committed to', () => played(play(car('ABC123', 5, 'LT')), async ({ accepted, health, ring, requests }) => {
  assert.is(accepted.length, 1)
  const [read] = accepted
  assert.equal([read!.plate.text, read!.plate.country, read!.plate.countrySource, read!.source, read!.vendor, read!.cameraRef, read!.controller, read!.clock], ['ABC123', 'LT', 'vendor', 'recognition', 'recognition', 'cam-1', TOWN, 'good'])
  assert.is(read!.deviceTimeRaw, '')
  const frames = (await ring.read(read!.readId))!
  assert.ok(frames.length === 2 && frames.some(({ at }) => at === read!.observedAt), 'the frame that it is dated by is among them')
  assert.is(verifyEvidence(manifestOf(frames), read!.evidence, frames).code, 'proven')
  assert.equal([health.frames, health.reads, health.corrected, health.rejected['not-a-plate']], [5, 1, 0, health.looks])
  assert.is(requests[0]!.home, 'LV')
}))

x('one look is no read, and is counted', () => played(play([...car('ABC123', 1), [], [], []]), ({ accepted, health }) => {
  assert.equal([accepted.length, health.rejected['one-look']], [0, 1])
}))

x('unless the camera takes one picture of each vehicle', () => played(play(car('ABC123', 1), { singleShot: true }), ({ accepted, requests }) => {
  assert.equal([accepted.length, requests[0]!.still], [1, true])
}))

x('later looks that agree on another text correct the read, with evidence of its own', () => played(play([...car('B0G518', 2), ...car('BOG518', 6)]), async ({ accepted, corrections, health, ring }) => {
  assert.equal(accepted.map(({ plate }) => plate.text), ['B0G518'])
  assert.equal(corrections.map(([before, next]) => [before.plate.text, next.plate.text]), [['B0G518', 'BOG518']])
  const [[before, next]] = corrections as [[Read, Read]]
  assert.is(before.readId, accepted[0]!.readId)
  assert.is.not(next.readId, before.readId)
  assert.is.not(next.evidence, before.evidence)
  assert.is((await ring.read(next.readId))!.length > 0, true)
  assert.is(health.corrected, 1)
}))

x('a country that becomes known later is the same read, told again', () => played(play([...car('ABC123', 3), ...car('ABC123', 4, 'EE')]), ({ accepted, corrections }) => {
  assert.equal(accepted.map(({ plate }) => [plate.country, plate.countrySource]), [[undefined, 'none']])
  assert.is(corrections.length, 1)
  const [[before, next]] = corrections as [[Read, Read]]
  assert.equal([next.readId, next.evidence, next.plate.country, next.plate.countrySource], [before.readId, before.evidence, 'EE', 'vendor'])
}))

x('a vehicle that stands is one read; two vehicles are two', () => played(play([...Array.from({ length: 30 }, (): Shown => [{ text: 'ABC123' }, { text: 'KLM456', x: 200 }])]), ({ accepted }) => {
  assert.equal(accepted.map(({ plate }) => plate.text).sort(), ['ABC123', 'KLM456'])
}))

x('where nothing moves nobody looks, but now and then', () => played(play(Array.from({ length: 100 }, (): Shown => 'still')), ({ health }) => {
  assert.ok(health.looks < 12 && health.still > 85, `${health.looks} looks`)
  assert.is(health.frames, 100)
}))

x('a frame that cannot be looked at costs that frame', () => played(play([...car('ABC123', 1), new RecognitionError('picture-broken'), new RecognitionError('recogniser-failed'), new Error('anything'), ...car('ABC123', 2)]), ({ accepted, health }) => {
  assert.is(accepted.length, 1)
  assert.equal([health.rejected['picture-broken'], health.rejected['recogniser-failed']], [1, 2])
}))

x('a camera with a clock dates its reads while its clock is right', async () => {
  for (const [offset, clock] of [[1000, 'good'], [10 * 60_000, 'drifting']] as const) {
    await played(play(car('ABC123', 3), {}, n => ({ deviceAt: START + (n + 1) * 200 + offset })), ({ accepted, health }) => {
      const [read] = accepted
      assert.equal([read!.clock, read!.clockOffsetMs, health.clockOffsetMs], [clock, offset, offset])
    })
  }
})

x('a delivered file is evidence byte for byte', () => played(play(car('ABC123', 2), { lookAlways: true }, n => ({ picture: JPEG(70 + n) })), async ({ accepted, ring }) => {
  const frames = (await ring.read(accepted[0]!.readId))!
  assert.equal(frames.map(({ bytes }) => bytes[4]).sort(), [70, 71])
}))

x('a clock that is set back breaks nothing', () => played(play(car('ABC123', 6), {}, n => ({ receivedAt: START - n * 60_000 })), ({ accepted }) => {
  assert.is(accepted.length, 1)
}))

x('a text that no plate has is no read', () => played(play(car('!?', 4)), ({ accepted, health }) => {
  assert.equal([accepted.length, health.rejected['format']], [0, 1])
}))

x('the health of a camera says what is wrong, and since when', () => {
  let now = START
  const changes: unknown[] = []
  const watch = new CameraWatch({ camera: 'c', siteRef: 's', frameInterval: 200, changed: fault => changes.push(fault) }, () => now)
  assert.is(watch.health().state, 'starting')
  watch.frame(now, undefined)
  assert.is(watch.health().state, 'working')
  now += 31_000
  assert.is(watch.health().state, 'silent')
  watch.fault('unreachable'); watch.fault('unreachable')
  assert.equal([watch.health().state, watch.health().fault, watch.health().since], ['troubled', 'unreachable', now])
  watch.recovered(); watch.recovered()
  assert.equal(changes, ['unreachable', undefined])
  const folder = new CameraWatch({ camera: 'c', siteRef: 's', frameInterval: undefined }, () => now)
  folder.frame(now, undefined)
  now += 7 * DAY
  assert.is(folder.health().state, 'working', 'a folder in which nothing arrives is quiet, not silent')
  watch.stopped()
  assert.is(watch.health().state, 'stopped')
})

x.run()
