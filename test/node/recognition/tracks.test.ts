import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlateLook } from '../../../node/recognition/look.ts'
import { BACK_WITHIN_MS, LEFT_AFTER_MS, STANDING_WITHIN_MS, TRACKS_MAX, advance, createTracks, finish, type TrackRead, type TracksState } from '../../../node/recognition/tracks.ts'
import { consensusOf, isWithinOneEdit, type Vote } from '../../../node/recognition/votes.ts'
import type { NationId } from '../../../protocol/identifiers.ts'

const x = suite('tracks')
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)

interface Seen { readonly at?: readonly [number, number], readonly height?: number, readonly sure?: number, readonly country?: string, readonly positions?: PlateLook['positions'] }
function plate (text: string, { at: [left, top] = [100, 100], height = 20, sure = 0.95, country, positions }: Seen = {}): PlateLook {
  const width = height * 4.5
  return {
    corners: [left, top, left + width, top, left + width, top + height, left, top + height], score: 900, height, lines: 1, text, confidence: Math.round(sure * 1000),
    charConfidences: [...text].map(() => Math.round(sure * 1000)), positions: positions ?? [...text].map(character => [{ character, probability: sure }]),
    ...(country === undefined ? {} : { country: country as NationId }), countryConfidence: country === undefined ? 0 : 900
  }
}

class Camera {
  state: TracksState
  now = 1_000_000
  frame = 0
  told: TrackRead[] = []
  constructor (singleShot = false) { this.state = createTracks({ singleShot }) }
  see (plates: readonly PlateLook[], after = 200): readonly TrackRead[] {
    this.now += after
    const { state, reads } = advance(this.state, { frame: ++this.frame, plates }, this.now)
    this.state = state
    this.told.push(...reads)
    return reads
  }
  end (): readonly TrackRead[] {
    const { state, reads } = finish(this.state)
    this.state = state
    this.told.push(...reads)
    return reads
  }
}
const said = (reads: readonly TrackRead[]): string[] => reads.map(({ phase, text }) => `${phase} ${text}`)

x('a vehicle that drives by is told once two looks agree, and once more when it has left', () => {
  const camera = new Camera()
  assert.equal(said(camera.see([plate('AB1234', { at: [0, 100] })])), [])
  assert.equal(said(camera.see([plate('AB1234', { at: [60, 100] })])), ['new AB1234'])
  assert.equal(said(camera.see([plate('AB1234', { at: [120, 100] })])), [])
  assert.equal(said(camera.see([], LEFT_AFTER_MS)), [])
  const [last] = camera.see([], 1)
  assert.equal([last!.phase, last!.text, last!.looks, last!.lastSeenAt - last!.firstSeenAt], ['final', 'AB1234', 3, 400])
})

x('one look alone is told only where single shots are allowed; else it is counted', () => {
  const camera = new Camera()
  camera.see([plate('AB1234')])
  camera.see([], LEFT_AFTER_MS + 1)
  assert.equal([camera.told.length, camera.state.unconfirmed], [0, 1])
  const single = new Camera(true)
  assert.equal(said(single.see([plate('AB1234')])), ['new AB1234'])
})

x('two looks that differ do not agree', () => {
  const camera = new Camera()
  camera.see([plate('AB1234', { sure: 0.9 })])
  assert.equal(said(camera.see([plate('AB1284', { at: [105, 100], sure: 0.9 })])), [])
})

x('what was told early is corrected by nearer looks', () => {
  const camera = new Camera()
  camera.see([plate('AB1Z34', { height: 10, sure: 0.6, at: [100, 100] })])
  assert.equal(said(camera.see([plate('AB1Z34', { height: 11, sure: 0.6, at: [100, 102] })])), ['new AB1Z34'])
  camera.see([plate('AB1234', { height: 30, at: [98, 104] })])
  camera.see([plate('AB1234', { height: 34, at: [97, 106] })])
  assert.equal(said(camera.told), ['new AB1Z34', 'update AB1234'])
  const [last] = camera.end()
  assert.equal([last!.phase, last!.text, last!.trackId, last!.best.frame], ['final', 'AB1234', 1, 4])
  assert.equal(last!.frames, [4, 3])
})

x('doubtful looks that lean the same way find the text that none of them is sure of', () => {
  const doubtful = (at: number): PlateLook => {
    const positions = [...'AB1234'].map((character, i) => i === at ? [{ character: '8', probability: 0.55 }, { character, probability: 0.45 }] : [{ character, probability: 0.97 }])
    return plate(positions.map(([first]) => first!.character).join(''), { positions })
  }
  const votes = [2, 3, 4, 5].map(at => { const { text, positions } = doubtful(at); return { text, positions, weight: 1, countryConfidence: 0 } })
  assert.is(consensusOf(votes.concat([{ ...votes[0]!, ...doubtful(-1) }]))!.text, 'AB1234')
})

x('two vehicles in one view are two tracks, however their plates resemble each other', () => {
  const camera = new Camera()
  for (let step = 0; step < 3; step++) camera.see([plate('AB1234', { at: [step * 40, 100] }), plate('AB1235', { at: [600 - step * 40, 300] })])
  assert.equal(said(camera.told).sort(), ['new AB1234', 'new AB1235'])
  assert.is(new Set(camera.told.map(({ trackId }) => trackId)).size, 2)
})

x('a fleet\'s next number, seen after the first has left, is another vehicle', () => {
  const camera = new Camera()
  for (let step = 0; step < 3; step++) camera.see([plate('AB1234', { at: [step * 60, 100] })])
  camera.see([], LEFT_AFTER_MS + 1)
  for (let step = 0; step < 3; step++) camera.see([plate('AB1235', { at: [step * 60, 100] })])
  assert.equal(said(camera.told), ['new AB1234', 'final AB1234', 'new AB1235'])
})

x('another vehicle in the very same place is another track', () => {
  const camera = new Camera()
  camera.see([plate('AB1234')])
  camera.see([plate('AB1234')])
  camera.see([plate('ZK9876')])
  camera.see([plate('ZK9876')])
  assert.equal(said(camera.told), ['new AB1234', 'new ZK9876'])
})

x('a vehicle that stands for minutes is one read, with gaps in which nobody looked', () => {
  const camera = new Camera()
  for (let look = 0; look < 200; look++) camera.see([plate('AB1234', { at: [100 + look % 2, 100] })], look % 10 === 9 ? 30_000 : 500)
  camera.see([plate('AB1234')], STANDING_WITHIN_MS - 1)
  assert.is(camera.told.filter(({ phase }) => phase === 'new').length, 1)
  assert.is(new Set(camera.told.map(({ trackId }) => trackId)).size, 1)
})

x('a vehicle that comes back after long is a new read', () => {
  const camera = new Camera()
  const drive = (): void => { for (let step = 0; step < 3; step++) camera.see([plate('AB1234', { at: [step * 150, 100] })]) }
  drive()
  camera.see([], LEFT_AFTER_MS + 1)
  camera.see([], BACK_WITHIN_MS + 1)
  drive()
  assert.equal(said(camera.told), ['new AB1234', 'final AB1234', 'new AB1234'])
})

x('a character missed at the edge does not break the vote', () => {
  const camera = new Camera()
  camera.see([plate('B1234', { sure: 0.7, height: 12 })])
  for (let step = 0; step < 3; step++) camera.see([plate('AB1234')])
  assert.equal(said(camera.told), ['new AB1234'])
})

x('the country comes from the looks that see one', () => {
  const camera = new Camera()
  camera.see([plate('AB1234', { country: 'LV' })])
  const [first] = camera.see([plate('AB1234', { country: 'LV' })])
  assert.equal([first!.country, first!.countryConfidence], ['LV', 900])
})

x('within one edit, look-alikes aside', () => {
  const yes = [['AB1234', 'AB1234'], ['AB1234', 'AB1Z34'], ['AB1234', 'B1234'], ['AB1234', 'AB12345'], ['AO0I1', 'A0OI1'], ['AO12', 'A013'], ['', 'A']] as const
  const no = [['AB1234', 'AB1Z3Z'], ['AB1234', 'AB12'], ['AB1234', 'BA1234'], ['', 'AB']] as const
  for (const [a, b] of yes) assert.ok(isWithinOneEdit(a, b) && isWithinOneEdit(b, a), `${a} ${b}`)
  for (const [a, b] of no) assert.not(isWithinOneEdit(a, b) || isWithinOneEdit(b, a), `${a} ${b}`)
})

const text = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...'AB01OI8') })
const seenPlate = fc.record({ text, at: fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 500 })), height: fc.integer({ min: 8, max: 60 }), sure: fc.double({ min: 0.01, max: 1, noNaN: true }) })
const frames = fc.array(fc.record({ plates: fc.array(seenPlate, { maxLength: 6 }), after: fc.integer({ min: 0, max: 5000 }) }), { maxLength: 60 })

x('whatever is seen: the same reads for the same looks, each track new once and before all else, final last, memory bounded', () => {
  fc.assert(fc.property(frames, all => {
    const run = (): Camera => {
      const camera = new Camera()
      for (const { plates, after } of all) {
        camera.see(plates.map(({ text, at, height, sure }) => plate(text, { at, height, sure })), after)
        assert.ok(camera.state.tracks.length <= TRACKS_MAX)
      }
      camera.end()
      return camera
    }
    const { told } = run()
    assert.equal(run().told, told)
    for (const read of told) {
      const own = told.filter(({ trackId }) => trackId === read.trackId)
      assert.is(own[0]!.phase, 'new')
      assert.is(own.filter(({ phase }) => phase === 'new').length, 1)
      assert.is(own.at(-1)!.phase, 'final')
      assert.ok(read.confidence >= 0 && read.confidence <= 1000 && read.charConfidences.length === read.text.length && read.frames.length <= 4 && read.frames.length > 0 && read.looks >= 1)
    }
  }), { seed, numRuns: 150 })
})

x('a crowd beyond the limit costs the oldest, each told to its end', () => {
  const camera = new Camera(true)
  for (let at = 0; at < 3 * TRACKS_MAX; at++) camera.see([plate(`${'ABCDEFGHKL'[at % 10]}${'MNPRSTUVWX'[Math.floor(at / 10) % 10]}${100 + at * 37}`, { at: [at % 20 * 200, Math.floor(at / 20) * 100] })], 1)
  assert.ok(camera.state.tracks.length <= TRACKS_MAX)
  camera.end()
  assert.is(camera.told.filter(({ phase }) => phase === 'final').length, 3 * TRACKS_MAX)
})

x('votes of no weight at all still give a consensus', () => {
  const vote: Vote = { text: 'A', positions: [[]], weight: 1e-3, countryConfidence: 0 }
  assert.is(consensusOf([]), undefined)
  assert.ok(consensusOf([vote]) !== undefined)
})

x.run()
