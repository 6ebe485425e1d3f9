/**
 * Public keys and their names. A key travels as its raw bytes in base64url and is named by its RFC 7638 thumbprint, so
 * a name commits to the key and nobody can choose one. Lengths are checked here, because the libraries below accept
 * some encodings with bytes to spare.
 */
import { hash } from 'node:crypto'
import type { Kid } from '../protocol/identifiers.ts'
import { decodePart } from './compact.ts'

/** One key, one purpose. */
export const KEY_PURPOSES = ['transport', 'signing', 'sealing', 'log', 'witness', 'root', 'federation', 'revocation'] as const
export type KeyPurpose = typeof KEY_PURPOSES[number]

export const KEY_ALGORITHMS = ['Ed25519', 'X25519', 'ML-DSA-44'] as const
export type KeyAlgorithm = typeof KEY_ALGORITHMS[number]

/** RFC 8037 (Ed25519, X25519): `x` is 32 bytes. */
export interface OkpJwk { readonly kty: 'OKP', readonly crv: 'Ed25519' | 'X25519', readonly x: string }
/** RFC 9964 (ML-DSA): `pub` is 1312 bytes. */
export interface AkpJwk { readonly kty: 'AKP', readonly alg: 'ML-DSA-44', readonly pub: string }
export type PublicJwk = OkpJwk | AkpJwk

/** Bytes of a raw public key: RFC 8032 and RFC 7748; FIPS 204 table 2. */
export const PUBLIC_KEY_BYTES: { readonly [Name in KeyAlgorithm]: number } = { 'Ed25519': 32, 'X25519': 32, 'ML-DSA-44': 1312 }

/** Undefined unless the text is canonical base64url of exactly the right number of bytes. */
export function parsePublicKey (algorithm: KeyAlgorithm, text: string): Uint8Array | undefined {
  const bytes = decodePart(text)
  return bytes !== undefined && bytes.length === PUBLIC_KEY_BYTES[algorithm] ? bytes : undefined
}

export const publicJwk = (algorithm: KeyAlgorithm, publicKey: string): PublicJwk =>
  algorithm === 'ML-DSA-44' ? { kty: 'AKP', alg: algorithm, pub: publicKey } : { kty: 'OKP', crv: algorithm, x: publicKey }

/** RFC 7638 SHA-256 thumbprint of a raw public key in base64url: the required members in the order of their names. */
export function kidOf (algorithm: KeyAlgorithm, publicKey: string): Kid {
  const members = algorithm === 'ML-DSA-44'
    ? `{"alg":"${algorithm}","kty":"AKP","pub":"${publicKey}"}`
    : `{"crv":"${algorithm}","kty":"OKP","x":"${publicKey}"}`
  return hash('sha256', members, 'base64url') as Kid
}
