/** Puts grants in force as two admins do it: one drafts, another one approves the hash. */
import type { Actor, Command, CommandResult } from '../../protocol/commands.ts'
import { parsePersonId, type AgencyId, type Digest } from '../../protocol/identifiers.ts'

type Give = (actor: Actor, command: Command) => Promise<CommandResult>

export const WHY = { reason: 'the test needs it', reference: 'T-1' }
export const adminOf = (agency: AgencyId, which: 'author' | 'approver'): Actor => ({ personId: parsePersonId(which), role: 'NATIONAL_ADMIN', agency })

/** All grants of one agency, as one change. @throws Error when either step is refused */
export async function enact (give: Give, agency: AgencyId, ...put: readonly { readonly [name: string]: unknown }[]): Promise<void> {
  const drafted = await give(adminOf(agency, 'author'), { do: 'policy.draft', agency, put: [...put], end: [], ...WHY })
  if (!drafted.ok) throw new Error(`the draft was refused: ${drafted.code} ${drafted.detail ?? ''}`)
  const { draft, hash } = drafted.made as { draft: string, hash: Digest }
  const approved = await give(adminOf(agency, 'approver'), { do: 'policy.approve', agency, draft, hash })
  if (!approved.ok) throw new Error(`the approval was refused: ${approved.code} ${approved.detail ?? ''}`)
}
