import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { importPublicKey, isSignatureValid } from '../../keys/key-objects.ts'
import { agreeOnce, agreeWith, privateKeyFromSeed, signWith } from '../../keys/private-key.ts'
import { key } from './trust-world.ts'

const test = suite('keys/private-key')
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
/** Points of small order: whatever the private key, the shared secret is zero (RFC 7748 section 6.1). */
const LOW_ORDER_POINTS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'
]

test('Ed25519: RFC 8032 section 7.1 test 1', () => {
  const own = privateKeyFromSeed({ algorithm: 'Ed25519', purpose: 'signing', seed: hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60') })
  assert.is(toHex(own.publicKey), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  assert.is(toHex(signWith(own, new Uint8Array())), 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b')
})

test('X25519: RFC 7748 section 6.1', () => {
  const alice = privateKeyFromSeed({ algorithm: 'X25519', purpose: 'sealing', seed: hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a') })
  const bob = privateKeyFromSeed({ algorithm: 'X25519', purpose: 'sealing', seed: hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb') })
  assert.is(toHex(alice.publicKey), '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
  const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
  assert.is(toHex(agreeWith(alice, bob.publicKey)), secret)
  const once = agreeOnce(alice.seed, bob.publicKey)
  assert.is(toHex(once.ephemeralKey), toHex(alice.publicKey))
  assert.is(toHex(once.sharedSecret), secret)
})

test('a secret that everybody knows is never agreed on', () => {
  const own = key('own', 'X25519', 'sealing')
  for (const point of LOW_ORDER_POINTS) {
    assert.throws(() => agreeWith(own, hex(point)))
    assert.throws(() => agreeOnce(own.seed, hex(point)))
  }
})

test('ML-DSA-44: the seed gives the same key again, and its signatures verify', () => {
  const [one, again] = [key('pq', 'ML-DSA-44', 'root'), key('pq', 'ML-DSA-44', 'root')]
  assert.is(one.publicKey.length, 1312)
  assert.is(one.kid, again.kid)
  const signature = signWith(one, hex('00ff'))
  assert.is(signature.length, 2420)
  assert.ok(isSignatureValid('ML-DSA-44', again.publicKey, hex('00ff'), signature))
  assert.not.ok(isSignatureValid('ML-DSA-44', again.publicKey, hex('00fe'), signature))
})

test('keys and signatures with bytes to spare or bytes missing are refused', () => {
  for (const [algorithm, name] of [['EdDSA', 'Ed25519'], ['ML-DSA-44', 'ML-DSA-44']] as const) {
    const own = key('lengths', name, 'root')
    const signature = signWith(own, hex('01'))
    const longer = (bytes: Uint8Array): Uint8Array => new Uint8Array([...bytes, 0])
    assert.ok(isSignatureValid(algorithm, own.publicKey, hex('01'), signature))
    for (const wrongKey of [longer(own.publicKey), own.publicKey.slice(1), new Uint8Array()]) {
      assert.not.ok(isSignatureValid(algorithm, wrongKey, hex('01'), signature))
      assert.throws(() => importPublicKey(name, wrongKey), /wrong length/)
    }
    for (const wrong of [longer(signature), signature.slice(0, -1), new Uint8Array()]) assert.not.ok(isSignatureValid(algorithm, own.publicKey, hex('01'), wrong))
  }
  assert.throws(() => privateKeyFromSeed({ algorithm: 'Ed25519', purpose: 'root', seed: new Uint8Array(31) }), /32 bytes/)
})

test.run()
