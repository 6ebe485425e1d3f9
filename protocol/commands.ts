/**
 * What people ask of a node. Every command names its actor; the role decides who may. The machine answers each with a
 * result after everything that it changed is durable and logged.
 */
import { z } from 'zod'
import type { AgencyId, PersonId } from './identifiers.ts'
import { ENTRY_REF, GRANT_ID, PERSON_ID } from './identifiers.ts'
import { RAW_PLATE_LENGTH_MAX } from './limits.ts'
import { agencyId, digest, entryRef, messageId, nationId, seconds } from './messages/message.ts'
import { ACTIONS, CATEGORIES, ENTRY_WITHDRAW_REASONS, WITHDRAW_REASONS } from './messages/vocabulary.ts'
import { DRAFT_ID, DRY_RUN_DAYS_MAX, changeReasons, wantedGrants } from './policies/change.ts'

export const ROLES = ['OFFICER', 'LIST_OWNER', 'NATIONAL_ADMIN', 'LEGAL_OFFICER', 'SUPERVISORY_AUTH', 'NODE_OPERATOR'] as const
export type Role = typeof ROLES[number]

/** The person, or service, that does something. */
export interface Actor { readonly personId: PersonId, readonly role: Role, readonly agency: AgencyId }
export const actorSchema = z.strictObject({ personId: z.string().regex(PERSON_ID), role: z.enum(ROLES), agency: agencyId })

/** Why personal data is read (LED article 25: justification of every consultation). */
export const CONSULT_REASONS = ['duty-shift', 'hit-handling', 'candidate-review', 'case-work', 'list-upkeep', 'policy-review', 'supervision', 'data-subject-request', 'system-check'] as const
export type ConsultReason = typeof CONSULT_REASONS[number]
export const justification = z.strictObject({ code: z.enum(CONSULT_REASONS), case: z.string().regex(/^[A-Za-z0-9._/-]{1,40}$/).optional() })
export type Justification = z.infer<typeof justification>

/** An entry as its owner keeps it: every entry has a reason, a decision, a legal basis, an end and a last confirmation. */
export const ownEntry = z.strictObject({
  ref: entryRef,
  plate: z.string().min(1).max(RAW_PLATE_LENGTH_MAX),
  country: nationId.optional(),
  category: z.enum(CATEGORIES),
  action: z.enum(ACTIONS),
  reason: z.string().min(3).max(280),
  decisionRef: z.string().regex(ENTRY_REF),
  legalBasis: z.string().regex(/^[a-z0-9][a-z0-9./-]{0,59}$/),
  furtherHits: z.boolean().default(false),
  until: seconds,
  confirmedAt: seconds
})
export type OwnEntry = z.infer<typeof ownEntry>

/** What `consult` may open; the leaf names it, then the data comes. */
export const consultable = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('hits'), agency: agencyId }),
  z.strictObject({ what: z.literal('hit'), agency: agencyId, hit: messageId }),
  z.strictObject({ what: z.literal('sent-hits'), agency: agencyId }),
  z.strictObject({ what: z.literal('candidates'), agency: agencyId }),
  z.strictObject({ what: z.literal('entries'), agency: agencyId }),
  /** Footage that stayed at the node that made it: what there is, or the frames of one read. */
  z.strictObject({ what: z.literal('evidence'), agency: agencyId, read: messageId.optional() }),
  /** Retained candidates and hits, decided anew under another policy; answered as counts. */
  z.strictObject({ what: z.literal('dry-run'), agency: agencyId, days: z.int().min(1).max(DRY_RUN_DAYS_MAX), change: digest.optional() }),
  /** Why one match was told or kept. */
  z.strictObject({ what: z.literal('decision'), agency: agencyId, id: messageId }),
  z.strictObject({ what: z.literal('log') })
])
export type Consultable = z.infer<typeof consultable>

/** Admins answer for policies and open nothing else; how policies decide is not a list owner's business. */
const CONSULT_ROLES: { readonly [What in Consultable['what']]?: readonly Role[] } = {
  'dry-run': ['NATIONAL_ADMIN', 'LEGAL_OFFICER', 'SUPERVISORY_AUTH'],
  'evidence': ['OFFICER', 'LEGAL_OFFICER', 'SUPERVISORY_AUTH'],
  'decision': ['NATIONAL_ADMIN', 'OFFICER', 'LEGAL_OFFICER', 'SUPERVISORY_AUTH'],
  'log': ['NATIONAL_ADMIN', 'OFFICER', 'LIST_OWNER', 'LEGAL_OFFICER', 'SUPERVISORY_AUTH']
}
export const mayConsult = (role: Role, { what }: Consultable): boolean => CONSULT_ROLES[what]?.includes(role) ?? role !== 'NATIONAL_ADMIN'

export const command = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('policy.draft'), agency: agencyId, ...wantedGrants.shape, ...changeReasons }),
  z.strictObject({ do: z.literal('policy.rollback'), agency: agencyId, grant: z.string().regex(GRANT_ID), version: z.int().min(1).max(999_999_999), until: seconds.optional(), ...changeReasons }),
  z.strictObject({ do: z.literal('policy.approve'), agency: agencyId, draft: z.string().regex(DRAFT_ID), hash: digest }),
  z.strictObject({ do: z.literal('policy.withdraw-draft'), agency: agencyId, draft: z.string().regex(DRAFT_ID) }),
  z.strictObject({ do: z.literal('policy.override'), agency: agencyId, grant: z.record(z.string(), z.unknown()), ...changeReasons }),
  z.strictObject({ do: z.literal('grant.end'), agency: agencyId, grant: z.string().max(60), reason: changeReasons.reason.optional(), reference: changeReasons.reference.optional() }),
  z.strictObject({ do: z.literal('entry.put'), agency: agencyId, entry: ownEntry }),
  z.strictObject({ do: z.literal('entry.share'), agency: agencyId, refs: z.array(entryRef).min(1).max(200), to: agencyId }),
  z.strictObject({ do: z.literal('entry.withdraw'), agency: agencyId, ref: entryRef, reason: z.enum(ENTRY_WITHDRAW_REASONS) }),
  z.strictObject({ do: z.literal('entry.confirm'), agency: agencyId, ref: entryRef }),
  z.strictObject({ do: z.literal('candidate.confirm'), candidate: messageId }),
  z.strictObject({ do: z.literal('candidate.reject'), candidate: messageId, reason: z.enum(WITHDRAW_REASONS) }),
  z.strictObject({ do: z.literal('consult'), of: consultable, because: justification })
])
export type Command = z.infer<typeof command>

/** Which role may give which command; an actor acts for its own agency, a national admin for every agency of the node. */
export const ALLOWED_ROLES: { readonly [Name in Command['do']]: readonly Role[] } = {
  'policy.draft': ['NATIONAL_ADMIN'],
  'policy.rollback': ['NATIONAL_ADMIN'],
  'policy.approve': ['NATIONAL_ADMIN'],
  'policy.withdraw-draft': ['NATIONAL_ADMIN'],
  'policy.override': ['NATIONAL_ADMIN'],
  'grant.end': ['NATIONAL_ADMIN'],
  'entry.put': ['LIST_OWNER'],
  'entry.share': ['LIST_OWNER'],
  'entry.withdraw': ['LIST_OWNER'],
  'entry.confirm': ['LIST_OWNER'],
  'candidate.confirm': ['OFFICER'],
  'candidate.reject': ['OFFICER'],
  'consult': ['OFFICER', 'LIST_OWNER', 'NATIONAL_ADMIN', 'LEGAL_OFFICER', 'SUPERVISORY_AUTH']
}

export const COMMAND_ERRORS = {
  'role-lacking': 'This role may not do that.',
  'not-at-home': 'This agency is not at home on this node.',
  'malformed': 'The command or what it carries does not have the prescribed form.',
  'unknown-entry': 'There is no such entry.',
  'unknown-candidate': 'There is no such candidate, or it is closed.',
  'unknown-evidence': 'There is no such footage here, or it is gone.',
  'unknown-grant': 'There is no such grant in force.',
  'unknown-draft': 'There is no such draft, or it is closed.',
  'own-draft': 'Nobody approves a change of their own.',
  'other-hash': 'The draft has another hash than the one that was named.',
  'outdated': 'The grants have changed since the draft was made.',
  'not-permitted': 'No grant in force permits it.',
  'not-lawful': 'The linter found what forbids putting this grant in force.',
  'no-route': 'No trusted node is known for that agency.',
  'limit-reached': 'A named limit is reached; end something first.',
  'ended': 'It ended already, or would end before it begins.'
} as const
export type CommandErrorCode = keyof typeof COMMAND_ERRORS
export type CommandResult = { readonly ok: true, readonly made?: { readonly [name: string]: string | number | boolean } }
  | { readonly ok: false, readonly code: CommandErrorCode, readonly detail?: string }
