/** What the faces may ask about sharing policies. Implemented by node/policy-service.ts. */
import type { Actor, CommandResult, Justification } from '../../protocol/commands.ts'
import type { AgencyId, Digest, MessageId, PersonId } from '../../protocol/identifiers.ts'
import type { PartnerLine } from '../../protocol/log/register.ts'
import type { PolicyRef } from '../../protocol/messages/message.ts'
import type { ChangeKind, WantedGrants } from '../../protocol/policies/change.ts'
import type { GrantRef, Obligations, PolicyQuestion } from '../../protocol/policies/decide.ts'
import type { DryRunCounts } from '../../protocol/policies/dry-run.ts'
import type { Grant } from '../../protocol/policies/grant.ts'
import type { Language } from '../../protocol/policies/legal-basis.ts'
import type { LintFinding } from '../../protocol/policies/lint.ts'
import type { Recipient, WhoGetsQuestion } from '../../protocol/policies/who-gets.ts'
import type { PolicyChangeState } from '../../protocol/records.ts'

export interface ActView { readonly by: PersonId, readonly agency: AgencyId, readonly at: number, readonly leaf: number }
/** A change in a list. `draft`: `d-3`; unix seconds. */
export interface ChangeView {
  readonly draft: string, readonly kind: ChangeKind, readonly state: PolicyChangeState, readonly hash: Digest, readonly reason: string, readonly reference: string, readonly restores?: string
  readonly drafted: ActView, readonly closed?: ActView, readonly lapses: number, readonly put: readonly string[], readonly end: readonly string[], readonly made: readonly string[]
}
/** One version in words and as the policy that decides. */
export interface VersionView { readonly ref: string, readonly hash: Digest, readonly sentence: string, readonly cedar: string, readonly grant: Grant }
/** `text` is what the hash covers, byte for byte. */
export interface ChangeDetail extends ChangeView { readonly text: string, readonly findings: readonly LintFinding[], readonly grants: readonly { readonly before?: VersionView, readonly after?: VersionView }[] }
/** A version in force at some time, and who answers for it. */
export interface AnsweredVersion extends VersionView { readonly since: number, readonly leaf?: number, readonly drafted?: ActView, readonly approved?: ActView, readonly alone?: true, readonly change?: string }

export interface DecisionView {
  readonly direction: 'egress' | 'ingress', readonly agency: AgencyId, readonly partner: AgencyId, readonly state: string
  /** As recorded at that time: a code or the grant's reference; and the policy that the message named. */
  readonly because: string, readonly policy?: PolicyRef
  /** When it was decided, unix seconds, and the leaf that says so. */
  readonly at: number, readonly leaf: number
  /** What the policy saw of it. */
  readonly seen: Pick<PolicyQuestion, 'kind' | 'category' | 'siteGroup' | 'match' | 'verification'>
  /** Decided once more by the versions of that time; absent where no policy is asked. `agrees`: with what is recorded. */
  readonly replay?: { readonly code: string, readonly text: string, readonly grants: readonly AnsweredVersion[], readonly obligations?: Obligations, readonly agrees: boolean }
}

export interface DryRunView extends DryRunCounts {
  readonly agency: AgencyId, readonly days: number, readonly change?: Digest, readonly comparedAt: number
  readonly window: { readonly askedFrom: number, readonly from: number, readonly to: number, readonly first?: number, readonly last?: number, readonly complete: boolean }
  readonly replayed: { readonly candidates: number, readonly hits: number, readonly entries: number }
  readonly left: { readonly erased: number, readonly withoutEntry: number, readonly beyondLimit: number }
}
/** `done`: records looked at so far. */
export type DryRunProgress = { readonly job: string, readonly done: number, readonly result?: DryRunView }
export type DryRunWanted = { readonly agency: AgencyId, readonly days: number } & ({ readonly draft: string } | WantedGrants)

export interface Register { readonly agency: AgencyId, readonly from: number, readonly until: number, readonly leaves: number, readonly partners: readonly PartnerLine[] }
type Refused = CommandResult & { readonly ok: false }

/** Every answer may be a refusal with the code of a command. */
export interface PolicyService {
  /** Newest first. */
  changes (actor: Actor, agency: AgencyId, page: { after?: string, limit: number }): Promise<{ changes: readonly ChangeView[], next?: string } | Refused>
  change (actor: Actor, agency: AgencyId, draft: string, language: Language): Promise<ChangeDetail | Refused>
  whoGets (actor: Actor, question: WhoGetsQuestion): Promise<{ at: number, recipients: readonly Recipient[] } | Refused>
  /** What `partner` could receive, and what was accepted from it, at a moment (unix seconds). */
  inForceAt (actor: Actor, agency: AgencyId, at: number, partner: AgencyId | undefined, language: Language): Promise<{ versions: readonly AnsweredVersion[] } | Refused>
  /** `id` of a hit, of a candidate or of the message that told it; the leaf of the consultation first. */
  explain (actor: Actor, agency: AgencyId, id: MessageId, because: Justification): Promise<DecisionView | Refused>
  /** The leaf of the consultation first; then it runs by itself. */
  startDryRun (actor: Actor, wanted: DryRunWanted, because: Justification): Promise<{ job: string } | Refused>
  /** Undefined when there is no such job of this person; `result` once it is done. @throws what the job threw: a bug */
  dryRun (actor: Actor, job: string): DryRunProgress | undefined
  /** Reads the log, which is one leaf. */
  register (actor: Actor, agency: AgencyId, span: { from: number, until: number }, because: Justification): Promise<Register | Refused>
}
