import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ACTIONS, STOP_ACTIONS } from '../../../protocol/messages/vocabulary.ts'
import { createPainter, printAge, printHit, printJson, printSentHit, printSpan, printTable, printable, safe } from '../../../node/cli/print.ts'
import { NOW, sampleHit, sampleView, POLICE } from '../console/service-double.ts'

const print = suite('print')
const plain = createPainter(false)
const shown = (...args: Parameters<typeof sampleView>): string => printHit(sampleView(...args), NOW, plain)
const ESCAPE = '\u001b'

print('a hit says first what to do, then what was seen and how far to trust it', () => {
  const lines = shown().split('\n')
  assert.is(lines[0], 'STOP: specific check of persons, vehicle and objects')
  assert.is(lines[1], '  LT  ABC123')
  const text = lines.join('\n')
  for (const part of ['read 87.1 %', 'country 95.0 %', 'exact match', 'verified by a person', 'seen 12 s ago', 'LV · LV005 · LV:A13', 'as precise as: road', 'lv:daugavpils to lt:utena-police', 'g-stolen-to-utena@3', 'H1', 'UT-2026/17', 'log leaf 41', 'third countries: prohibited']) assert.ok(text.includes(part), part)
  assert.not.match(text, 'UNVERIFIED')
})

print('only actions that stop say STOP, and each says something', () => {
  for (const action of ACTIONS) assert.is(/^STOP/.test(shown({ action })), STOP_ACTIONS.includes(action), action)
})

print('an unverified hit says so loudly, right below the plate', () => {
  assert.is(shown({ verification: 'none' }).split('\n')[2], '  UNVERIFIED: check the plate with your own eyes before you act')
  assert.match(shown({ verification: 'none', match: 'look-alike' }), 'LOOK-ALIKE match')
  assert.match(shown({ verification: 'agreeing-reads' }), 'verified by agreeing reads')
})

print('a country that was not read is never guessed', () => {
  const text = shown({ plate: { text: 'ABC123', countryConfidence: 0 } })
  assert.match(text, '  unknown country  ABC123')
  assert.match(text, 'country not read')
})

print('a withdrawn hit asks for nothing', () => {
  const text = shown({}, 'withdrawn')
  assert.match(text, /^WITHDRAWN: do not act on it \(misread\)/)
  assert.not.match(text, 'STOP')
})

print('old news and clocks that run ahead are named', () => {
  assert.match(shown({ exp: NOW / 1000 - 1 }), 'OUT OF DATE')
  assert.match(shown({ observedAt: NOW / 1000 + 90, clock: 'drifting' }), 'seen 90 s AHEAD of this clock')
  assert.match(shown({ clock: 'drifting' }), 'camera clock drifting')
  assert.is(printAge(NOW - 12_000, NOW), '12 s ago')
  assert.equal([0, 119_999, 120_000, 7_199_999, 7_200_000, 172_799_999, 172_800_000].map(printSpan), ['0 s', '119 s', '2 min', '119 min', '2 h', '47 h', '2 days'])
})

print('every line of an exercise says that it is one', () => {
  for (const line of shown({ exercise: true }).split('\n')) assert.match(line, /^EXERCISE/)
  assert.not.match(shown(), 'EXERCISE')
})

print('a sent hit says what became of it', () => {
  const view = { hit: sampleHit(), sentTo: POLICE, leafIndex: 7, candidate: sampleHit().id }
  assert.match(printSentHit({ ...view, state: 'receipted', receiptIndex: 99 }, NOW, plain), 'receipt at their leaf 99')
  assert.match(printSentHit({ ...view, state: 'refused', refusal: 'not-permitted' }, NOW, plain), 'refused: not-permitted')
  assert.match(printSentHit({ ...view, state: 'withdraw-pending' }, NOW, plain), /^WITHDRAWN.*by us[^]*withdraw-pending/)
})

print('nothing from elsewhere reaches the terminal unescaped', () => {
  const nasty = `a${ESCAPE}[2J\u202eb\u200bc\nd\u009b1m\ud800`
  const text = shown({ handling: { code: 'H3', text: nasty, lang: 'en' } })
  assert.match(text, 'a\\u{1b}[2J\\u{202e}b\\u{200b}c\\u{a}d\\u{9b}1m\\u{d800}')
  assert.is(text.split('\n').length, shown({ handling: { code: 'H3', text: 'x', lang: 'en' } }).split('\n').length)
  assert.is(safe`from ${'x\u2066y'}`, 'from x\\u{2066}y')
  assert.is(printable('Jānis Žemaitis 🚓'), 'Jānis Žemaitis 🚓')
  assert.is(printTable(['a'], [['x\r\ny']]), 'a\nx\\u{d}\\u{a}y')
})

print('any text: what is printed is visible, and JSON stays the same JSON', () => {
  const seed = Number(process.env['SEED'] ?? 20261122)
  console.log(`seed ${seed}`)
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  fc.assert(fc.property(text, value => {
    assert.not.match(printable(value), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u)
    const json = printJson({ [value]: value })
    assert.not.match(json, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u)
    assert.equal(JSON.parse(json), { [value]: value })
  }), { seed, numRuns: 500 })
})

print('colours only where they were asked for', () => {
  assert.not.match(shown({ exercise: true, verification: 'none' }), ESCAPE)
  assert.ok(printHit(sampleView({ verification: 'none' }), NOW, createPainter(true)).includes(`${ESCAPE}[`))
})

print.run()
