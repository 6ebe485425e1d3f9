/**
 * A change of an agency's sharing policy, as one exact text that two people answer for: grants to put in force, grants to
 * end, why, and who wants it. Invariants: the hash covers every byte that takes effect, the author included; a change is
 * bound to the versions that it was drafted upon, so it says the same at approval as when it was read.
 */
import { z } from 'zod'
import { digestOf, utf8ToBytes } from '../bytes.ts'
import { ENTRY_REF, GRANT_ID, type AgencyId, type Digest, type GrantId, type PersonId } from '../identifiers.ts'
import { TEXT_LENGTH_MAX } from '../limits.ts'
import { encodeJson, type Json } from '../messages/encoding.ts'
import type { Grant } from './grant.ts'

/** Drafts of one agency that wait for approval. */
export const DRAFTS_PER_AGENCY_MAX = 50
/** Grants that one change puts in force or ends. */
export const GRANTS_PER_CHANGE_MAX = 50
/** A draft that nobody approved within this time has lapsed. */
export const DRAFT_SECONDS_MAX = 14 * 86_400
/** The longest life of a grant that one person put in force alone. */
export const OVERRIDE_SECONDS_MAX = 86_400
/** Emergency overrides of one agency within OVERRIDE_WINDOW_SECONDS: an emergency that lasts needs two people. */
export const OVERRIDES_PER_WINDOW_MAX = 3
export const OVERRIDE_WINDOW_SECONDS = 7 * 86_400

/** `end`: one person ended a grant at once. `emergency`: one person put a grant in force alone, for a day at most. */
export const CHANGE_KINDS = ['draft', 'rollback', 'end', 'emergency'] as const
export type ChangeKind = typeof CHANGE_KINDS[number]

export interface PolicyChange {
  readonly type: 'policy-change/1'
  readonly agency: AgencyId
  /** Counts the changes of this agency from 1. */
  readonly number: number
  readonly kind: ChangeKind
  /** Complete grants with the version that they will have. */
  readonly put: readonly Grant[]
  /** The versions to end: `g-hits@3`. */
  readonly end: readonly string[]
  readonly reason: string
  /** The decision or file that asks for it. */
  readonly reference: string
  /** The version whose terms are put in force again: `g-hits@1`. */
  readonly restores?: string
  readonly by: PersonId
  /** 32 random bytes, base64url: the hash stands in the log, and must not let anybody guess the text once that is erased. */
  readonly salt: string
  /** Unix seconds, both; after `lapses` nobody can approve it any more. */
  readonly at: number
  readonly lapses: number
}

/** How far back a dry run looks. */
export const DRY_RUN_DAYS_MAX = 90

const unique = (values: readonly string[]): boolean => new Set(values).size === values.length
const isPrintable = (text: string): boolean => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)
const someGrants = { put: z.array(z.record(z.string(), z.unknown())).max(GRANTS_PER_CHANGE_MAX), end: z.array(z.string().regex(GRANT_ID)).max(GRANTS_PER_CHANGE_MAX).refine(unique, 'named twice') }
/** What somebody wants to change, before it is a change: grants as people write them, and ids to end. */
export const wantedGrants = z.strictObject(someGrants)
export type WantedGrants = z.infer<typeof wantedGrants>
/** Why a change is made: words and a reference, both kept with every version that it makes. */
export const changeReasons = {
  reason: z.string().trim().min(3).max(TEXT_LENGTH_MAX).refine(isPrintable, 'control characters'),
  reference: z.string().regex(ENTRY_REF)
}
export const DRAFT_ID = /^d-[1-9]\d{0,8}$/
export const draftIdOf = ({ number }: Pick<PolicyChange, 'number'>): string => `d-${number}`
export const draftNumberOf = (id: string): number => Number(id.slice(2))

/** The one spelling (RFC 8785) that is hashed, shown and kept. */
export const textOfChange = (change: PolicyChange): string => encodeJson(change as unknown as Json)
/** SHA-256 over that text: what an approver names. */
export const hashOfChange = (change: PolicyChange): Digest => digestOf(utf8ToBytes(textOfChange(change)))

/** `g-hits` of `g-hits@3`. */
export const idOfRef = (ref: string): GrantId => ref.slice(0, ref.indexOf('@')) as GrantId
