/** `tiltas log`: whether anything was removed or rewritten, and the signed head that outsiders can check. */
import type { LogReport } from '../../console/service.ts'
import { EXIT, defineCommand, type Context } from '../command.ts'
import { safe } from '../print.ts'

const verify = defineCommand({
  name: 'log verify',
  summary: 'read the whole log again and check it',
  async run (context) {
    const report = await context.client().get<LogReport>('/v1/log/verify', context.me())
    context.answer(report, () => printReport(report, context))
    return report.ok ? EXIT.ok : EXIT.failed
  }
})

const printReport = (report: LogReport, { paint }: Context): string[] => [
  report.ok ? paint('green', 'The log is whole: nothing was removed or rewritten.') : paint('red', 'THE LOG IS NOT WHOLE.'),
  safe`  ${report.size} leaves, root ${report.root}`,
  safe`  read again ${report.checked.leaves} leaves, opened ${report.checked.commitmentsOpened} commitments, compared ${report.checked.receiptsCompared} receipts`,
  report.checked.checkpoint ? safe`  the checkpoint at ${report.checkpointSize} leaves fits` : paint('yellow', '  no checkpoint was compared'),
  ...report.findings.map(finding => paint('red', safe`  ${finding}`))
]

const checkpoint = defineCommand({
  name: 'log checkpoint',
  summary: 'the newest signed head of the log, as published',
  options: { witnessed: { type: 'boolean', help: 'the newest that enough witnesses cosigned' } },
  async run (context) {
    const facts = await fetchCheckpoints(context)
    const note = context.flag('witnessed') ? facts.witnessed : facts.checkpoint
    context.answer(facts, () => note === '' ? 'None yet.' : note.trimEnd().split('\n').map(line => safe`${line}`))
    return note === '' ? EXIT.failed : EXIT.ok
  }
})

const keys = defineCommand({
  name: 'log keys',
  summary: 'the public keys of the log, for witnesses and other outsiders',
  async run (context) {
    const { keys } = await fetchCheckpoints(context)
    context.answer({ keys }, () => keys.map(key => safe`${key}`))
    return EXIT.ok
  }
})

const fetchCheckpoints = (context: Context) => context.client().get<{ checkpoint: string, witnessed: string, keys: readonly string[] }>('/v1/checkpoint', undefined)

export const log = [verify, checkpoint, keys]
