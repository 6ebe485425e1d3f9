/** What every Entropy does: bytes of the length asked for, fresh each time, spread over all values. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Entropy } from '../../node/runtime/ports.ts'

export function entropySuite (name: string, make: () => Entropy): void {
  const test = suite(`${name} as Entropy`)

  test('gives exactly as many bytes as asked for', () => {
    const entropy = make()
    for (const length of [0, 1, 3, 12, 32, 33, 4096]) assert.is(entropy.bytes(length).length, length)
  })

  test('never gives the same again', () => {
    const entropy = make()
    const drawn = Array.from({ length: 2000 }, () => Buffer.from(entropy.bytes(16)).toString('hex'))
    assert.is(new Set(drawn).size, drawn.length)
  })

  test('hands out bytes that are the caller\'s: changing them changes nothing drawn before or after', () => {
    const entropy = make()
    const first = entropy.bytes(32)
    const copy = Uint8Array.from(first)
    entropy.bytes(32).fill(0)
    assert.equal(first, copy)
    assert.ok(entropy.bytes(32).some(byte => byte !== 0))
  })

  test('draws every value about as often', () => {
    const counts = new Uint32Array(256)
    for (const byte of make().bytes(256 * 1000)) counts[byte]!++
    // Eight standard deviations of a fair draw: a fair source fails once in 10^12 runs.
    assert.ok(counts.every(count => Math.abs(count - 1000) < 8 * Math.sqrt(1000)))
  })

  test.run()
}
