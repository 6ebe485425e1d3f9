/**
 * A root's hash as people compare it: 128 bits, as hexadecimal groups, as words, and as the text of a QR code. Invariant:
 * all three say the same bits, and a comparison takes any spelling of them but never a part for the whole.
 */
import type { Digest } from '../protocol/identifiers.ts'
import { decodePart } from './compact.ts'
import { FINGERPRINT_WORDS } from './fingerprint-words.ts'

/** Finding another root with the same 128 bits takes 2^128 tries; people would read out no more. */
export const FINGERPRINT_BYTES = 16

const bitsOf = (hash: Digest): Uint8Array => decodePart(hash)!.subarray(0, FINGERPRINT_BYTES)

/** `5CF2 768E …`: eight groups of four. */
export const fingerprintOf = (hash: Digest): string => Buffer.from(bitsOf(hash)).toString('hex').toUpperCase().match(/.{4}/g)!.join(' ')

/** Sixteen words, one a byte. */
export const fingerprintWords = (hash: Digest): string => [...bitsOf(hash)].map(byte => FINGERPRINT_WORDS[byte]!).join(' ')

/** What the QR code holds: which object, and the whole hash. */
export const fingerprintUri = (hash: Digest): string => `tiltas:root:${hash}`

/** The hash that a scanned QR code names; undefined when it is not one of ours. */
export const parseFingerprintUri = (text: string): Digest | undefined => /^tiltas:root:([A-Za-z0-9_-]{43})$/.exec(text.trim())?.[1] as Digest | undefined

/** True when a person gave the whole fingerprint of this root: as groups, as words, or as the text of its QR code. */
export function isFingerprintOf (hash: Digest, said: string): boolean {
  const scanned = parseFingerprintUri(said)
  if (scanned !== undefined) return scanned === hash
  const plain = (text: string): string => text.toUpperCase().replace(/[^0-9A-Z]/g, '')
  return plain(said) === plain(fingerprintOf(hash)) || plain(said) === plain(fingerprintWords(hash))
}

/** The part that is typed before a signature: one group (1 to 8), so that nobody signs without having looked. */
export const fingerprintGroup = (hash: Digest, group: number): string => fingerprintOf(hash).split(' ')[group - 1]!
