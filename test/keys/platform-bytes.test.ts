/** What Node does in place of portable code must be the same, byte for byte and refusal for refusal. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nodeBytes } from '../../keys/platform-bytes.ts'
import { portableBytes } from '../../protocol/bytes.ts'

const x = suite('platform bytes')
const seed = Math.floor(Math.random() * 2 ** 31)
console.log(`seed ${seed}`)
const bytes = fc.uint8Array({ maxLength: 300 })

x('hash, encode and decode as the portable ones do', () => {
  fc.assert(fc.property(bytes, fc.string({ unit: 'binary', maxLength: 200 }), (some, text) => {
    assert.equal(nodeBytes.sha256(some), portableBytes.sha256(some))
    assert.is(nodeBytes.toBase64url(some), portableBytes.toBase64url(some))
    assert.is(nodeBytes.asciiText(some), portableBytes.asciiText(some))
    assert.equal(nodeBytes.utf8ToBytes(text), portableBytes.utf8ToBytes(text))
  }), { seed, numRuns: 1000 })
})

x('take only canonical base64url', () => {
  const letters = fc.string({ unit: fc.constantFrom(...'AQgwZ_-9+/=. é'), maxLength: 12 })
  fc.assert(fc.property(fc.oneof(letters, fc.base64String({ maxLength: 40 }), bytes.map(nodeBytes.toBase64url)), text => {
    assert.equal(nodeBytes.fromBase64url(text), portableBytes.fromBase64url(text))
  }), { seed, numRuns: 2000 })
  assert.is(nodeBytes.fromBase64url('AB'), undefined)
  assert.equal(nodeBytes.fromBase64url('AA'), new Uint8Array(1))
})

x('printable text of any length is read, and nothing else', () => {
  const long = new Uint8Array(20_000).fill(0x41)
  assert.is(nodeBytes.asciiText(long)?.length, 20_000)
  assert.is(portableBytes.asciiText(long), nodeBytes.asciiText(long))
  long[19_999] = 0x0a
  assert.is(nodeBytes.asciiText(long), undefined)
})

x('what they make is a plain array of bytes, whose slice is a copy', () => {
  for (const made of [nodeBytes.sha256(new Uint8Array(3)), nodeBytes.utf8ToBytes('abc'), nodeBytes.fromBase64url('AAAA')!]) {
    assert.is(made.constructor, Uint8Array)
    const copy = made.slice()
    copy[0]! ^= 1
    assert.is.not(copy[0], made[0])
  }
})

x.run()
