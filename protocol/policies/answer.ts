/** What is asked of a sharing policy and what it answers. Plain data: questions are kept with what waits, answers are shared and frozen. */
import type { AgencyId, Digest } from '../identifiers.ts'
import type { MessageKind } from '../messages/message.ts'
import type { Category, MatchKind, Verification } from '../messages/vocabulary.ts'
import type { GrantDirection } from './grant.ts'
import type { Obligations } from './obligations.ts'

export interface PolicyQuestion {
  readonly direction: GrantDirection
  /** Whose policy is asked. */
  readonly agency: AgencyId
  /** Whom the message goes to, or comes from. */
  readonly partner: AgencyId
  readonly kind: MessageKind
  /** Of the entry. Not known: only grants for all categories fit. */
  readonly category?: Category
  /** Of the camera. Not known: only grants for all groups fit. */
  readonly siteGroup?: string
  /** Not known: counts as look-alike. */
  readonly match?: MatchKind
  /** Not known: counts as none. */
  readonly verification?: Verification
  /** An exercise needs the same grants as the real thing, so this changes no answer. */
  readonly exercise: boolean
}

export const POLICY_ANSWERS = {
  'permitted': 'The grants that are named permit it.',
  'needs-no-grant': 'This kind of message needs no grant.',
  'awaits-confirmation': 'The grants that are named permit it as soon as a person or agreeing reads confirm the match.',
  'no-grant': 'No grant for this partner and direction is in force.',
  'no-grant-fits': 'Grants for this partner are in force, but none covers this kind, category and site group.',
  'inside-nation-only': 'This kind of message never leaves the nation.',
  'restrictions-too-long': 'The restrictions in words of all grants that fit are longer than one message carries. Shorten or merge the grants.',
  'engine-failed': 'The policy engine gave no clean answer, so it is denied.'
} as const
export type PolicyAnswerCode = keyof typeof POLICY_ANSWERS

export interface GrantRef { readonly ref: string, readonly hash: Digest }

/** `text` is a sentence without personal data. */
export interface PolicyReason { readonly code: PolicyAnswerCode, readonly text: string }

export interface PolicyAnswer {
  /** Whether grants in force permit it. It goes only when it does not also await confirmation. */
  readonly allowed: boolean
  /** Permitted by grants that let nothing unverified through: not before a person or agreeing reads confirm the match. */
  readonly awaitsConfirmation: boolean
  /** Those that permit, sorted by ref. */
  readonly grants: readonly GrantRef[]
  /** Present when grants permit. */
  readonly obligations?: Obligations
  readonly reason: PolicyReason
}

const ALLOWING: readonly PolicyAnswerCode[] = ['permitted', 'awaits-confirmation', 'needs-no-grant']

export const answerOf = (code: PolicyAnswerCode, grants: readonly GrantRef[] = [], obligations?: Obligations): PolicyAnswer => Object.freeze({
  allowed: ALLOWING.includes(code), awaitsConfirmation: code === 'awaits-confirmation',
  grants: Object.freeze(grants.map(grant => Object.freeze(grant))),
  ...(obligations && { obligations: Object.freeze(obligations) }),
  reason: Object.freeze({ code, text: POLICY_ANSWERS[code] })
})
