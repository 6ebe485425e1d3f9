/**
 * Which algorithms may protect which object: an allow-list, never a negotiation. What a header names is compared with
 * this table and chooses nothing. Where two are listed, both must verify, one by one.
 */
export const ALGORITHMS = {
  'message': { sign: ['EdDSA'] },
  'agency-statement': { sign: ['EdDSA'] },
  'revocation-list': { sign: ['EdDSA'] },
  'fed-root': { sign: ['EdDSA', 'ML-DSA-44'] },
  'nation-root': { sign: ['EdDSA', 'ML-DSA-44'] },
  'checkpoint': { sign: ['EdDSA', 'ML-DSA-44'] },
  'parcel': { agree: 'ECDH-ES+A256KW', encrypt: 'A256GCM', curve: 'X25519' }
} as const

/** `EdDSA` is Ed25519 only (RFC 8037); RFC 9964 for ML-DSA-44. */
export type SignatureAlgorithm = 'EdDSA' | 'ML-DSA-44'

/** Sealing suites by closed id, weakest first; an agency statement names one for each sealing key. */
export const SEALING_SUITES = ['x25519-a256kw-a256gcm'] as const
export type SealingSuite = typeof SEALING_SUITES[number]
/** Signature suites of agency keys. */
export const SIGNING_SUITES = ['EdDSA'] as const

/** Signature lengths in bytes: RFC 8032 section 5.1.6; FIPS 204 table 2. */
export const SIGNATURE_BYTES: { readonly [Name in SignatureAlgorithm]: number } = { 'EdDSA': 64, 'ML-DSA-44': 2420 }
