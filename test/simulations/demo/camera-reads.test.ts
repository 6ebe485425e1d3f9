/** Misreads come as often and as doubtful as they should, clocks show what they show, looks stay within a second. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CLOCK_TOLERANCE, eventTimeOf, parseDeviceTime } from '../../../node/ingest/device-time.ts'
import { CAMERAS } from '../../../simulations/demo/cameras.ts'
import { MISREAD_SHARES, deviceTimeOf, readsOf, type CameraRead } from '../../../simulations/demo/camera-reads.ts'
import { Chance } from '../../../simulations/demo/chance.ts'
import { VehicleYard } from '../../../simulations/demo/vehicles.ts'

const STARTED_AT = 1_795_000_000_000
const PASSES = 20_000

function readMany (seed: string): CameraRead[][] {
  const chance = new Chance(seed, 'reads')
  const yard = new VehicleYard(new Chance(seed, 'vehicles'))
  const vehicles = Array.from({ length: 200 }, () => yard.draw())
  return Array.from({ length: PASSES }, (_, i) => readsOf({ at: i * 10, camera: chance.pick(CAMERAS), vehicle: chance.pick(vehicles) }, STARTED_AT, chance))
}
const passes = readMany('camera-reads')
const reads = passes.flat()
const wrong = reads.filter(({ misread }) => misread)
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const cameraReads = suite('demo camera reads')

cameraReads('misread as often as stated, and only then the text differs', () => {
  const expected = Object.values(MISREAD_SHARES).reduce((sum, share) => sum + share, 0)
  const share = wrong.length / reads.length
  assert.ok(share > expected * 0.75 && share < expected * 1.1, `${share} of ${expected}`)
  for (const { misread, text, vehicle } of reads) assert.is(misread, text !== vehicle.plate)
  assert.ok(wrong.some(({ text, vehicle }) => text.length < vehicle.plate.length))
  const sameLength = wrong.filter(({ text, vehicle }) => text.length === vehicle.plate.length)
  for (const { text, vehicle } of sameLength) assert.is([...text].filter((character, i) => character !== vehicle.plate[i]).length, 1)
})

cameraReads('are less sure when wrong, though not always', () => {
  const confidence = mean(wrong.map(read => read.confidence))
  assert.ok(confidence < mean(reads.filter(({ misread }) => !misread).map(read => read.confidence)) - 0.15)
  assert.ok(wrong.some(read => read.confidence > 0.86))
  for (const { confidence, charConfidences, text } of reads) {
    assert.ok(confidence > 0 && confidence <= 1)
    assert.is(charConfidences.length, text.length)
    for (const one of charConfidences) assert.ok(one > 0 && one <= 1)
  }
})

cameraReads('look one to three times within a second, each with an event of its own', () => {
  assert.equal([...new Set(passes.map(({ length }) => length))].sort(), [1, 2, 3])
  for (const looks of passes) assert.ok(looks.at(-1)!.at - looks[0]!.at < 1000)
  assert.is(new Set(reads.map(({ eventId }) => eventId)).size, reads.length)
})

cameraReads('say the country of the plate or nothing', () => {
  for (const { country, vehicle } of reads) assert.ok(country === undefined || country === vehicle.country)
  const silent = reads.filter(({ country }) => country === undefined).length / reads.length
  assert.ok(silent > 0.05 && silent < 0.15)
})

cameraReads('are dated by the camera’s own clock, in its own zone', () => {
  for (const camera of CAMERAS) {
    const hour = 3_600_000
    for (const at of [0, hour]) {
      const shown = parseDeviceTime(deviceTimeOf(camera, STARTED_AT, at))
      assert.is(shown, Math.trunc(STARTED_AT + at + camera.clock.offsetMs + camera.clock.driftMsPerHour * at / hour))
    }
  }
  assert.ok(CAMERAS.some(camera => deviceTimeOf(camera, STARTED_AT, 0).endsWith('+08:00')))
})

cameraReads('come mostly from good clocks, and some from drifting ones', () => {
  for (const core of [true, false]) {
    const clocks = CAMERAS.filter(camera => camera.core === core).map(camera => eventTimeOf(deviceTimeOf(camera, STARTED_AT, 0), STARTED_AT).clock)
    const drifting = clocks.filter(clock => clock === 'drifting').length
    assert.ok(drifting > 0 && drifting < clocks.length / 5, `${drifting} of ${clocks.length} beyond ${CLOCK_TOLERANCE} ms`)
  }
})

cameraReads('are the same for the same seed', () => {
  assert.equal(readMany('camera-reads').slice(0, 500), passes.slice(0, 500))
})

cameraReads.run()
