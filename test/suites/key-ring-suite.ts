/** What every KeyRing does, whatever keeps its keys: file, memory, or a module. */
import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isSignatureValid } from '../../keys/key-objects.ts'
import { privateKeyFromSeed, type KeySecret, type PrivateKey } from '../../keys/private-key.ts'
import type { AgencyId, Kid } from '../../protocol/identifiers.ts'
import type { KeyRing } from '../../node/runtime/ports.ts'

export const SECRETS: readonly KeySecret[] = [
  { algorithm: 'Ed25519', purpose: 'signing', agency: 'lv:police' as AgencyId, seed: new Uint8Array(32).fill(1) },
  { algorithm: 'X25519', purpose: 'sealing', agency: 'lv:police' as AgencyId, seed: new Uint8Array(32).fill(2) },
  { algorithm: 'Ed25519', purpose: 'log', seed: new Uint8Array(32).fill(3) },
  { algorithm: 'ML-DSA-44', purpose: 'log', seed: new Uint8Array(32).fill(3) }
]

/** `make` opens a ring that holds SECRETS and nothing else; `done` puts it away. */
export function keyRingSuite (name: string, make: () => Promise<{ ring: KeyRing, done?: () => Promise<void> }>): void {
  const test = suite(`${name} as KeyRing`)
  const [signing, sealing, log, postQuantum] = SECRETS.map(privateKeyFromSeed) as [PrivateKey, PrivateKey, PrivateKey, PrivateKey]
  const withRing = (run: (ring: KeyRing) => Promise<void>) => async (): Promise<void> => {
    const { ring, done } = await make()
    try { await run(ring) } finally { await done?.() }
  }
  const rejects = async (run: () => unknown): Promise<void> => {
    let thrown: unknown
    try { await run() } catch (error) { thrown = error }
    assert.instance(thrown, Error)
  }
  const bytes = new Uint8Array([1, 2, 3])

  test('signs in the order asked for', withRing(async ring => {
    const signatures = await ring.sign([{ kid: signing.kid, bytes }, { kid: log.kid, bytes }, { kid: signing.kid, bytes: new Uint8Array() }])
    assert.equal(signatures.map(signature => signature.length), [64, 64, 64])
    assert.ok(isSignatureValid('EdDSA', signing.publicKey, bytes, signatures[0]!))
    assert.ok(isSignatureValid('EdDSA', log.publicKey, bytes, signatures[1]!))
    assert.ok(isSignatureValid('EdDSA', signing.publicKey, new Uint8Array(), signatures[2]!))
    assert.equal(await ring.sign([]), [])
  }))

  test('agrees on the secret that the other side computes', withRing(async ring => {
    const other = generateKeyPairSync('x25519')
    const raw = new Uint8Array(other.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
    const expected = diffieHellman({ privateKey: other.privateKey, publicKey: createPublicKey(sealing.handle) })
    assert.equal([...await ring.agree(sealing.kid, raw)], [...expected])
  }))

  test('refuses a public key of low order and one of another length', withRing(async ring => {
    for (const wrong of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(33)]) await rejects(() => ring.agree(sealing.kid, wrong))
  }))

  test('signs with ML-DSA-44', withRing(async ring => {
    const signature = await ring.signPostQuantum(postQuantum.kid, bytes)
    assert.is(signature.length, 2420)
    assert.ok(isSignatureValid('ML-DSA-44', postQuantum.publicKey, bytes, signature))
  }))

  test('a key that is not here, or cannot do that, does nothing', withRing(async ring => {
    await rejects(() => ring.sign([{ kid: signing.kid, bytes }, { kid: 'A'.repeat(43) as Kid, bytes }]))
    await rejects(() => ring.sign([{ kid: sealing.kid, bytes }]))
    await rejects(() => ring.agree(signing.kid, sealing.publicKey))
    await rejects(() => ring.signPostQuantum(signing.kid, bytes))
  }))

  test('lists what it holds, and no secret', withRing(async ring => {
    assert.ok(ring.has(signing.kid))
    assert.not.ok(ring.has('A'.repeat(43) as Kid))
    const listed = ring.list()
    assert.equal(listed.map(({ kid, purpose, agency }) => [kid, purpose, agency]), [
      [signing.kid, 'signing', 'lv:police'], [sealing.kid, 'sealing', 'lv:police'], [log.kid, 'log', undefined], [postQuantum.kid, 'log', undefined]
    ])
    for (const { seed } of SECRETS) assert.not.match(JSON.stringify(listed), Buffer.from(seed).toString('base64url'))
  }))

  test.run()
}
