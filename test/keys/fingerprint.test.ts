import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FINGERPRINT_BYTES, fingerprintGroup, fingerprintOf, fingerprintUri, fingerprintWords, isFingerprintOf, parseFingerprintUri } from '../../keys/fingerprint.ts'
import { FINGERPRINT_WORDS } from '../../keys/fingerprint-words.ts'
import type { Digest } from '../../protocol/identifiers.ts'
import { seeded } from './seeded.ts'

const test = suite('keys/fingerprint')
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes).toString('base64url') as Digest)

test('256 words that cannot be taken for each other', () => {
  assert.is(FINGERPRINT_WORDS.length, 256)
  assert.is(new Set(FINGERPRINT_WORDS.map(word => word.slice(0, 4))).size, 256)
  assert.equal([...FINGERPRINT_WORDS].sort(), FINGERPRINT_WORDS)
  assert.ok(FINGERPRINT_WORDS.every(word => /^[a-z]{3,9}$/.test(word)))
})

test('every spelling says the same bits, and is taken back in any layout', () => {
  fc.assert(fc.property(hash, root => {
    const bits = Buffer.from(root, 'base64url').subarray(0, FINGERPRINT_BYTES)
    assert.is(fingerprintOf(root).replaceAll(' ', '').toLowerCase(), bits.toString('hex'))
    assert.equal(fingerprintWords(root).split(' ').map(word => FINGERPRINT_WORDS.indexOf(word)), [...bits])
    assert.is(parseFingerprintUri(fingerprintUri(root)), root)
    for (const said of [fingerprintOf(root), fingerprintOf(root).toLowerCase().replaceAll(' ', '-'), fingerprintWords(root), fingerprintWords(root).toUpperCase().replaceAll(' ', '\n'), fingerprintUri(root)]) assert.ok(isFingerprintOf(root, said), said)
  }), seeded({ numRuns: 100 }))
})

test('a part, another root, or nothing is not the fingerprint', () => {
  fc.assert(fc.property(hash, hash, (root, other) => {
    if (fingerprintOf(root) === fingerprintOf(other)) return
    for (const said of ['', ' ', fingerprintOf(other), fingerprintWords(other), fingerprintUri(other), fingerprintOf(root).slice(0, -1), fingerprintWords(root).split(' ').slice(1).join(' '), fingerprintGroup(root, 1)]) assert.not.ok(isFingerprintOf(root, said), said)
  }), seeded({ numRuns: 100 }))
})

test.run()
