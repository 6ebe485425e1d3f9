import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { privateKeyFromSeed } from '../../keys/private-key.ts'
import { parseAgencyId } from '../../protocol/identifiers.ts'
import { createKeyRingDouble, doubleSuite, realSuite, SealedParcels } from '../../simulations/crypto-double.ts'
import { Random } from '../../simulations/random.ts'

const random = new Random('crypto-double')
console.log(`seed ${random.name}`)
const agency = parseAgencyId('lv:police')
const make = (algorithm: 'Ed25519' | 'X25519', purpose: 'signing' | 'sealing' | 'log'): ReturnType<typeof privateKeyFromSeed> => privateKeyFromSeed({ algorithm, purpose, agency, seed: random.bytes(32) })
const [signing, other, sealing, log] = [make('Ed25519', 'signing'), make('Ed25519', 'signing'), make('X25519', 'sealing'), make('Ed25519', 'log')]
const ring = createKeyRingDouble([signing, other, sealing, log])
const bytes = new TextEncoder().encode('what is signed')

const x = suite('crypto double')

x('a signature fits its key and its bytes, and no others', async () => {
  const [signature] = await ring.sign([{ kid: signing.kid, bytes }])
  assert.is(signature!.length, 64)
  assert.ok(doubleSuite.verify(signing.publicKey, bytes, signature!))
  assert.not.ok(doubleSuite.verify(other.publicKey, bytes, signature!))
  assert.not.ok(doubleSuite.verify(signing.publicKey, bytes.subarray(1), signature!))
  assert.not.ok(doubleSuite.verify(signing.publicKey, bytes, signature!.subarray(1)))
})

x('a log signs for real, since checkpoints are verified for real', async () => {
  for (let i = 0; i < 2; i++) assert.ok(realSuite.verify(log.publicKey, bytes, (await ring.sign([{ kid: log.kid, bytes }]))[0]!))
})

x('what is sealed opens for its recipient, unchanged, and not otherwise', async () => {
  const additional = random.bytes(20)
  const { ephemeralKey, sharedSecret } = doubleSuite.agreeOnce(random.bytes(32), sealing.publicKey)
  const sealed = doubleSuite.seal(sharedSecret, { key: random.bytes(32), iv: random.bytes(12) }, additional, bytes)
  const secret = await ring.agree(sealing.kid, ephemeralKey)
  assert.equal(new Uint8Array(doubleSuite.open(secret, sealed, additional)!), bytes)
  assert.is(doubleSuite.open(secret, sealed, additional.subarray(1)), undefined)
  assert.is(doubleSuite.open(secret, { ...sealed, ciphertext: bytes.subarray(1) }, additional), undefined)
  assert.is(doubleSuite.open(random.bytes(32), sealed, additional), undefined)
})

x('an unknown key is said to be unknown', () => {
  const empty = createKeyRingDouble([])
  assert.throws(() => empty.sign([{ kid: signing.kid, bytes }]), /no key/)
  assert.not.ok(empty.has(signing.kid))
})

x('a parcel that is sealed can be read once by whoever watches', () => {
  const parcels = new SealedParcels()
  const suite = parcels.observe(doubleSuite)
  const { tag } = suite.seal(random.bytes(32), { key: random.bytes(32), iv: random.bytes(12) }, random.bytes(4), bytes)
  const jwe = Buffer.from(`a.b.c.d.${Buffer.from(tag).toString('base64url')}`)
  assert.equal(parcels.take(jwe), bytes)
  assert.is(parcels.take(jwe), undefined)
})

x.run()
