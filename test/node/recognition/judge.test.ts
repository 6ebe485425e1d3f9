import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fitOf } from '../../../node/recognition/formats.ts'
import { countrySharesOf, judge, type CountryShare } from '../../../node/recognition/judge.ts'
import type { NationId } from '../../../protocol/identifiers.ts'

const x = suite('judge')
const nation = (code: string): NationId => code as NationId
const seen = (shares: Record<string, number>): CountryShare[] => Object.entries(shares).map(([code, share]) => ({ country: code === 'none' ? undefined : nation(code), share }))
const OR_ZERO = [{ text: 'O12OOO', probability: 0.55 }, { text: '012000', probability: 0.02 }, { text: 'QAB123', probability: 0.01 }]

x('the format of a country that is seen tells O from 0', () => {
  const spellings = [{ text: 'ABC12O', probability: 0.6 }, { text: 'ABC120', probability: 0.38 }]
  const { text, country, confidence } = judge(spellings, seen({ LT: 0.97, none: 0.03 }), undefined)
  assert.is(text, 'ABC120')
  assert.is(country, 'LT')
  assert.ok(confidence > 0.9)
})

x('where no country is seen the format says nothing, nor does home', () => {
  const spellings = [{ text: 'ABC12O', probability: 0.6 }, { text: 'ABC120', probability: 0.38 }]
  for (const home of [undefined, nation('LT')]) {
    const { text, country, countryConfidence } = judge(spellings, seen({ none: 0.97, LT: 0.003, SE: 0.003 }), home)
    assert.is(text, 'ABC12O')
    assert.is(country, undefined)
    assert.is(countryConfidence, 0)
  }
})

x('a sure reading that fits no format stays as it is: owners choose their texts', () => {
  assert.is(judge([{ text: 'BOSS', probability: 0.999 }, { text: 'B0SS', probability: 0.001 }], seen({ LT: 0.99, none: 0.01 }), nation('LT')).text, 'BOSS')
})

x('home weighs between two countries that look alike', () => {
  const spellings = [{ text: 'AB1234', probability: 1 }]
  const shares = seen({ LV: 0.45, LU: 0.55 })
  assert.is(judge(spellings, shares, undefined).country, 'LU')
  assert.is(judge(spellings, shares, nation('LV')).country, 'LV')
})

x('the country is named only from its share on, and what fell off the beam takes confidence away', () => {
  assert.is(judge([{ text: 'AB1234', probability: 0.9 }], seen({ LV: 0.4, LU: 0.3, PT: 0.3 }), undefined).country, undefined)
  const half = judge([{ text: 'AB1234', probability: 0.5 }], seen({ none: 1 }), undefined)
  assert.ok(half.confidence < 0.95)
  assert.ok(half.confidence < judge([{ text: 'AB1234', probability: 0.99 }], seen({ none: 1 }), undefined).confidence)
})

x('a character is as sure as the texts that have it', () => {
  const { text, charConfidences } = judge([{ text: 'AB1234', probability: 0.6 }, { text: 'AB1239', probability: 0.3 }, { text: 'B1234', probability: 0.1 }], seen({ none: 1 }), undefined)
  assert.is(text, 'AB1234')
  assert.is(charConfidences.length, 6)
  assert.ok(Math.abs(charConfidences[5]! - 0.7) < 0.01, 'the last one is not the second text\'s')
  assert.ok(Math.abs(charConfidences[0]! - 0.9) < 0.01, 'the first one is not in the third text')
  assert.ok(Math.abs(charConfidences[2]! - 1) < 0.01)
})

x('nothing spelled is nothing answered', () => {
  const { text, confidence, charConfidences } = judge([], seen({ LV: 1 }), undefined)
  assert.equal([text, confidence, charConfidences], ['', 0, []])
  assert.is(judge(OR_ZERO, [], undefined).country, undefined)
})

x('class 0 of the country head is no country', () => {
  assert.equal(countrySharesOf(Float64Array.from([0.2, 0.8]), ['LV']), [{ country: undefined, share: 0.2 }, { country: 'LV', share: 0.8 }])
})

x('formats know regular, irregular and unlisted', () => {
  const said: [string, string, string][] = [
    ['AB1234', 'LV', 'regular'], ['ABC123', 'LT', 'regular'], ['BOSS', 'LT', 'irregular'], ['1AB2345', 'CZ', 'regular'], ['AB123CD', 'SK', 'regular'], ['AB123CD', 'FR', 'regular'],
    ['AO123CD', 'FR', 'irregular'], ['1234BCD', 'ES', 'regular'], ['1234ABC', 'ES', 'irregular'], ['AB12CDE', 'GB', 'regular'], ['GOAB123', 'SI', 'regular'], ['B123ABC', 'RO', 'regular'],
    ['AB1234', 'NL', 'irregular'], ['12GBB3', 'NL', 'regular'], ['ANYTHING', 'JP', 'unlisted']
  ]
  for (const [text, country, fit] of said) assert.is(fitOf(text, nation(country)), fit, `${text} ${country}`)
})

x.run()
