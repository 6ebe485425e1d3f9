import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PLATE_LENGTH_MAX } from '../../../protocol/limits.ts'
import { plateText } from '../../../protocol/messages/message.ts'
import { LOOK_ALIKE_CLASSES, normalisePlate, skeletonOf } from '../../../node/hotlist/normalise.ts'
import { seeded } from './seed.ts'

const test = suite('normalise')

test('one spelling for what people and cameras write', () => {
  for (const [raw, plate] of [
    ['abc 123', 'ABC123'], ['AB-1234', 'AB1234'], ['K·AB 12', 'KAB12'], ['AB.12/C', 'AB12C'], ['AB\u00A01\u2009234', 'AB1234'],
    ['AB\u200B12\uFEFF34\u00AD', 'AB1234'], ['AB\u201312', 'AB12'], ['ＡＢ１２', 'AB12'], ['①②', '12'],
    ['1234 ав-7', '1234AB7'], ['АВЕКМНОРСТУХІ', undefined], ['АВЕКМНОРСТУХ', 'ABEKMHOPCTYX'], ['І1', 'I1'], ['ΙΖΒ4320', 'IZB4320'],
    ['bö-äü 1', 'BÖÄÜ1'], ['A\u030ABC12', 'ÅBC12'], ['\u212B12', 'Å12'], ['ŠI123', 'SI123'], ['č\u00A01', 'C1']
  ] as const) assert.is(normalisePlate(raw), plate, JSON.stringify(raw))
})

test('nothing is guessed: other characters, controls and direction marks make it no plate', () => {
  for (const raw of ['', ' - ', 'AB\u202E12', 'AB\u200F12', '\u2066AB12\u2069', '\u061CAB1', 'AB\u000012', 'AB\t12', 'AB12\n', 'AB\u001B[2J', 'БГ12', 'ß12', 'ı12',
    'AB12🚗', '\uD800AB', '京A12345', 'AB<12>', "AB'12", '__proto__?', 'A'.repeat(PLATE_LENGTH_MAX + 1), 'A '.repeat(20), '1'.repeat(10_240)]) {
    assert.is(normalisePlate(raw), undefined, JSON.stringify(raw.slice(0, 20)))
  }
})

test('property: what comes out is a plate of the wire, and stays as it is', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: fc.constantFrom(...'ABCabc0189 -·ÄöАвΧ\u200B\u202E'), maxLength: 20 })), raw => {
    const plate = normalisePlate(raw)
    if (plate === undefined) return
    assert.ok(plateText.safeParse(plate).success)
    assert.is(normalisePlate(plate), plate)
    assert.is(normalisePlate(plate.toLowerCase()), plate)
  }), seeded())
})

test('a skeleton joins exactly the members of each narrow class', () => {
  for (const members of LOOK_ALIKE_CLASSES) {
    assert.is(new Set([...members].map(skeletonOf)).size, 1, members)
  }
  const everything = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖÜ']
  const joined = LOOK_ALIKE_CLASSES.reduce((sum, members) => sum + members.length - 1, 0)
  assert.is(new Set(everything.map(skeletonOf)).size, everything.length - joined)
  assert.is(skeletonOf('ABC123'), skeletonOf('A8CIZ3'))
  assert.is.not(skeletonOf('AVC123'), skeletonOf('AUC123'))
})

test.run()
