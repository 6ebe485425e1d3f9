import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CLOCK_ABSURD, CLOCK_TOLERANCE, eventTimeOf, parseDeviceTime } from '../../../node/ingest/device-time.ts'
import { seeded } from '../hotlist/seed.ts'

const NOW = Date.UTC(2026, 10, 22, 18, 0, 0)
const test = suite('device time')

test('times with an offset, however vendors spell them', () => {
  for (const text of ['2026-11-22T18:00:00Z', '2026-11-22t18:00:00z', '2026-11-22 20:00:00+02:00', '2026-11-22T12:30:00-05:30']) assert.is(parseDeviceTime(text), NOW, text)
  assert.is(parseDeviceTime('2026-11-22T18:00:00.1239Z'), NOW + 123)
  assert.is(parseDeviceTime('2024-02-29T00:00:00Z'), Date.UTC(2024, 1, 29))
})

test('what names no instant is none', () => {
  for (const text of ['', 'now', '2026-11-22T18:00:00', '2026-11-22', '2026-13-01T00:00:00Z', '2026-02-29T00:00:00Z', '2026-11-31T00:00:00Z', '2026-00-10T00:00:00Z',
    '2026-11-22T24:00:00Z', '2026-11-22T18:60:00Z', '2026-12-31T23:59:60Z', '2026-11-22T18:00:00+24:00', '99999-11-22T18:00:00Z', '1790000000', '2026-11-22T18:00:00Z\n']) {
    assert.is(parseDeviceTime(text), undefined, text)
  }
})

test('a good clock dates the read, a drifting or absurd one does not', () => {
  assert.equal(eventTimeOf('2026-11-22T17:58:30Z', NOW), { observedAt: NOW - 90_000, clock: 'good', clockOffsetMs: -90_000 })
  assert.equal(eventTimeOf('2026-11-22T18:01:00Z', NOW), { observedAt: NOW + 60_000, clock: 'good', clockOffsetMs: 60_000 })
  assert.equal(eventTimeOf('2026-11-22T19:00:00Z', NOW), { observedAt: NOW, clock: 'drifting', clockOffsetMs: 3_600_000 })
  for (const text of ['1970-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z', 'yesterday', '']) assert.equal(eventTimeOf(text, NOW), { observedAt: NOW, clock: 'unknown' }, text)
})

test('property: an instant spelt in any offset is the same instant, and judged by how far it is', () => {
  fc.assert(fc.property(fc.integer({ min: -CLOCK_ABSURD * 2, max: CLOCK_ABSURD * 2 }), fc.integer({ min: -23 * 60, max: 23 * 60 }), (difference, offset) => {
    const sign = offset < 0 ? '-' : '+'; const two = (n: number): string => String(n).padStart(2, '0')
    const text = new Date(NOW + difference + offset * 60_000).toISOString().slice(0, -1) + `${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
    assert.is(parseDeviceTime(text), NOW + difference)
    const { observedAt, clock } = eventTimeOf(text, NOW)
    const distance = Math.abs(difference)
    assert.is(clock, distance <= CLOCK_TOLERANCE ? 'good' : distance <= CLOCK_ABSURD ? 'drifting' : 'unknown')
    assert.is(observedAt, clock === 'good' ? NOW + difference : NOW)
  }), seeded())
})

test.run()
