/**
 * One rule of an agency's sharing policy, as data: who may have what, how closely, why, on which legal basis, until when.
 * Invariant: a grant has an end. Nothing is shared or accepted without a grant, and an unknown field makes it no grant.
 *
 * A grant for hits covers their updates and withdrawals, and a grant for shared entries covers their withdrawals: whoever
 * was told something must be able to learn that it was wrong (LED article 7(3), 16(6)). Candidates and receipts need none.
 */
import { z } from 'zod'
import { digestOf, utf8ToBytes } from '../bytes.ts'
import { GRANT_ID, type Digest, type GrantId } from '../identifiers.ts'
import { TEXT_LENGTH_MAX } from '../limits.ts'
import { encodeJson } from '../messages/encoding.ts'
import { agencyId, nationId, seconds } from '../messages/message.ts'
import { CATEGORIES, HANDLING_CODES, PRECISIONS, PURPOSES } from '../messages/vocabulary.ts'

/** The message kinds that need a grant. */
export const GRANT_KINDS = ['hit', 'hit.update', 'hit.withdraw', 'hotlist.share', 'hotlist.withdraw'] as const
export type GrantKind = typeof GRANT_KINDS[number]
/** Kinds that tell where and when a vehicle was seen. */
export const SIGHTING_KINDS: readonly GrantKind[] = ['hit', 'hit.update']
/** Kinds that tell nothing new: they take back. */
export const WITHDRAWAL_KINDS: readonly GrantKind[] = ['hit.withdraw', 'hotlist.withdraw']

export const GRANT_DIRECTIONS = ['egress', 'ingress'] as const
export type GrantDirection = typeof GRANT_DIRECTIONS[number]

/** The longest life of a grant; then somebody has to want it again. */
export const GRANT_SECONDS_MAX = 366 * 86_400
/** The longest retention at the receiver. */
export const RETENTION_DAYS_MAX = 366
/** Site groups that one grant names. */
export const SITE_GROUPS_MAX = 64

const unique = (values: readonly string[]): boolean => new Set(values).size === values.length
const isPrintable = (text: string): boolean => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)
const grantId = z.string().regex(GRANT_ID) as unknown as z.ZodType<GrantId>

const fields = z.strictObject({
  id: grantId,
  version: z.int().min(1).max(999_999_999),
  direction: z.enum(GRANT_DIRECTIONS),
  /** Whose policy this is. */
  agency: agencyId,
  /** One agency, or every agency of a nation. */
  partner: z.union([z.strictObject({ agency: agencyId }), z.strictObject({ nation: nationId })]),
  kinds: z.array(z.enum(GRANT_KINDS)).min(1).refine(unique, 'named twice'),
  categories: z.union([z.literal('all'), z.array(z.enum(CATEGORIES)).min(1).refine(unique, 'named twice')]),
  /** Cameras whose sightings may be told. The receiver never learns the group, so only egress can name some. */
  siteGroups: z.union([z.literal('all'), z.array(z.string().regex(/^[A-Za-z0-9_-]{1,32}$/)).min(1).max(SITE_GROUPS_MAX).refine(unique, 'named twice')]),
  precision: z.enum(PRECISIONS),
  purpose: z.enum(PURPOSES),
  /** Id of the register of legal bases. */
  legalBasis: z.string().regex(/^[a-z0-9][a-z0-9./-]{0,59}$/),
  /** At the receiver. */
  retentionDays: z.int().min(1).max(RETENTION_DAYS_MAX),
  /** Europol codes, read as steps: each includes the restrictions of those before it. H3 says more in words. */
  handling: z.enum(HANDLING_CODES),
  handlingText: z.string().trim().min(1).max(TEXT_LENGTH_MAX).refine(isPrintable, 'control characters').optional(),
  /** ISO 639-1 language of handlingText. */
  handlingLang: z.string().regex(/^[a-z]{2}$/).optional(),
  thirdCountry: z.enum(['prohibited', 'prior-authorisation']),
  /** Whether sightings after the first one may be told when the entry's owner subscribed to them. */
  furtherHits: z.boolean(),
  /** Whether an exact match that nobody confirmed may go. A look-alike match always waits for a person or agreeing reads. */
  unverified: z.enum(['confirm', 'allow']).default('confirm'),
  /** Unix seconds, inclusive. */
  from: seconds,
  /** Unix seconds, exclusive. */
  until: seconds
})

/** Exact. Errors are zod issues whose path names the field; they never repeat its value. */
export const grantSchema = fields
  .refine(grant => grant.until > grant.from, { path: ['until'], message: 'ends before it begins' })
  .refine(grant => grant.until - grant.from <= GRANT_SECONDS_MAX, { path: ['until'], message: 'lasts longer than 366 days' })
  .refine(grant => (grant.handling === 'H3') === (grant.handlingText !== undefined), { path: ['handlingText'], message: 'H3, and only H3, says its restrictions in words' })
  .refine(grant => (grant.handlingText === undefined) === (grant.handlingLang === undefined), { path: ['handlingLang'], message: 'free text carries its language' })
  .refine(grant => grant.siteGroups === 'all' || grant.direction === 'egress', { path: ['siteGroups'], message: 'only egress can name site groups' })
  .refine(grant => !('agency' in grant.partner) || grant.partner.agency !== grant.agency, { path: ['partner'], message: 'an agency needs no grant for itself' })

export type Grant = z.infer<typeof grantSchema>

/** `g-x@3`: how messages and leaves name the version that let something through. */
export const refOf = (grant: Pick<Grant, 'id' | 'version'>): string => `${grant.id}@${grant.version}`

/** SHA-256 over the one spelling of the grant (RFC 8785): what approvers approve and messages name. */
export const hashOfGrant = (grant: Grant): Digest => digestOf(utf8ToBytes(encodeJson(grant)))

/** `now` in unix seconds. */
export const inForce = (grant: Pick<Grant, 'from' | 'until'>, now: number): boolean => grant.from <= now && now < grant.until

/** Every kind that the grant covers, with what it implies, in the order of GRANT_KINDS. */
export function kindsCovered (grant: Pick<Grant, 'kinds'>): GrantKind[] {
  const covered = new Set<GrantKind>(grant.kinds)
  if (covered.has('hit')) covered.add('hit.update').add('hit.withdraw')
  if (covered.has('hotlist.share')) covered.add('hotlist.withdraw')
  return GRANT_KINDS.filter(kind => covered.has(kind))
}

export const coversSightings = (grant: Pick<Grant, 'kinds'>): boolean => kindsCovered(grant).some(kind => SIGHTING_KINDS.includes(kind))
