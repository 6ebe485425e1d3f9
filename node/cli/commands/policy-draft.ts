/** Drafting a change of policy, as several commands do it: what was drafted, what the linter warns of, who may approve. */
import type { CommandResult } from '../../../protocol/commands.ts'
import type { Grant } from '../../../protocol/policies/grant.ts'
import { EXIT, usageError, type CommandOption, type Context, type Exit } from '../command.ts'
import { printTime, safe } from '../print.ts'
import type { Wanted } from './give.ts'

/** Words and a reference that the change is kept with. */
export const WHY: { readonly [name: string]: CommandOption } = {
  why: { type: 'string', value: 'TEXT', help: 'why, in words: kept with the change' },
  decision: { type: 'string', value: 'REF', help: 'the decision or file that asks for it' }
}
export const whyOf = (context: Context): { reason: string, reference: string } => ({ reason: context.required('why'), reference: context.required('decision') })

/** Throws CliError unless all are of one agency: a change is of one policy. */
export function ofOneAgency (grants: readonly Grant[]): readonly Grant[] {
  if (grants.some(({ agency }) => agency !== grants[0]!.agency)) throw usageError('These grants are of several agencies.', 'Draft one change for each agency.')
  return grants
}

/** Admins of this node other than the one who asks; by the config that lies here. */
const approversOf = (context: Context): string[] => context.config().people
  .filter(({ role, personId }) => role === 'NATIONAL_ADMIN' && personId !== context.me().actor.personId).map(({ personId, agency }) => `${personId} (${agency})`)

export const draft = (context: Context, agency: string, wanted: { readonly put: readonly Grant[], readonly end: readonly string[] }): Promise<Exit> =>
  giveDraft(context, agency, { do: 'policy.draft', agency, ...wanted, ...whyOf(context) })

/** For every command that makes a draft. */
export async function giveDraft (context: Context, agency: string, wanted: Wanted): Promise<Exit> {
  const result = await context.client().post<CommandResult & { ok: true }>('/v1/commands', context.me(), wanted)
  const { draft: id, hash, lapses, warnings } = result.made as { draft: string, hash: string, lapses: number, warnings: number }
  const approvers = approversOf(context)
  context.answer({ ...result, approvers }, () => [
    safe`Drafted as ${id}. Nothing is in force yet.`,
    safe`  hash      ${hash}`,
    safe`  lapses    ${printTime(lapses * 1000)}`,
    ...(warnings === 0 ? [] : [safe`  warnings  ${warnings}: see tiltas policy diff ${id} --agency ${agency}`]),
    safe`  approve   ${approvers.join(', ') || 'nobody can: this node has no other NATIONAL_ADMIN'}`,
    safe`            tiltas policy approve ${id} --agency ${agency} --hash ${hash}`
  ])
  return EXIT.ok
}
