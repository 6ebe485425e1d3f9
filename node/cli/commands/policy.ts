/** `tiltas policy`: how a sharing policy changes. One person drafts, tries it on past traffic, another one approves the exact hash. */
import { DRAFT_ID } from '../../../protocol/policies/change.ts'
import type { ActView, ChangeDetail, ChangeView, DryRunProgress, DryRunView } from '../../console/policy-service.ts'
import { AGENCY, BECAUSE, EXIT, defineCommand, usageError, type CommandOption, type Context } from '../command.ts'
import { printTable, printTime, safe } from '../print.ts'
import { give } from './give.ts'
import { readGrant } from './grants.ts'
import { WHY, draft, giveDraft, ofOneAgency, whyOf } from './policy-draft.ts'

export const LANG: CommandOption = { type: 'string', value: 'LANG', help: 'lv, lt or en (en)' }
export const languageOf = (context: Context): string => context.text('lang') ?? 'en'
const POLL_MS = 200
const HOUR_SECONDS = 3600

const propose = defineCommand({
  name: 'policy draft',
  summary: 'draft a change: grants to put in force, grants to end',
  positionals: ['[FILE]...'],
  options: { end: { type: 'string', value: 'ID', multiple: true, help: 'end this grant; may be given several times' }, agency: AGENCY, ...WHY },
  notes: ['Each FILE holds one grant as JSON or YAML. All of it takes effect at once, when another admin approves its hash.'],
  async run (context) {
    const put = ofOneAgency(context.positionals.map(readGrant))
    return draft(context, put[0]?.agency ?? context.agency(), { put, end: context.texts('end') })
  }
})

const approve = defineCommand({
  name: 'policy approve',
  summary: 'approve a draft of another person, by its exact hash',
  positionals: ['DRAFT'],
  options: { hash: { type: 'string', value: 'HASH', help: 'as `tiltas policy diff DRAFT` shows it' }, agency: AGENCY },
  run: context => give(context, { do: 'policy.approve', agency: context.agency(), draft: context.positionals[0]!, hash: context.required('hash') }, 'Approved. It is in force as its dates say.')
})

const withdraw = defineCommand({
  name: 'policy withdraw',
  summary: 'take a draft back',
  positionals: ['DRAFT'],
  options: { agency: AGENCY },
  run: context => give(context, { do: 'policy.withdraw-draft', agency: context.agency(), draft: context.positionals[0]! }, 'Withdrawn.')
})

const rollback = defineCommand({
  name: 'policy rollback',
  summary: 'draft the terms of an earlier version as the next one',
  positionals: ['GRANT@VERSION'],
  options: { until: { type: 'string', value: 'DATE', help: 'its end, when the old one is over' }, agency: AGENCY, ...WHY },
  async run (context) {
    const [grant, version] = context.positionals[0]!.split('@')
    if (version === undefined || !/^[1-9]\d*$/.test(version)) throw usageError('Name the version: `g-hits@2`.', 'See `tiltas policy history`.')
    const until = context.text('until')
    return giveDraft(context, context.agency(), { do: 'policy.rollback', agency: context.agency(), grant, version: Number(version), ...(until !== undefined && { until: dateOf(until) }), ...whyOf(context) })
  }
})

/** Unix seconds of a date or a moment, UTC. Throws CliError. */
export function dateOf (text: string): number {
  const at = Date.parse(text)
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(at)) throw usageError('A date looks like 2026-12-31 or 2026-12-31T18:00:00Z.')
  return Math.floor(at / 1000)
}

const override = defineCommand({
  name: 'policy override',
  summary: 'EMERGENCY: put a grant in force alone, for a day at most',
  positionals: ['FILE'],
  options: { hours: { type: 'string', value: 'N', help: 'for so many hours, 1 to 24 (24)' }, ...WHY },
  notes: ['It begins now, ends by itself, and is said in log, metrics, status and doctor until then. Three in seven days at most.'],
  async run (context) {
    const hours = Number(context.text('hours') ?? 24)
    if (!Number.isInteger(hours) || hours < 1 || hours > 24) throw usageError('--hours is a number from 1 to 24.')
    const grant = readGrant(context.positionals[0]!)
    const now = Math.floor(context.io.now() / 1000)
    // The node begins it at its own clock: a minute less, so that clocks that differ a little do not make it too long.
    const until = Math.min(grant.until, now + hours * HOUR_SECONDS - 60)
    return give(context, { do: 'policy.override', agency: grant.agency, grant: { ...grant, from: now, until }, ...whyOf(context) }, 'In force by your word alone. Have another admin approve what shall stay.')
  }
})

// ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const printAct = (act: ActView): string => safe`${act.by} (${act.agency}), ${printTime(act.at * 1000)}, leaf ${act.leaf}`

export const fetchChanges = (context: Context, limit: number): Promise<{ changes: readonly ChangeView[], next?: string }> =>
  context.client().get('/v1/policy/changes', context.me(), { agency: context.agency(), limit, after: context.text('after') })

const list = defineCommand({
  name: 'policy list',
  summary: 'drafts that wait for a second person',
  options: { agency: AGENCY },
  async run (context) {
    const open = (await fetchChanges(context, 200)).changes.filter(({ state }) => state === 'open')
    const row = (change: ChangeView) => [change.draft, change.drafted.by, printTime(change.lapses * 1000), [...change.put, ...change.end.map(ref => `end ${ref}`)].join(' '), change.hash]
    context.answer(open, () => open.length === 0 ? 'No draft waits.' : printTable(['draft', 'by', 'lapses', 'changes', 'hash'], open.map(row)))
    return EXIT.ok
  }
})

const diff = defineCommand({
  name: 'policy diff',
  summary: 'what a draft changes: in sentences and in Cedar, before and after',
  positionals: ['DRAFT'],
  options: { lang: LANG, agency: AGENCY },
  notes: ['The last line of the answer in JSON, `text`, is what the hash covers: SHA-256 in base64url.'],
  async run (context) {
    const change = await context.client().get<ChangeDetail>('/v1/policy/change', context.me(), { agency: context.agency(), draft: context.positionals[0]!, language: languageOf(context) })
    context.answer(change, () => printChange(change, context))
    return EXIT.ok
  }
})

function printChange (change: ChangeDetail, { paint }: Context): string[] {
  const version = (sign: '-' | '+', found: ChangeDetail['grants'][number]['before']): string[] => found === undefined ? [] : [
    paint(sign === '+' ? 'green' : 'red', safe`${sign} ${found.ref}  ${found.hash}`), safe`${sign} ${found.sentence}`, ...found.cedar.split('\n').map(line => paint('dim', safe`${sign}     ${line}`))
  ]
  return [
    paint('bold', safe`${change.draft}  ${change.state}`) + safe`  ${change.hash}`,
    safe`why        ${change.reason} (${change.reference})${change.restores === undefined ? '' : `, restores ${change.restores}`}`,
    `drafted    ${printAct(change.drafted)}`,
    ...(change.closed === undefined ? [] : [`${change.state.padEnd(10)} ${printAct(change.closed)}`]),
    ...(change.state === 'open' ? [safe`lapses     ${printTime(change.lapses * 1000)}`] : []),
    ...change.findings.map(({ severity, field, text }) => paint('yellow', safe`${severity}    ${field}: ${text}`)),
    ...change.grants.flatMap(({ before, after }) => ['', ...version('-', before), ...version('+', after)])
  ]
}

// ── trying ───────────────────────────────────────────────────────────────────────────────────────────────────────

const dryRun = defineCommand({
  name: 'policy dry-run',
  summary: 'what a change would have done to past traffic, before anybody approves it',
  positionals: ['FILE|DRAFT...'],
  options: { days: { type: 'string', value: 'N', help: 'so far back, 1 to 90 (30)' }, end: { type: 'string', value: 'ID', multiple: true, help: 'as if this grant had ended' }, agency: AGENCY, ...BECAUSE },
  notes: ['It replays the candidates, received hits and shared entries that this node still holds. It is logged, with policy-review when you name no reason.'],
  async run (context) {
    const days = Number(context.text('days') ?? 30)
    if (!Number.isInteger(days) || days < 1 || days > 90) throw usageError('--days is a number from 1 to 90.')
    const [first] = context.positionals as [string]
    const put = DRAFT_ID.test(first) ? [] : ofOneAgency(context.positionals.map(readGrant))
    const wanted = DRAFT_ID.test(first) ? { draft: first } : { put, end: context.texts('end') }
    const asked = { agency: put[0]?.agency ?? context.agency(), days, ...wanted, reason: context.text('reason') ?? 'policy-review', case: context.text('case') }
    const { job } = await context.client().post<{ job: string }>('/v1/policy/dry-run', context.me(), asked)
    const result = await waitForResult(context, job)
    context.answer(result, () => printDryRun(result, context))
    return EXIT.ok
  }
})

async function waitForResult (context: Context, job: string): Promise<DryRunView> {
  const { io } = context
  for (let shown = 0; ;) {
    const { done, result } = await context.client().get<DryRunProgress>('/v1/policy/dry-run', context.me(), { job })
    if (io.isTerminal && !context.json && done > shown) io.err(`\r${shown = done} records looked at`)
    if (result !== undefined) { if (shown > 0) io.err('\n'); return result }
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

const WHAT = { 'hit-sent': 'hits to', 'hit-received': 'hits from', 'entry-shared': 'entries to' } as const

function printDryRun (result: DryRunView, { paint }: Context): string[] {
  const { total, rows, window, replayed, left, aspects, samples } = result
  const changed = Object.entries(aspects).filter(([, count]) => count > 0).map(([aspect, count]) => `${aspect} ${count}`)
  return [
    paint('bold', `same ${total.same}   newly shared ${total['newly-shared']}   more detail ${total['more-detail']}   less ${total.less}`),
    ...(changed.length === 0 ? [] : [`changed in: ${changed.join(', ')}`]),
    safe`replayed ${replayed.candidates} candidates, ${replayed.hits} received hits, ${replayed.entries} shared entries; both policies as at ${printTime(result.comparedAt * 1000)}`,
    safe`asked for ${printTime(window.askedFrom * 1000)} on; ${window.first === undefined ? 'no candidate is left of that time' : `candidates from ${printTime(window.first * 1000)} to ${printTime(window.last! * 1000)}`}`,
    ...(window.complete ? [] : [paint('yellow', safe`NOT THE WHOLE TIME: kept from ${printTime(window.from * 1000)}; ${left.erased} erased, ${left.withoutEntry} without their entry, ${left.beyondLimit} beyond the limit`)]),
    ...(rows.length === 0 ? [] : ['', printTable(['what', 'partner', 'category', 'same', 'new', 'more', 'less'], rows.map(row => [WHAT[row.what], row.partner, row.category, row.same, row['newly-shared'], row['more-detail'], row.less]))]),
    ...(samples.length === 0 ? [] : ['', printTable(['candidate', 'partner', 'category', 'class', 'before', 'after'], samples.map(one => [one.id, one.partner, one.category, one.class, one.before, one.after]))])
  ]
}

export const policy = [propose, list, diff, dryRun, approve, withdraw, rollback, override]
