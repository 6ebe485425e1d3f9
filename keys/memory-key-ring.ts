/**
 * Private keys held in this process, answering at once. It fulfils the KeyRing port (node/runtime/ports.ts); the file
 * adapter puts an encrypted file below it, simulations use it as it is. A key does only what its purpose allows.
 */
import type { AgencyId, Kid } from '../protocol/identifiers.ts'
import type { KeyAlgorithm } from './identity.ts'
import { agreeWith, signWith, type PrivateKey } from './private-key.ts'

/** `unknown-key`: no such key here. `wrong-kind`: the key cannot do that. */
export type KeyRingErrorCode = 'unknown-key' | 'wrong-kind'
export class KeyRingError extends Error {
  readonly code: KeyRingErrorCode
  constructor (code: KeyRingErrorCode, message: string) {
    super(message)
    this.name = 'KeyRingError'
    this.code = code
  }
}

export interface MemoryKeyRing {
  sign (requests: readonly { readonly kid: Kid, readonly bytes: Uint8Array }[]): Uint8Array[]
  agree (kid: Kid, publicKey: Uint8Array): Uint8Array
  has (kid: Kid): boolean
  signPostQuantum (kid: Kid, bytes: Uint8Array): Promise<Uint8Array>
  list (): readonly { readonly kid: Kid, readonly purpose: string, readonly agency?: AgencyId, readonly algorithm: KeyAlgorithm }[]
  /** A key that is there already is not added twice. */
  hold (keys: readonly PrivateKey[]): void
}

export function createMemoryKeyRing (keys: readonly PrivateKey[] = []): MemoryKeyRing {
  const held = new Map<Kid, PrivateKey>()
  const hold = (more: readonly PrivateKey[]): void => { for (const key of more) if (!held.has(key.kid)) held.set(key.kid, key) }
  const find = (kid: Kid, algorithm: KeyAlgorithm): PrivateKey => {
    const key = held.get(kid)
    if (key === undefined) throw new KeyRingError('unknown-key', `no key ${kid} in this ring`)
    if (key.algorithm !== algorithm) throw new KeyRingError('wrong-kind', `key ${kid} is ${key.algorithm}, not ${algorithm}`)
    return key
  }
  hold(keys)
  return {
    sign: requests => requests.map(({ kid, bytes }) => signWith(find(kid, 'Ed25519'), bytes)),
    agree: (kid, publicKey) => agreeWith(find(kid, 'X25519'), publicKey),
    has: kid => held.has(kid),
    signPostQuantum: async (kid, bytes) => signWith(find(kid, 'ML-DSA-44'), bytes),
    list: () => [...held.values()].map(({ kid, purpose, agency, algorithm }) => ({ kid, purpose, ...(agency !== undefined && { agency }), algorithm })),
    hold
  }
}
