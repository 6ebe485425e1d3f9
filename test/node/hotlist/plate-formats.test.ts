import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { NationId } from '../../../protocol/identifiers.ts'
import { countriesOf, countryOf, excludesOtherCountries, isCountryKnown, isPlausible } from '../../../node/hotlist/plate-formats.ts'
import { seeded } from './seed.ts'

const LV = 'LV' as NationId; const LT = 'LT' as NationId; const BY = 'BY' as NationId; const SE = 'SE' as NationId; const FR = 'FR' as NationId
const regularCountries = (plate: string): string => [...new Set(countriesOf(plate).filter(found => !found.vanity).map(found => found.country))].sort().join(' ')

const test = suite('plate formats')

test('texts and the countries that they are regular in', () => {
  for (const [plate, countries] of [
    ['ABC123', 'DE FI LT SE'], ['AB123', 'DE FI LT LV'], ['AB1234', 'DE LV'], ['EV1234', 'DE LT LV'], ['AB12347', 'BY PL'], ['12ABC', 'EE LT'],
    ['123ABC', 'EE'], ['123AB', 'LT'], ['XJ69', 'DE FI LV'], ['1234AB7', 'BY'], ['AB1234CC', 'UA'], ['A123BC77', 'RU'], ['H12345', 'LT'], ['P1234', 'LT LV'],
    ['A0123', ''], ['AB0123', ''], ['QWX123', 'DE FI'], ['WX1234D', ''], ['WX12E4A', 'PL'], ['ABC12D', 'SE'], ['KÖAB12E', 'DE'], ['ÅBC12', 'FI'], ['TOOLONG12', ''], ['PROOV1234', 'EE'],
    ['JANIS1', 'DE'], ['J4NIS', ''], ['AB123CD', ''], ['0', '']
  ] as const) assert.is(regularCountries(plate), countries, plate)
})

test('a vanity series keeps a country possible and never names it', () => {
  assert.ok(countriesOf('J4NIS').some(found => found.country === LV && found.vanity))
  assert.equal(countryOf('J4NIS', undefined, undefined, LV), { confidence: 0, source: 'none' })
  assert.equal(countryOf('J4NIS', LV, 900, LT), { country: LV, confidence: 900, source: 'vendor' })
})

test('syntax alone shares its confidence, prefers home, and is never certain', () => {
  assert.equal(countryOf('1234AB7', undefined, undefined, LV), { country: BY, confidence: 700, source: 'syntax' })
  assert.equal(countryOf('AB1234', undefined, undefined, LV), { country: LV, confidence: 525, source: 'syntax' })
  assert.equal(countryOf('ABC123', undefined, undefined, LT), { country: LT, confidence: 350, source: 'syntax' })
  assert.equal(countryOf('ABC123', undefined, undefined, LV), { confidence: 0, source: 'none' })
  assert.equal(countryOf('AB123CD', undefined, undefined, LV), { confidence: 0, source: 'none' })
})

test('a vendor that saw the country is quoted as it said, whatever the text', () => {
  assert.equal(countryOf('AB1234', LV, undefined, LT), { country: LV, confidence: 800, source: 'vendor' })
  assert.equal(countryOf('1234AB7', LT, 900, LT), { country: LT, confidence: 900, source: 'vendor' })
})

test('only a country that was seen, and surely enough, is known', () => {
  assert.ok(isCountryKnown(countryOf('AB1234', LV, 500, LT)))
  assert.not.ok(isCountryKnown(countryOf('AB1234', LV, 499, LT)))
  assert.not.ok(isCountryKnown(countryOf('1234AB7', undefined, undefined, LT)))
})

test('a known country excludes others only where the text can be from there', () => {
  const excludes = (plate: string, country: NationId | undefined, confidence?: number): boolean => excludesOtherCountries(plate, countryOf(plate, country, confidence, LT))
  assert.ok(excludes('AB1234', LV))
  assert.ok(excludes('1234AB7', FR), 'a country that the table does not list cannot be contradicted')
  assert.not.ok(excludes('1234AB7', LT), 'Belarusian by its text')
  assert.not.ok(excludes('AB1234', LV, 499))
  assert.not.ok(excludes('1234AB7', undefined))
})

test('plausible unless our own table speaks against it', () => {
  assert.ok(isPlausible('AB1234', LV))
  assert.ok(isPlausible('AB1234', FR), 'a country that the table does not list')
  assert.ok(isPlausible('ABC123', LV), 'vanity')
  assert.ok(isPlausible('ZZ9ZZ9ZZ', SE), 'regular nowhere')
  assert.not.ok(isPlausible('AB1234', SE))
  assert.not.ok(isPlausible('1234AB7', LT))
})

test('property: confidence is per mille, below certainty without a vendor, and a country is named with it or not at all', () => {
  const plates = fc.string({ unit: fc.constantFrom(...'ABCEHPX0179ÅÖ'), minLength: 1, maxLength: 12 })
  fc.assert(fc.property(plates, fc.constantFrom(LV, LT, BY, FR), (plate, home) => {
    const guess = countryOf(plate, undefined, undefined, home)
    assert.ok(Number.isInteger(guess.confidence) && guess.confidence >= 0 && guess.confidence <= 700)
    assert.is(guess.country === undefined, guess.source === 'none')
    if (guess.country !== undefined) assert.ok(regularCountries(plate).includes(guess.country))
  }), seeded())
})

test.run()
