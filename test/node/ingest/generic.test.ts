import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseGeneric, READS_PER_DELIVERY_MAX, type ParsedDelivery } from '../../../node/ingest/generic.ts'
import type { PlateReport } from '../../../node/ingest/read.ts'
import { bytesOf, DEVICE_TIME, genericRead } from './fixtures.ts'

const parse = (value: unknown): ParsedDelivery => parseGeneric(bytesOf(value)) as ParsedDelivery
const refusal = (value: unknown): unknown => parseGeneric(Buffer.isBuffer(value) ? value : bytesOf(value))

const test = suite('generic')

test('one object is one read, in per mille', () => {
  const { single, reports } = parse(genericRead({
    country: 'LT', countryConfidence: 0.5, charConfidences: [1, 0.5, 0.25, 0, 1, 1], direction: 'outbound', vehicle: { class: 'car', colour: 'red' }, eventId: 'e-1'
  }))
  assert.is(single, true)
  const { origin, ...report } = reports[0] as PlateReport
  assert.type(origin, 'string')
  assert.equal(report, {
    camera: 'camera-1', rawPlate: 'abc-123', country: 'LT', countryConfidence: 500, confidence: 930, charConfidences: [1000, 500, 250, 0, 1000, 1000],
    deviceTime: DEVICE_TIME, direction: 'outbound', vehicle: { class: 'car', colour: 'red' }, vendorEventId: 'e-1'
  })
})

test('an array is judged read by read', () => {
  const { single, reports } = parse([genericRead(), genericRead({ confidence: 2 }), 7, genericRead()])
  assert.is(single, false)
  assert.equal(reports.map(report => 'code' in report ? report : 'read'), ['read', { code: 'malformed', field: 'confidence' }, { code: 'malformed' }, 'read'])
})

test('unknown fields and wrong values are refused, and name our field, never the value', () => {
  for (const [more, field] of [
    [{ plate: 7 }, 'plate'], [{ country: 'lt' }, 'country'], [{ confidence: '0.9' }, 'confidence'], [{ confidence: -0.1 }, 'confidence'], [{ deviceTime: 'x'.repeat(41) }, 'deviceTime'],
    [{ deviceTime: '\u202E2026' }, 'deviceTime'], [{ vehicle: { class: 'tank' } }, 'vehicle.class'], [{ direction: 'up' }, 'direction'], [{ charConfidences: Array(33).fill(1) }, 'charConfidences'],
    [{ charConfidences: [1, 'ABC123'] }, 'charConfidences.1'], [{ eventId: '' }, 'eventId'], [{ owner: 'A. Person' }, undefined], [{ vehicle: { 'ABC123': 1 } }, 'vehicle'], [{ camera: '' }, 'camera']
  ] as const) assert.equal(parse(genericRead(more)).reports, [field === undefined ? { code: 'malformed' } : { code: 'malformed', field }], JSON.stringify(more).slice(0, 60))
})

test('bodies that are no delivery', () => {
  for (const body of ['', 'null', '7', '"x"', '[]', '{', Buffer.from([0xFF, 0xFE, 0x7B]), '['.repeat(100_000), '{"a":'.repeat(17) + '1' + '}'.repeat(17)]) assert.equal(refusal(body), { code: 'malformed' })
  assert.equal(refusal(Array(READS_PER_DELIVERY_MAX + 1).fill(genericRead())), { code: 'too-many-reads' })
  assert.is(parse(Array(READS_PER_DELIVERY_MAX).fill(genericRead())).reports.length, READS_PER_DELIVERY_MAX)
})

test('prototype keys are unknown fields and change nothing', () => {
  const text = JSON.stringify(genericRead())
  for (const key of ['__proto__', 'constructor', 'prototype', 'toString']) {
    assert.equal(parse(`{"${key}":{"confidence":1},${text.slice(1)}`).reports, [{ code: 'malformed' }], key)
  }
  assert.is(({} as Record<string, unknown>)['confidence'], undefined)
})

test.run()
