/** `tiltas policy`, the questions: who gets this now, what could they receive on that day, why was this told, who answers for it. */
import { CATEGORIES, MATCH_KINDS, VERIFICATIONS } from '../../../protocol/messages/vocabulary.ts'
import type { AnsweredVersion, ChangeView, DecisionView, Register } from '../../console/policy-service.ts'
import type { Recipient } from '../../../protocol/policies/who-gets.ts'
import type { Obligations } from '../../../protocol/policies/decide.ts'
import { AGENCY, BECAUSE, EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { printTable, printTime, safe } from '../print.ts'
import { LANG, dateOf, fetchChanges, languageOf, printAct } from './policy.ts'

const DAY_SECONDS = 86_400

const printObligations = (found: Obligations | undefined): string => found === undefined ? '' : safe`place ${found.precision}, ${found.retentionDays} days, ${found.handling}`

const who = defineCommand({
  name: 'policy who-gets-this',
  summary: 'who would be told of such a match now, if the entry were theirs',
  options: {
    'category': { type: 'string', value: 'CATEGORY', help: CATEGORIES.join(', ') },
    'site-group': { type: 'string', value: 'GROUP', help: 'group of the camera' },
    'match': { type: 'string', value: 'KIND', help: `${MATCH_KINDS.join(', ')} (exact)` },
    'verified': { type: 'string', value: 'BY', help: `${VERIFICATIONS.join(', ')} (none)` },
    'agency': AGENCY
  },
  async run (context) {
    const query = { agency: context.agency(), category: context.required('category'), siteGroup: context.required('site-group'), match: context.text('match'), verification: context.text('verified') }
    const { recipients, at } = await context.client().get<{ at: number, recipients: readonly Recipient[] }>('/v1/policy/who', context.me(), query)
    const told = recipients.filter(({ gets }) => gets !== 'no')
    const row = (one: Recipient) => [one.agency, one.gets, printObligations(one.obligations), one.grants.map(({ ref }) => ref).join(' ')]
    context.answer({ at, recipients }, () => [
      told.length === 0 ? 'Nobody.' : printTable(['agency', 'gets it', 'bound to', 'grants'], told.map(row)),
      safe`${recipients.length - told.length} other agencies get nothing.`
    ])
    return EXIT.ok
  }
})

const at = defineCommand({
  name: 'policy at',
  summary: 'what was in force on a day, and who answers for it',
  positionals: ['DATE'],
  options: { partner: { type: 'string', value: 'AGENCY', help: 'only what concerns this partner' }, lang: LANG, agency: AGENCY },
  notes: ['DATE is 2026-12-31, the beginning of that day in UTC, or a moment: 2026-12-31T18:00:00Z.'],
  async run (context) {
    const query = { agency: context.agency(), at: dateOf(context.positionals[0]!), partner: context.text('partner'), language: languageOf(context) }
    const { versions } = await context.client().get<{ versions: readonly AnsweredVersion[] }>('/v1/policy/at', context.me(), query)
    context.answer(versions, () => versions.length === 0 ? 'Nothing was in force: nothing was shared, nothing was accepted.' : versions.map(version => printVersion(version, context)).join('\n\n'))
    return EXIT.ok
  }
})

const printVersion = (version: AnsweredVersion, { paint }: Context): string => [
  paint('bold', safe`${version.ref}`) + safe`  ${version.hash}`,
  safe`  ${version.sentence}`,
  safe`  since     ${printTime(version.since * 1000)}${version.change === undefined ? '' : `, by change ${version.change}`}${version.leaf === undefined ? '' : `, leaf ${version.leaf}`}`,
  ...(version.drafted === undefined ? ['  persons   not recorded, or erased'] : [`  ${version.alone === true ? 'alone   ' : 'drafted '}  ${printAct(version.drafted)}`]),
  ...(version.approved === undefined ? [] : [`  approved  ${printAct(version.approved)}`])
].join('\n')

const explain = defineCommand({
  name: 'policy explain',
  summary: 'why a match was told or kept: grants, attributes, versions, persons',
  positionals: ['HIT|CANDIDATE'],
  options: { agency: AGENCY, ...BECAUSE },
  notes: ['Looking is logged: with your name and --reason (policy-review when you name none).'],
  async run (context) {
    const query = { agency: context.agency(), id: context.positionals[0]!, reason: context.text('reason') ?? 'policy-review', case: context.text('case') }
    const decision = await context.client().get<DecisionView>('/v1/policy/decision', context.me(), query)
    context.answer(decision, () => printDecision(decision, context))
    return EXIT.ok
  }
})

function printDecision (decision: DecisionView, context: Context): string[] {
  const { replay, seen } = decision
  const attributes = Object.entries(seen).map(([name, value]) => `${name} ${String(value)}`).join(', ')
  return [
    context.paint('bold', safe`${decision.direction === 'egress' ? `${decision.agency} to ${decision.partner}` : `${decision.partner} to ${decision.agency}`}: ${decision.state}`) + safe`  (${decision.because})`,
    safe`decided    ${printTime(decision.at * 1000)}, leaf ${decision.leaf}${decision.policy === undefined ? '' : `, the message names ${decision.policy.grant}`}`,
    safe`the policy saw: ${attributes}`,
    ...(replay === undefined ? ['No policy was asked, or what it was asked about is erased.'] : [
      safe`by the versions of that time: ${replay.code}. ${replay.text}`,
      ...(replay.obligations === undefined ? [] : [`bound to    ${printObligations(replay.obligations)}`]),
      ...(replay.agrees ? [] : [context.paint('red', 'THIS DOES NOT AGREE with what is recorded.')]),
      ...replay.grants.flatMap(grant => ['', printVersion(grant, context)])
    ])
  ]
}

const history = defineCommand({
  name: 'policy history',
  summary: 'every change of the policy: who drafted, who approved, which versions it made',
  options: { after: { type: 'string', value: 'DRAFT', help: 'go on after this one' }, agency: AGENCY },
  async run (context) {
    const page = await fetchChanges(context, 50)
    const row = (change: ChangeView) => [
      change.draft, change.kind, change.state, printTime(change.drafted.at * 1000), change.drafted.by, change.closed?.by ?? '', change.made.join(' ') || [...change.put, ...change.end].join(' '), change.reference
    ]
    context.answer(page, () => page.changes.length === 0 ? 'Nothing was changed yet.' : [
      printTable(['change', 'kind', 'state', 'at', 'by', 'closed by', 'versions', 'decision'], page.changes.map(row)), ...(page.next === undefined ? [] : [safe`more: --after ${page.next}`])
    ])
    return EXIT.ok
  }
})

const register = defineCommand({
  name: 'policy register',
  summary: 'what was shared with whom, counted from the log',
  options: { days: { type: 'string', value: 'N', help: 'so far back (30)' }, agency: AGENCY, ...BECAUSE },
  notes: ['Reading the log is logged. A message that was withheld after it was queued stands in both columns.'],
  async run (context) {
    const days = Number(context.text('days') ?? 30)
    if (!Number.isInteger(days) || days < 1) throw usageError('--days is a number from 1.')
    const until = Math.floor(context.io.now() / 1000) + 1
    const query = { agency: context.agency(), from: Math.max(0, until - days * DAY_SECONDS), until, reason: context.text('reason') ?? 'policy-review', case: context.text('case') }
    const found = await context.client().get<Register>('/v1/policy/register', context.me(), query)
    context.answer(found, () => printRegister(found))
    return EXIT.ok
  }
})

const printRegister = ({ leaves, partners }: Register): string[] => [
  partners.length === 0 ? 'Nothing was shared.' : printTable(['partner', 'sent', 'receipts', 'withheld', 'kept here', 'accepted', 'refused', 'grants'], partners.map(one => [
    one.partner, one.disclosed, one.receipts, one.withheld, one.kept, one.accepted, one.refused, one.grants.map(({ grant, disclosed, accepted }) => `${grant} ${disclosed + accepted}`).join(', ')
  ])),
  safe`counted from ${leaves} leaves`
]

export const policyQuestions = [who, at, explain, history, register]
