/**
 * Cheap cryptography for simulations: it behaves as the real one does (a wrong key, a changed byte or another recipient
 * fails), is deterministic, and protects nothing. Trust statements and checkpoints keep the real signatures, since
 * other code than the cipher suite verifies them.
 *
 * `SealedParcels` lets checkers read what leaves a node, with the double and with the real suite alike.
 */
import { hash } from 'node:crypto'
import { createMemoryKeyRing } from '../keys/memory-key-ring.ts'
import type { PrivateKey } from '../keys/private-key.ts'
import { cipherSuite, type CipherSuite } from '../keys/suite.ts'
import type { Kid } from '../protocol/identifiers.ts'
import type { KeyRing, SignRequest } from '../node/runtime/ports.ts'

const TAG_BYTES = 16
const WRAPPED_BYTES = 40

/** By way of text, one character a byte, which Node makes much faster than a buffer. */
const digest = (algorithm: 'sha256' | 'sha512', domain: string, ...parts: readonly Uint8Array[]): Buffer =>
  Buffer.from(hash(algorithm, Buffer.concat([Buffer.from(domain), ...parts.flatMap(part => [Buffer.from(`${part.length}|`), part])]), 'binary'), 'latin1')

const sign = (publicKey: Uint8Array, bytes: Uint8Array): Buffer => digest('sha512', 'double/sign', publicKey, bytes)
const secretOf = (ephemeralKey: Uint8Array, recipient: Uint8Array): Buffer => digest('sha256', 'double/agree', ephemeralKey, recipient)
const tagOf = (secret: Uint8Array, iv: Uint8Array, additional: Uint8Array, content: Uint8Array): Buffer =>
  digest('sha256', 'double/seal', secret, iv, additional, content).subarray(0, TAG_BYTES)

export const doubleSuite: CipherSuite = {
  verify: (publicKey, bytes, signature) => sign(publicKey, bytes).equals(signature),
  agreeOnce: (seed, recipient) => {
    const ephemeralKey = digest('sha256', 'double/ephemeral', seed)
    return { ephemeralKey, sharedSecret: secretOf(ephemeralKey, recipient) }
  },
  seal: (secret, { iv }, additional, plaintext) =>
    ({ wrappedKey: new Uint8Array(WRAPPED_BYTES), iv, ciphertext: plaintext, tag: tagOf(secret, iv, additional, plaintext) }),
  open: (secret, { iv, ciphertext, tag }, additional) => tagOf(secret, iv, additional, ciphertext).equals(tag) ? ciphertext : undefined
}

/** Signs and agrees as `doubleSuite` verifies; a log's key signs for real, once for each head. */
export function createKeyRingDouble (keys: readonly PrivateKey[]): KeyRing {
  const real = createMemoryKeyRing(keys)
  const held = new Map<Kid, PrivateKey>(keys.map(key => [key.kid, key]))
  const heads = new Map<Kid, { readonly bytes: Buffer, readonly signature: Uint8Array }>()
  const signHead = (request: SignRequest): Uint8Array => {
    const known = heads.get(request.kid)
    if (known?.bytes.equals(request.bytes) === true) return known.signature
    const [signature] = real.sign([request])
    heads.set(request.kid, { bytes: Buffer.from(request.bytes), signature: signature! })
    return signature!
  }
  const keyOf = (kid: Kid): PrivateKey => {
    const key = held.get(kid)
    if (key === undefined) throw new Error(`no key ${kid} in this ring`)
    return key
  }
  return {
    sign: requests => requests.map(request => keyOf(request.kid).purpose === 'log' ? signHead(request) : sign(keyOf(request.kid).publicKey, request.bytes)),
    agree: (kid, ephemeralKey) => secretOf(ephemeralKey, keyOf(kid).publicKey),
    has: kid => held.has(kid),
    signPostQuantum: real.signPostQuantum,
    list: real.list
  }
}

/** What was sealed and has not left yet, by the tag of its ciphertext. */
export class SealedParcels {
  readonly #plaintexts = new Map<string, Uint8Array>()

  /** The same suite, which lets us keep a copy. */
  observe (suite: CipherSuite): CipherSuite {
    return {
      ...suite,
      seal: (secret, secrets, additional, plaintext) => {
        const sealed = suite.seal(secret, secrets, additional, plaintext)
        this.#plaintexts.set(Buffer.from(sealed.tag).toString('base64url'), plaintext)
        return sealed
      }
    }
  }

  /** The plaintext of a JWE compact, once; undefined when it was not sealed here. */
  take (jwe: Uint8Array): Uint8Array | undefined {
    const text = Buffer.from(jwe.buffer, jwe.byteOffset, jwe.byteLength)
    const tag = text.toString('latin1', text.lastIndexOf('.') + 1)
    const plaintext = this.#plaintexts.get(tag)
    this.#plaintexts.delete(tag)
    return plaintext
  }
}

export const realSuite = cipherSuite
export const createRealKeyRing = (keys: readonly PrivateKey[]): KeyRing => createMemoryKeyRing(keys)
