/** What every KeyRing does, whatever keeps its keys: file, memory, or a module. */
import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { importPublicKey, isSignatureValid } from '../../keys/key-objects.ts'
import { privateKeyFromSeed, type KeySecret } from '../../keys/private-key.ts'
import type { AgencyId, Kid } from '../../protocol/identifiers.ts'
import type { KeyRing } from '../../node/runtime/ports.ts'

export const SECRETS: readonly KeySecret[] = [
  { algorithm: 'Ed25519', purpose: 'signing', agency: 'lv:police' as AgencyId, seed: new Uint8Array(32).fill(1) },
  { algorithm: 'X25519', purpose: 'sealing', agency: 'lv:police' as AgencyId, seed: new Uint8Array(32).fill(2) },
  { algorithm: 'Ed25519', purpose: 'log', seed: new Uint8Array(32).fill(3) },
  { algorithm: 'ML-DSA-44', purpose: 'log', seed: new Uint8Array(32).fill(3) }
]

/** The public half of a key that the ring holds. */
export interface KnownKey { readonly kid: Kid, readonly publicKey: Uint8Array }
/** An agency's signing and sealing key, and the two of the log: of these kinds and purposes, in any order. */
export interface KnownKeys { readonly signing: KnownKey, readonly sealing: KnownKey, readonly log: KnownKey, readonly postQuantum: KnownKey }
const [signing, sealing, log, postQuantum] = SECRETS.map(privateKeyFromSeed)
const OF_SECRETS: KnownKeys = { signing: signing!, sealing: sealing!, log: log!, postQuantum: postQuantum! }

export interface OpenedRing { readonly ring: KeyRing, readonly keys?: KnownKeys, readonly done?: () => Promise<void> }

/** `make` opens a ring that holds SECRETS, or `keys` of the same kinds where keys are made inside, and nothing else; `done` puts it away. */
export function keyRingSuite (name: string, make: () => Promise<OpenedRing>): void {
  const test = suite(`${name} as KeyRing`)
  const withRing = (run: (ring: KeyRing, keys: KnownKeys) => Promise<void>) => async (): Promise<void> => {
    const { ring, keys = OF_SECRETS, done } = await make()
    try { await run(ring, keys) } finally { await done?.() }
  }
  const rejects = async (run: () => unknown): Promise<void> => {
    let thrown: unknown
    try { await run() } catch (error) { thrown = error }
    assert.instance(thrown, Error)
  }
  const bytes = new Uint8Array([1, 2, 3])

  test('signs in the order asked for', withRing(async (ring, { signing, log }) => {
    const signatures = await ring.sign([{ kid: signing.kid, bytes }, { kid: log.kid, bytes }, { kid: signing.kid, bytes: new Uint8Array() }])
    assert.equal(signatures.map(signature => signature.length), [64, 64, 64])
    assert.ok(isSignatureValid('EdDSA', signing.publicKey, bytes, signatures[0]!))
    assert.ok(isSignatureValid('EdDSA', log.publicKey, bytes, signatures[1]!))
    assert.ok(isSignatureValid('EdDSA', signing.publicKey, new Uint8Array(), signatures[2]!))
    assert.equal(await ring.sign([]), [])
  }))

  test('signs the same bytes in the same way, and many at once without mixing them up', withRing(async (ring, { signing, log }) => {
    const [first] = await ring.sign([{ kid: signing.kid, bytes }])
    assert.equal([...(await ring.sign([{ kid: signing.kid, bytes }]))[0]!], [...first!])
    const rounds = await Promise.all(Array.from({ length: 8 }, async (_, i) => {
      const own = new Uint8Array(2000).fill(i)
      return { own, signatures: await ring.sign([{ kid: log.kid, bytes: own }, { kid: signing.kid, bytes: own }]) }
    }))
    for (const { own, signatures } of rounds) {
      assert.ok(isSignatureValid('EdDSA', log.publicKey, own, signatures[0]!))
      assert.ok(isSignatureValid('EdDSA', signing.publicKey, own, signatures[1]!))
    }
  }))

  test('agrees on the secret that the other side computes', withRing(async (ring, { sealing }) => {
    const other = generateKeyPairSync('x25519')
    const raw = new Uint8Array(other.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
    const expected = diffieHellman({ privateKey: other.privateKey, publicKey: importPublicKey('X25519', sealing.publicKey) })
    const [once, again] = await Promise.all([ring.agree(sealing.kid, raw), ring.agree(sealing.kid, raw)])
    assert.equal([...once], [...expected])
    assert.equal([...again], [...expected])
  }))

  test('refuses a public key of low order and one of another length', withRing(async (ring, { sealing }) => {
    for (const wrong of [new Uint8Array(32), new Uint8Array(32).fill(1, 0, 1), new Uint8Array(31), new Uint8Array(33)]) await rejects(() => ring.agree(sealing.kid, wrong))
    const { publicKey } = generateKeyPairSync('x25519')
    const right = new Uint8Array(createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })).export({ format: 'der', type: 'spki' }).subarray(-32))
    assert.is((await ring.agree(sealing.kid, right)).length, 32, 'and works afterwards')
  }))

  test('signs with ML-DSA-44', withRing(async (ring, { postQuantum }) => {
    const signature = await ring.signPostQuantum(postQuantum.kid, bytes)
    assert.is(signature.length, 2420)
    assert.ok(isSignatureValid('ML-DSA-44', postQuantum.publicKey, bytes, signature))
  }))

  test('a key that is not here, or cannot do that, does nothing', withRing(async (ring, { signing, sealing }) => {
    await rejects(() => ring.sign([{ kid: signing.kid, bytes }, { kid: 'A'.repeat(43) as Kid, bytes }]))
    await rejects(() => ring.sign([{ kid: sealing.kid, bytes }]))
    await rejects(() => ring.agree(signing.kid, sealing.publicKey))
    await rejects(() => ring.agree('A'.repeat(43) as Kid, sealing.publicKey))
    await rejects(() => ring.signPostQuantum(signing.kid, bytes))
    await rejects(() => ring.signPostQuantum('A'.repeat(43) as Kid, bytes))
    assert.is((await ring.sign([{ kid: signing.kid, bytes }])).length, 1, 'and works afterwards')
  }))

  test('lists what it holds, and no secret', withRing(async (ring, { signing, sealing, log, postQuantum }) => {
    assert.ok(ring.has(signing.kid))
    assert.not.ok(ring.has('A'.repeat(43) as Kid))
    const listed = ring.list()
    const shown = (keys: readonly (readonly [Kid, string, string | undefined])[]) => keys.map(parts => parts.join(' ')).sort()
    assert.equal(shown(listed.map(({ kid, purpose, agency }) => [kid, purpose, agency])), shown([
      [signing.kid, 'signing', 'lv:police'], [sealing.kid, 'sealing', 'lv:police'], [log.kid, 'log', undefined], [postQuantum.kid, 'log', undefined]
    ]))
    for (const { seed } of SECRETS) assert.not.match(JSON.stringify(listed), Buffer.from(seed).toString('base64url'))
  }))

  test.run()
}
