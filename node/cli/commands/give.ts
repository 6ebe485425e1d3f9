/** Gives one command to the node and says that it is done; a refusal ends the process with its code. */
import type { Command, CommandResult } from '../../../protocol/commands.ts'
import { EXIT, type Context, type Exit } from '../command.ts'
import { safe } from '../print.ts'

/** A command as people write it: the node parses its identifiers. */
export type Wanted = { readonly do: Command['do'], readonly [field: string]: unknown }

export async function give (context: Context, wanted: Wanted, done: string): Promise<Exit> {
  const result = await context.client().post<CommandResult & { ok: true }>('/v1/commands', context.me(), wanted)
  const made = Object.entries(result.made ?? {}).map(([name, value]) => safe`  ${name} ${String(value)}`)
  context.answer(result, () => [done, ...made])
  return EXIT.ok
}
