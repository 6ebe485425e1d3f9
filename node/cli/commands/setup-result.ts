/** What init and join tell: the files they wrote, the fingerprint to read out, and what comes next. */
import type { Context } from '../command.ts'
import type { SetupResult } from '../options.ts'
import { safe } from '../print.ts'

export function printSetup (context: Context, result: SetupResult): void {
  context.answer(result, () => [
    ...(result.done ? result.files.map(file => safe`wrote ${file}`) : ['Nothing was changed.']),
    ...(result.fingerprint === undefined ? [] : [safe`fingerprint ${result.fingerprint}`]),
    ...result.next.map(step => safe`next: ${step}`)
  ])
}
