/** Sealed records: what opens, what does not, and a vector of another implementation. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SEALED_RECORD_OVERHEAD, openRecord, sealRecord } from '../../keys/records.ts'
import { seeded } from './seeded.ts'

const test = suite('sealed records')
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const nonce12 = fc.uint8Array({ minLength: 12, maxLength: 12 })

test('AES-256-GCM as in the GCM specification, test case 16', () => {
  const key = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308')
  const nonce = hex('cafebabefacedbaddecaf888')
  const plaintext = hex('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39')
  const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
  const ciphertext = '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662'
  const sealed = sealRecord(key, plaintext, nonce, aad)
  assert.is(Buffer.from(sealed).toString('hex'), `cafebabefacedbaddecaf888${ciphertext}76fc6ece0f4e1768cddf8853bb2d551b`)
  assert.equal(openRecord(key, sealed, aad), plaintext)
})

test('what is sealed opens, and nothing of it can be changed', () => {
  fc.assert(fc.property(key32, fc.uint8Array({ maxLength: 300 }), nonce12, fc.uint8Array({ maxLength: 60 }), fc.nat(), fc.nat(7), fc.nat(20), (key, plaintext, nonce, aad, at, bit, room) => {
    const sealed = sealRecord(key, plaintext, nonce, aad, room)
    assert.is(sealed.length, room + plaintext.length + SEALED_RECORD_OVERHEAD)
    assert.ok(sealed.subarray(0, room).every(byte => byte === 0))
    const body = sealed.subarray(room)
    assert.equal(openRecord(key, body, aad), plaintext)
    const changed = body.slice()
    changed[at % changed.length]! ^= 1 << bit
    assert.is(openRecord(key, changed, aad), undefined)
    assert.is(openRecord(key, body, new Uint8Array([...aad, 0])), undefined)
    assert.is(openRecord(key, body.subarray(0, at % body.length), aad), undefined)
    const otherKey = key.slice()
    otherKey[at % 32]! ^= 1 << bit
    assert.is(openRecord(otherKey, body, aad), undefined)
  }), seeded({ numRuns: 300 }))
})

test('keys and nonces have one length', () => {
  const aad = new Uint8Array(0); const plaintext = new Uint8Array(5)
  for (const [key, nonce] of [[31, 12], [33, 12], [16, 12], [32, 11], [32, 16], [32, 0]] as const) {
    assert.throws(() => sealRecord(new Uint8Array(key), plaintext, new Uint8Array(nonce), aad), (error: Error) => error instanceof RangeError)
  }
  assert.is(openRecord(new Uint8Array(16), sealRecord(new Uint8Array(32), plaintext, new Uint8Array(12), aad), aad), undefined)
})

test.run()
