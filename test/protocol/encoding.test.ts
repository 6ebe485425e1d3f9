/** The one spelling of JSON, against the plainest possible way to make it. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeJson, parseJson, type Json } from '../../protocol/messages/encoding.ts'

const x = suite('encoding')
const seed = Math.floor(Math.random() * 2 ** 31)
console.log(`seed ${seed}`)

const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 5 }), fc.constantFrom('a', 'b', 'ab', '__proto__', 'toString', '01', '-1'))
  .filter(text => !/^(?:0|[1-9]\d*)$/.test(text))
const text = fc.string({ unit: 'binary', maxLength: 10 })
const { json } = fc.letrec<{ json: Json }>(tie => ({
  json: fc.oneof({ maxDepth: 4 }, fc.maxSafeInteger(), text, fc.boolean(), fc.constant(null), fc.array(tie('json'), { maxLength: 4 }), fc.dictionary(name, tie('json'), { maxKeys: 5 })) as fc.Arbitrary<Json>
}))

/** Sorted by UTF-16 code units, member by member. */
function spell (value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(spell).join(',')}]`
  return `{${Object.entries(value as { [name: string]: Json }).sort(([a], [b]) => a < b ? -1 : 1).map(([key, member]) => `${JSON.stringify(key)}:${spell(member)}`).join(',')}}`
}

x('names are put in order, at every depth, and the text parses to itself', () => {
  fc.assert(fc.property(json, value => {
    const encoded = encodeJson(value)
    assert.is(encoded, spell(value))
    assert.is(encodeJson(parseJson(encoded)!), encoded)
  }), { seed, numRuns: 2000 })
})

x('what is encoded is not changed', () => {
  const value = Object.freeze({ b: Object.freeze([1, Object.freeze({ d: 1, c: 2 })]), a: 'x', gone: undefined })
  assert.is(encodeJson(value), '{"a":"x","b":[1,{"c":2,"d":1}]}')
  assert.equal(Object.keys(value), ['b', 'a', 'gone'])
})

x('only the one spelling is parsed', () => {
  for (const text of ['{"b":1,"a":2}', '{"a":1, "b":2}', '{"a":1.5}', '{"a":1e3}', '[01]', '{"a":1,"a":1}', '{"0":1}', '{"a":{"d":1,"c":2}}', '["\\ud800"]', '["\\u0041"]', '[-0]']) assert.is(parseJson(text), undefined, text)
  for (const value of [1.5, NaN, Infinity, 2 ** 53]) assert.throws(() => encodeJson({ a: [value] }), /safe integers/)
  assert.throws(() => encodeJson({ b: { 7: 1 }, a: 1 }), /no numbers/)
})

x.run()
