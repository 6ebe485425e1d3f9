/**
 * The three kinds of keys that a module may hold for us, and how modules spell them. Invariant: what a module says is
 * checked for its exact length and becomes the raw public key that statements carry; nothing else of a module is believed.
 */
import { createPublicKey, hash, verify, type KeyObject } from 'node:crypto'
import { kidOf } from '../../keys/identity.ts'
import { agreeOnce } from '../../keys/private-key.ts'
import { isSignatureValid } from '../../keys/key-objects.ts'
import { toBase64url } from '../../protocol/bytes.ts'
import type { Kid } from '../../protocol/identifiers.ts'
import { CK } from './pkcs11-driver.ts'

export const MODULE_ALGORITHMS = ['Ed25519', 'X25519', 'P-256'] as const
export type ModuleAlgorithm = typeof MODULE_ALGORITHMS[number]

/** CKA_EC_PARAMS as object identifiers: RFC 8410 section 3, RFC 5480 section 2.1.1.1. */
export const EC_PARAMS: { readonly [Name in ModuleAlgorithm]: Buffer } = {
  'Ed25519': Buffer.from('06032b6570', 'hex'),
  'X25519': Buffer.from('06032b656e', 'hex'),
  'P-256': Buffer.from('06082a8648ce3d030107', 'hex')
}

/** How a key is made: PKCS#11 v3.0 for the Montgomery curve; SoftHSM 2.6 takes it as an Edwards one. */
export function generationOf (algorithm: ModuleAlgorithm, mechanisms: readonly number[]): { readonly mechanism: number, readonly keyType: number } {
  if (algorithm === 'P-256') return { mechanism: CK.GEN_EC, keyType: CK.KEY_EC }
  if (algorithm === 'X25519' && mechanisms.includes(CK.GEN_MONTGOMERY)) return { mechanism: CK.GEN_MONTGOMERY, keyType: CK.KEY_EC_MONTGOMERY }
  return { mechanism: CK.GEN_EDWARDS, keyType: CK.KEY_EC_EDWARDS }
}

const POINT_BYTES: { readonly [Name in ModuleAlgorithm]: number } = { 'Ed25519': 32, 'X25519': 32, 'P-256': 65 }
const OCTET_STRING = 0x04
const BIT_STRING = 0x03

/**
 * CKA_EC_POINT: a DER OCTET STRING (v2.40), a BIT STRING or the bare point (both seen with Edwards curves).
 * Raw public key: 32 bytes, or 65 (uncompressed) for P-256; undefined when it is none.
 */
export function pointOf (algorithm: ModuleAlgorithm, value: Uint8Array): Uint8Array | undefined {
  const length = POINT_BYTES[algorithm]
  const rest = value.length - length
  const isWrapped = rest === 2 ? value[0] === OCTET_STRING && value[1] === length : rest === 3 && value[0] === BIT_STRING && value[1] === length + 1 && value[2] === 0
  if (rest !== 0 && !isWrapped) return undefined
  const point = new Uint8Array(value.subarray(rest))
  return algorithm === 'P-256' && point[0] !== 0x04 ? undefined : point
}

/** RFC 7638 thumbprint; for P-256 of `crv`, `kty`, `x`, `y` (RFC 7518 section 6.2.1). */
export function kidOfPoint (algorithm: ModuleAlgorithm, point: Uint8Array): Kid {
  if (algorithm !== 'P-256') return kidOf(algorithm, toBase64url(point))
  const { crv, kty, x, y } = jwkOf(algorithm, point) as { crv: string, kty: string, x: string, y: string }
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url') as Kid
}

/** The public key as a JWK: RFC 8037, or RFC 7518 for P-256. */
export const jwkOf = (algorithm: ModuleAlgorithm, point: Uint8Array): { readonly [member: string]: string } => algorithm === 'P-256'
  ? { crv: 'P-256', kty: 'EC', x: toBase64url(point.subarray(1, 33)), y: toBase64url(point.subarray(33)) }
  : { crv: algorithm, kty: 'OKP', x: toBase64url(point) }

const importP256 = (point: Uint8Array): KeyObject => createPublicKey({ key: { ...jwkOf('P-256', point) }, format: 'jwk' })

/** EdDSA (RFC 8032), or ES256 as r ‖ s (RFC 7518 section 3.4). */
export function isModuleSignatureValid (algorithm: ModuleAlgorithm, point: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (algorithm !== 'P-256') return isSignatureValid('EdDSA', point, bytes, signature)
  return signature.length === 64 && verify('sha256', bytes, { key: importP256(point), dsaEncoding: 'ieee-p1363' }, signature)
}

const ANY_SEED = new Uint8Array(32).fill(1)
/**
 * A point of low order gives everybody the same all-zero secret (RFC 7748 section 6.1). Modules answer it with the same code
 * as when they are broken, so it is found out before they are asked.
 * @throws Error when the public key is of low order or not 32 bytes
 */
export const ensureOrder = (publicKey: Uint8Array): void => { agreeOnce(ANY_SEED, publicKey) }
