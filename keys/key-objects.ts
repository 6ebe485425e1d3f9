/**
 * From raw public keys to verified signatures. The imported form of a key is kept for as long as its raw bytes are held
 * by somebody, so the bytes of a key must never be changed in place.
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { SIGNATURE_BYTES, type SignatureAlgorithm } from './algorithms.ts'
import { PUBLIC_KEY_BYTES, type KeyAlgorithm } from './identity.ts'

/** DER of SubjectPublicKeyInfo before the raw key: RFC 8410 section 4, RFC 9881 section 4. */
const SPKI: { readonly [Name in KeyAlgorithm]: Buffer } = {
  'Ed25519': Buffer.from('302a300506032b6570032100', 'hex'),
  'X25519': Buffer.from('302a300506032b656e032100', 'hex'),
  'ML-DSA-44': Buffer.from('30820532300b06096086480165030403110382052100', 'hex')
}
export const spkiPrefixLength = (algorithm: KeyAlgorithm): number => SPKI[algorithm].length

const imported = new WeakMap<Uint8Array, KeyObject>()

/** @throws TypeError when the key does not have exactly the length of its algorithm */
export function importPublicKey (algorithm: KeyAlgorithm, publicKey: Uint8Array): KeyObject {
  const known = imported.get(publicKey)
  if (known !== undefined) return known
  if (publicKey.length !== PUBLIC_KEY_BYTES[algorithm]) throw new TypeError(`not an ${algorithm} public key: wrong length`)
  // As text: given bytes, Node finds out by two errors that it throws and catches that they are no key object, and takes three times as long.
  const key = createPublicKey(`-----BEGIN PUBLIC KEY-----\n${Buffer.concat([SPKI[algorithm], publicKey]).toString('base64')}\n-----END PUBLIC KEY-----\n`)
  imported.set(publicKey, key)
  return key
}

/** False for anything but a signature of the right length by that key over these bytes. */
export function isSignatureValid (algorithm: SignatureAlgorithm, publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const keyAlgorithm = algorithm === 'EdDSA' ? 'Ed25519' : algorithm
  if (signature.length !== SIGNATURE_BYTES[algorithm] || publicKey.length !== PUBLIC_KEY_BYTES[keyAlgorithm]) return false
  return verify(null, bytes, importPublicKey(keyAlgorithm, publicKey), signature)
}
