import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { NationId } from '../../../protocol/identifiers.ts'
import { ROWS_MAX } from '../../../node/hotlist/columns.ts'
import { skeletonOf } from '../../../node/hotlist/normalise.ts'
import { emptyCode, encodePlate } from '../../../node/hotlist/plate-code.ts'
import { isPlausible } from '../../../node/hotlist/plate-formats.ts'
import { PlateIndex, type PlateMatch } from '../../../node/hotlist/plate-index.ts'
import { seeded } from './seed.ts'

const LV = 'LV' as NationId; const LT = 'LT' as NationId; const SE = 'SE' as NationId; const ES = 'ES' as NationId
const NOW = 1_800_000_000
const LATER = NOW + 1000

const test = suite('plate index')

function indexOf (...entries: [plate: string, country?: NationId, until?: number][]): PlateIndex {
  const index = new PlateIndex()
  entries.forEach(([plate, country, until], handle) => index.place(handle, plate, country, until ?? LATER))
  return index
}

test('exact and look-alike matches, by handle', () => {
  const index = indexOf(['ABC128', LT], ['ABC12B', LT], ['ABC12B', LT], ['XYZ999', LT])
  assert.equal(index.match('ABC12B', LT, NOW), [
    { handle: 0, kind: 'look-alike', countryKnown: true }, { handle: 1, kind: 'exact', countryKnown: true }, { handle: 2, kind: 'exact', countryKnown: true }
  ])
  assert.equal(index.match('ABC127', LT, NOW), [])
  assert.equal(index.match('ABC12', LT, NOW), [], 'never a part of a plate')
  assert.is(index.size, 4)
})

test('a known country keeps entries of other countries away, an unknown one flags', () => {
  const index = indexOf(['ABC123', LT], ['ABC123', SE], ['ABC123'])
  assert.equal(index.match('ABC123', LT, NOW), [{ handle: 0, kind: 'exact', countryKnown: true }, { handle: 2, kind: 'exact', countryKnown: false }])
  assert.equal(index.match('ABC123', ES, NOW), [{ handle: 2, kind: 'exact', countryKnown: false }])
  assert.equal(index.match('ABC123', undefined, NOW).map(found => [found.handle, found.countryKnown]), [[0, false], [1, false], [2, false]])
})

test('an entry whose text its country does not issue needs a reader that saw the country', () => {
  const index = indexOf(['AB1234', SE], ['AB1234', LV])
  assert.equal(index.match('AB1234', undefined, NOW).map(found => found.handle), [1])
  assert.equal(index.match('AB1234', SE, NOW).map(found => found.handle), [0])
})

test('a country in doubt agrees with its own entries and keeps the read from none', () => {
  const index = indexOf(['AB1234', SE], ['AB1234', LV], ['AB1234'])
  assert.equal(index.match('AB1234', SE, NOW, false).map(found => [found.handle, found.countryKnown]), [[0, true], [1, false], [2, false]])
  assert.equal(index.match('AB1234', LT, NOW, false).map(found => [found.handle, found.countryKnown]), [[1, false], [2, false]])
})

test('ended and removed entries never match', () => {
  const index = indexOf(['AB1', LV, NOW], ['AB1', LV, NOW + 1], ['AB1', LV])
  assert.equal(index.match('AB1', LV, NOW).map(found => found.handle), [1, 2])
  assert.equal(index.match('AB1', LV, NOW + 1).map(found => found.handle), [2])
  assert.ok(index.remove(2))
  assert.not.ok(index.remove(2))
  for (const handle of [99, -1, 0.5, NaN, 2 ** 32, ROWS_MAX]) assert.not.ok(index.remove(handle))
  assert.equal(index.match('AB1', LV, NOW + 1), [])
  assert.is(index.size, 2)
})

test('placing at a handle again replaces what was there', () => {
  const index = indexOf(['AB1', LV])
  index.place(0, 'CD2', LT, LATER)
  assert.equal(index.match('AB1', undefined, NOW), [])
  assert.is(index.match('CD2', LT, NOW).length, 1)
  assert.is(index.size, 1)
})

test('ends beyond 2106 hold', () => {
  assert.is(indexOf(['AB1', LV, 253_402_300_799]).match('AB1', LV, 4_000_000_000).length, 1)
})

test('rubbish is refused when placed and meets nothing when read', () => {
  const index = new PlateIndex()
  for (const plate of ['', 'ab1', 'A B', 'A'.repeat(13), '\u202EAB', 'Ж1']) assert.throws(() => index.place(0, plate, LV, LATER), /normalised/)
  for (const handle of [-1, 0.5, NaN, ROWS_MAX]) assert.throws(() => index.place(handle, 'AB1', LV, LATER), /handle/)
  for (const until of [0, -1, 1.5, NaN, Infinity]) assert.throws(() => index.place(0, 'AB1', LV, until), /end/)
  assert.throws(() => index.place(0, 'AB1', 'lv' as NationId, LATER), /country/)
  assert.is(index.size, 0)
  for (const plate of ['', 'ab1', 'A'.repeat(10_240), '__proto__', 'constructor']) assert.equal(index.match(plate, LV, NOW), [])
})

test('property: a plate code is exact', () => {
  const plates = fc.string({ unit: fc.constantFrom(...'0OQD1I8BAZÜ'), minLength: 1, maxLength: 12 })
  const words = (plate: string): string => { const code = emptyCode(); assert.ok(encodePlate(plate, code)); return `${code.high} ${code.low}` }
  fc.assert(fc.property(plates, plates, (a, b) => {
    assert.is(words(a) === words(b), a === b)
    assert.ok(words('Ü'.repeat(12)).split(' ').every(word => Number(word) < 2 ** 32))
  }), seeded())
})

test('property: it answers as a plain list would, whatever is placed, replaced and removed', () => {
  const plate = fc.string({ unit: fc.constantFrom(...'0O8B1A'), minLength: 1, maxLength: 4 })
  const country = fc.option(fc.constantFrom(LV, LT, SE), { nil: undefined })
  const step = fc.oneof(
    fc.record({ do: fc.constant('place' as const), handle: fc.nat(40), plate, country, until: fc.integer({ min: 1, max: 10 }) }),
    fc.record({ do: fc.constant('remove' as const), handle: fc.nat(40) }))
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), plate, country, fc.nat(10), fc.boolean(), (steps, read, readCountry, now, excludesOthers) => {
    const index = new PlateIndex()
    const list = new Map<number, { plate: string, country: NationId | undefined, until: number }>()
    for (const taken of steps) {
      if (taken.do === 'place') { index.place(taken.handle, taken.plate, taken.country, taken.until); list.set(taken.handle, taken) } else assert.is(index.remove(taken.handle), list.delete(taken.handle))
    }
    const expected: PlateMatch[] = []
    for (const [handle, entry] of [...list].sort((a, b) => a[0] - b[0])) {
      if (skeletonOf(entry.plate) !== skeletonOf(read) || entry.until <= now) continue
      const seen = readCountry !== undefined && entry.country === readCountry
      if (entry.country !== undefined && !seen && ((readCountry !== undefined && excludesOthers) || !isPlausible(entry.plate, entry.country))) continue
      expected.push({ handle, kind: entry.plate === read ? 'exact' : 'look-alike', countryKnown: seen })
    }
    assert.equal(index.match(read, readCountry, now, excludesOthers), expected)
    assert.is(index.size, list.size)
  }), seeded(500))
})

test('it grows by thousands and still finds each one', () => {
  const index = new PlateIndex()
  const plateAt = (i: number): string => `LV${String(i).padStart(5, '3')}`
  for (let i = 0; i < 20_000; i++) index.place(i, plateAt(i), LV, LATER)
  for (let i = 0; i < 20_000; i += 2) index.remove(i)
  for (let i = 0; i < 20_000; i++) assert.is(index.match(plateAt(i), LV, NOW).some(found => found.handle === i && found.kind === 'exact'), i % 2 === 1)
})

test.run()
