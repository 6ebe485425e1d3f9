/** Who would be told of a match of this kind at this moment: the engine that enforces, asked for every agency that is known. */
import type { AgencyId } from '../identifiers.ts'
import type { Category, MatchKind, Verification } from '../messages/vocabulary.ts'
import type { GrantRef, Obligations, PolicyAnswerCode, PolicyEngine } from './decide.ts'

export interface WhoGetsQuestion {
  /** Whose camera. */
  readonly agency: AgencyId
  readonly category: Category
  readonly siteGroup: string
  readonly match: MatchKind
  readonly verification: Verification
}
/** If the entry were this agency's. `gets`: at once, after a confirmation, or not. */
export interface Recipient { readonly agency: AgencyId, readonly gets: 'yes' | 'after-confirmation' | 'no', readonly code: PolicyAnswerCode, readonly grants: readonly GrantRef[], readonly obligations?: Obligations }

/** Sorted by agency. `at` in unix seconds. */
export function whoGets (policies: PolicyEngine, partners: readonly AgencyId[], { agency, ...seen }: WhoGetsQuestion, at: number): Recipient[] {
  return [...new Set(partners)].filter(partner => partner !== agency).sort().map(partner => {
    const { allowed, awaitsConfirmation, grants, obligations, reason } = policies.decide({ direction: 'egress', agency, partner, kind: 'hit', ...seen, exercise: false }, at)
    const gets = !allowed ? 'no' : awaitsConfirmation ? 'after-confirmation' : 'yes'
    return { agency: partner, gets, code: reason.code, grants, ...(obligations && { obligations }) }
  })
}
