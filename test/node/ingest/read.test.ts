import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MESSAGE_ID } from '../../../protocol/identifiers.ts'
import { readOf, type PlateReport, type Read } from '../../../node/ingest/read.ts'
import { delivery, DEVICE_TIME, RECEIVED_AT } from './fixtures.ts'

const report: PlateReport = { camera: 'camera-1', rawPlate: 'ab-1234', confidence: 930, deviceTime: DEVICE_TIME, origin: 'one' }
const read = (more: Partial<PlateReport> = {}): Read => readOf({ ...report, ...more }, delivery) as Read

const test = suite('read')

test('what only we know is added: camera, place, arrival, country', () => {
  const { readId, ...rest } = read({ country: 'LV' as Read['plate']['country'], countryConfidence: 800 })
  assert.match(readId, MESSAGE_ID)
  assert.equal(rest, {
    source: 'zarasai-north', controller: 'lt:utena-police', cameraRef: 'camera-1', siteRef: 's1', siteGroup: 'border',
    place: { nuts3: 'LT029', municipality: 'LT-60', road: 'LT:A6' }, observedAt: RECEIVED_AT - 1500, clock: 'good', clockOffsetMs: -1500, receivedAt: RECEIVED_AT,
    deviceTimeRaw: DEVICE_TIME, plate: { raw: 'ab-1234', text: 'AB1234', country: 'LV', countryConfidence: 800, countrySource: 'vendor' },
    confidence: 930, direction: 'inbound', evidence: 'none', vendor: 'generic'
  })
})

test('the same words again are the same read; others, or another secret, are not', () => {
  assert.is(read().readId, read().readId)
  assert.is.not(read().readId, read({ origin: 'two' }).readId)
  assert.is.not(read().readId, (readOf(report, { ...delivery, idKey: 'other' }) as Read).readId)
})

test('the home nation of the camera is what syntax leans to', () => {
  assert.equal(read({ rawPlate: 'ABC123' }).plate, { raw: 'ABC123', text: 'ABC123', country: 'LT', countryConfidence: 350, countrySource: 'syntax' })
})

test('confidences of characters are kept when there is one for each', () => {
  assert.equal(read({ charConfidences: [1, 2, 3, 4, 5, 6] }).charConfidences, [1, 2, 3, 4, 5, 6])
  assert.is(read({ charConfidences: [1, 2, 3, 4, 5, 6, 7] }).charConfidences, undefined)
})

test('refused, with a code and without the plate', () => {
  for (const [more, code] of [
    [{ camera: 'camera-9' }, 'unknown-camera'], [{ camera: 'constructor' }, 'unknown-camera'], [{ rawPlate: '' }, 'no-plate'], [{ rawPlate: ' - ' }, 'bad-plate'],
    [{ rawPlate: 'A'.repeat(10_240) }, 'bad-plate'], [{ rawPlate: 'AB\u202E12' }, 'bad-plate'], [{ rawPlate: 'AB\u000012' }, 'bad-plate']
  ] as const) assert.equal(readOf({ ...report, ...more }, delivery), { code })
  assert.is(read({ camera: '__proto__' }).siteRef, 's2', 'a camera may have any name that is configured')
})

test.run()
