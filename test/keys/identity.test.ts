import * as fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodePart } from '../../keys/compact.ts'
import { KEY_ALGORITHMS, PUBLIC_KEY_BYTES, kidOf, parsePublicKey, publicJwk } from '../../keys/identity.ts'
import { seeded } from './seeded.ts'

const test = suite('keys/identity')

test('the thumbprint of RFC 8037 appendix A.3', () => {
  assert.is(kidOf('Ed25519', '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

test('thumbprints equal those of jose for every algorithm', async () => {
  await fc.assert(fc.asyncProperty(fc.constantFrom(...KEY_ALGORITHMS), fc.integer({ min: 0, max: 255 }), async (algorithm, byte) => {
    const text = encodePart(new Uint8Array(PUBLIC_KEY_BYTES[algorithm]).fill(byte))
    assert.is(kidOf(algorithm, text), await calculateJwkThumbprint({ ...publicJwk(algorithm, text) }))
  }), seeded({ numRuns: 30 }))
})

test('a key has exactly the length of its algorithm and one spelling', () => {
  for (const algorithm of KEY_ALGORITHMS) {
    const length = PUBLIC_KEY_BYTES[algorithm]
    assert.is(parsePublicKey(algorithm, encodePart(new Uint8Array(length)))?.length, length)
    for (const wrong of [0, length - 1, length + 1]) assert.is(parsePublicKey(algorithm, encodePart(new Uint8Array(wrong))), undefined)
  }
  const zeros = encodePart(new Uint8Array(32))
  for (const spelling of [`${zeros}=`, `${zeros.slice(0, -1)}B`, ` ${zeros}`, zeros.replace('A', '+')]) assert.is(parsePublicKey('Ed25519', spelling), undefined)
})

test.run()
