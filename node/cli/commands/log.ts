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
  async run (context) {
    const facts = await context.client().get<{ checkpoint: string }>('/v1/checkpoint', undefined)
    context.answer(facts, () => facts.checkpoint.trimEnd().split('\n').map(line => safe`${line}`))
    return EXIT.ok
  }
})

export const log = [verify, checkpoint]
