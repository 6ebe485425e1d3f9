/**
 * What the log keeps of an operation: who did what, when, why and to whom, and never a plate, a name or a person.
 * A record is named by a commitment under a random key of its own, kept beside the record: once both are erased, the
 * leaf stands, every proof stays valid, and nothing leads from it to the record.
 */
import { z } from 'zod'
import { hmacSha256, toBase64url, u64be, utf8ToBytes } from '../bytes.ts'
import { ROLES } from '../commands.ts'
import type { Digest } from '../identifiers.ts'
import { encodeJson, parseJson } from '../messages/encoding.ts'
import { agencyId, digest, policyRef, seconds } from '../messages/message.ts'

/** One leaf, bytes. */
export const LEAF_BYTES_MAX = 1024
export const COMMITMENT_KEY_BYTES = 32

/**
 * The operations of Directive (EU) 2016/680 article 25 (collection, alteration, consultation, disclosure with transfers,
 * combination, erasure), and what it takes to judge them: a match or a message decided on, accepted, refused or
 * withheld, receipts, policies, keys, and the start of a node.
 */
export const LEAF_TYPES = [
  'collection', 'combination', 'disclosure', 'receipt', 'acceptance', 'refusal', 'alteration', 'consultation', 'erasure',
  'decision', 'policy', 'key', 'withheld', 'start'
] as const
export type LeafType = typeof LEAF_TYPES[number]

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
export const leaf = z.strictObject({
  v: z.literal(1),
  t: z.enum(LEAF_TYPES),
  /** Seconds since 1970. */
  at: seconds,
  /** Whose operation it is. */
  agency: agencyId.optional(),
  /** To whom, or from whom. */
  peer: agencyId.optional(),
  /** `commitmentOf` the record; both sides of a message log the same. */
  c: digest.optional(),
  /** The grant version that decided: `g-lv-lt-stolen@3`. */
  policy: policyRef.shape.grant.optional(),
  /** The month whose keys the record goes with: `2027-05`. */
  ret: z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])$/).optional(),
  role: z.enum(ROLES).optional(),
  /** A code of a closed list (consultation reason, refusal, withdrawal); without digits, so that no plate fits in. */
  why: z.string().max(40).regex(/^[a-z]+(?:[.-][a-z]+)*$/).optional(),
  /** How many records the leaf stands for. */
  n: count.optional(),
  /** The Merkle root over these records' commitments. */
  root: digest.optional(),
  /** An index in the peer's log, or of an earlier leaf in this one. */
  index: count.optional()
})
export type Leaf = z.infer<typeof leaf>

const LEAF_FIELDS = new Set(Object.keys(leaf.shape))
const WHY = /^[a-z]+(?:[.-][a-z]+)*$/

/** The bytes that enter the tree. Throws TypeError when it is not a leaf: an unknown field, or words, could carry personal data. */
export function encodeLeaf (value: Leaf): Uint8Array {
  const isWordless = value.why === undefined || (value.why.length <= 40 && WHY.test(value.why))
  if (!isWordless || !LEAF_TYPES.includes(value.t) || Object.keys(value).some(field => !LEAF_FIELDS.has(field))) throw new TypeError('not a leaf')
  const bytes = utf8ToBytes(encodeJson(value))
  if (bytes.length > LEAF_BYTES_MAX) throw new TypeError('not a leaf')
  return bytes
}

/** Undefined when the bytes are not exactly what `encodeLeaf` makes. */
export function parseLeaf (bytes: Uint8Array): Leaf | undefined {
  if (bytes.length > LEAF_BYTES_MAX || bytes.some(byte => byte > 0x7e)) return undefined
  const json = parseJson(String.fromCharCode(...bytes))
  const checked = leaf.safeParse(json)
  return checked.success ? checked.data : undefined
}

const COMMITMENT_DOMAIN = utf8ToBytes('tiltas/commit/v1\0')

/**
 * HMAC-SHA-256(key, "tiltas/commit/v1\0" ‖ u64 length, context ‖ u64 length, message).
 * The key is random, one for each record, and exactly 32 bytes: HMAC would take a shorter one for another with zeros
 * behind it. A hash without key would be no commitment: all plates of a country can be tried within seconds.
 */
export function commitmentOf (key: Uint8Array, context: string, message: Uint8Array): Digest {
  if (key.length !== COMMITMENT_KEY_BYTES) throw new RangeError('a commitment key has 32 bytes')
  const contextBytes = utf8ToBytes(context)
  return toBase64url(hmacSha256(key, COMMITMENT_DOMAIN, u64be(contextBytes.length), contextBytes, u64be(message.length), message)) as Digest
}
