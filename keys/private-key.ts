/**
 * A private key is 32 bytes of seed for each algorithm that we use (RFC 8032, RFC 7748, FIPS 204 key generation from
 * ξ). The caller draws the seed, so this file needs no chance and a simulation gets the same keys again.
 */
import { createPrivateKey, createPublicKey, diffieHellman, sign, type KeyObject } from 'node:crypto'
import type { AgencyId, Kid } from '../protocol/identifiers.ts'
import { encodePart } from './compact.ts'
import { kidOf, type KeyAlgorithm, type KeyPurpose } from './identity.ts'
import { importPublicKey, spkiPrefixLength } from './key-objects.ts'

export const SEED_BYTES = 32

/** What a key ring keeps for one key. */
export interface KeySecret {
  readonly algorithm: KeyAlgorithm
  readonly purpose: KeyPurpose
  readonly agency?: AgencyId
  /** 32 bytes; whoever has them has the key. */
  readonly seed: Uint8Array
}

export interface PrivateKey extends KeySecret {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: Kid
  readonly publicKey: Uint8Array
  /** The same in base64url, as statements carry it. */
  readonly publicText: string
  readonly handle: KeyObject
}

/** DER of PKCS #8 before the seed: RFC 8410 section 7; RFC 9881 section 6, seed only. */
const PKCS8: { readonly [Name in KeyAlgorithm]: Buffer } = {
  'Ed25519': Buffer.from('302e020100300506032b657004220420', 'hex'),
  'X25519': Buffer.from('302e020100300506032b656e04220420', 'hex'),
  'ML-DSA-44': Buffer.from('3034020100300b060960864801650304031104228020', 'hex')
}

function importSeed (algorithm: KeyAlgorithm, seed: Uint8Array): KeyObject {
  if (seed.length !== SEED_BYTES) throw new TypeError(`a seed has ${SEED_BYTES} bytes`)
  return createPrivateKey({ key: Buffer.concat([PKCS8[algorithm], seed]), format: 'der', type: 'pkcs8' })
}

/** As a JWK where there is one: DER costs ten times as much. */
const exportPublicKey = (algorithm: KeyAlgorithm, handle: KeyObject): Uint8Array => algorithm === 'ML-DSA-44'
  ? new Uint8Array(createPublicKey(handle).export({ format: 'der', type: 'spki' }).subarray(spkiPrefixLength(algorithm)))
  : new Uint8Array(Buffer.from(createPublicKey(handle).export({ format: 'jwk' }).x!, 'base64url'))

/** @throws TypeError when the seed is not 32 bytes */
export function privateKeyFromSeed ({ algorithm, purpose, agency, seed }: KeySecret): PrivateKey {
  const handle = importSeed(algorithm, seed)
  const publicKey = exportPublicKey(algorithm, handle)
  const publicText = encodePart(publicKey)
  return { algorithm, purpose, ...(agency !== undefined && { agency }), seed, kid: kidOf(algorithm, publicText), publicKey, publicText, handle }
}

/** Ed25519 (64 bytes) or ML-DSA-44 (2420 bytes), whichever the key is. */
export const signWith = (key: PrivateKey, bytes: Uint8Array): Uint8Array => sign(null, bytes, key.handle)

/**
 * X25519 shared secret, RFC 7748 section 6.1.
 * @throws Error when the public key is of low order, so that the secret would be all zero
 */
export const agreeWith = (key: PrivateKey, publicKey: Uint8Array): Uint8Array =>
  diffieHellman({ privateKey: key.handle, publicKey: importPublicKey('X25519', publicKey) })

/** A key pair for one parcel, and the secret that it shares with the recipient. Both 32 bytes. */
export function agreeOnce (seed: Uint8Array, recipient: Uint8Array): { ephemeralKey: Uint8Array, sharedSecret: Uint8Array } {
  const privateKey = importSeed('X25519', seed)
  const sharedSecret = diffieHellman({ privateKey, publicKey: importPublicKey('X25519', recipient) })
  return { ephemeralKey: exportPublicKey('X25519', privateKey), sharedSecret }
}
