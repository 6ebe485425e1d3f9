/**
 * The cryptography of the hot path behind one small seam: synchronous, so that a driver needs no pool of threads for
 * it, and replaceable, so that a simulation of many nodes may stand in cheaper primitives that behave alike.
 * What is signed and sealed, and in which order it is checked, stays in seal.ts and open.ts.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { usePlatformBytes } from '../protocol/bytes.ts'
import { isSignatureValid } from './key-objects.ts'
import { nodeBytes } from './platform-bytes.ts'
import { agreeOnce } from './private-key.ts'

export interface ContentSecrets {
  /** 32 bytes, used for one parcel. */
  readonly key: Uint8Array
  /** 12 bytes. */
  readonly iv: Uint8Array
}
export interface SealedContent {
  /** The content key, wrapped: 40 bytes. */
  readonly wrappedKey: Uint8Array
  readonly iv: Uint8Array
  readonly ciphertext: Uint8Array
  /** 16 bytes. */
  readonly tag: Uint8Array
}

export interface CipherSuite {
  /** Ed25519, RFC 8032. False for anything that is not such a signature; never throws. */
  verify (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean
  /** X25519 with a key pair made of a 32-byte seed that is used once. Throws when the recipient's key is of low order. */
  agreeOnce (seed: Uint8Array, recipient: Uint8Array): { ephemeralKey: Uint8Array, sharedSecret: Uint8Array }
  /** ECDH-ES+A256KW and A256GCM, RFC 7518 sections 4.6 and 5.3. */
  seal (sharedSecret: Uint8Array, secrets: ContentSecrets, additional: Uint8Array, plaintext: Uint8Array): SealedContent
  /** Undefined when anything was changed or the secret is another. */
  open (sharedSecret: Uint8Array, sealed: SealedContent, additional: Uint8Array): Uint8Array | undefined
}

const KEY_WRAP_IV = Buffer.alloc(8, 0xa6)
const TAG_BYTES = 16
/** Concat KDF (RFC 7518 section 4.6.2): round 1 before Z; then algorithm, empty apu and apv, 256 bits. */
const KDF_ROUND = Buffer.from([0, 0, 0, 1])
const KDF_INFO = Buffer.concat([Buffer.from([0, 0, 0, 14]), Buffer.from('ECDH-ES+A256KW'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])])
/** Keys are handed over as key objects: of plain bytes Node finds out by two errors that they are none, which costs more than the cipher. */
const wrappingKey = (sharedSecret: Uint8Array): KeyObject => createSecretKey(hash('sha256', Buffer.concat([KDF_ROUND, sharedSecret, KDF_INFO]), 'buffer'))

function seal (sharedSecret: Uint8Array, { key, iv }: ContentSecrets, additional: Uint8Array, plaintext: Uint8Array): SealedContent {
  const wrap = createCipheriv('id-aes256-wrap', wrappingKey(sharedSecret), KEY_WRAP_IV)
  const wrappedKey = Buffer.concat([wrap.update(key), wrap.final()])
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), iv)
  cipher.setAAD(additional)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return { wrappedKey, iv, ciphertext, tag: cipher.getAuthTag() }
}

function open (sharedSecret: Uint8Array, { wrappedKey, iv, ciphertext, tag }: SealedContent, additional: Uint8Array): Uint8Array | undefined {
  try {
    const unwrap = createDecipheriv('id-aes256-wrap', wrappingKey(sharedSecret), KEY_WRAP_IV)
    const key = Buffer.concat([unwrap.update(wrappedKey), unwrap.final()])
    const decipher = createDecipheriv('aes-256-gcm', createSecretKey(key), iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(additional)
    decipher.setAuthTag(tag)
    const plaintext = decipher.update(ciphertext)
    decipher.final()
    return plaintext
  } catch { return undefined }
}

usePlatformBytes(nodeBytes)

/** The real one: OpenSSL by way of node:crypto. */
export const cipherSuite: CipherSuite = {
  verify: (publicKey, bytes, signature) => isSignatureValid('EdDSA', publicKey, bytes, signature),
  agreeOnce,
  seal,
  open
}
