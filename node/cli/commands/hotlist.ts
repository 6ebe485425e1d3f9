/** `tiltas hotlist`: the plates that an agency looks for; each with a reason, a decision, a legal basis and an end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ownEntry, type CommandResult, type OwnEntry } from '../../../protocol/commands.ts'
import { SECOND, toUnixSeconds } from '../../../protocol/instant.ts'
import { ACTIONS, CATEGORIES, ENTRY_WITHDRAW_REASONS } from '../../../protocol/messages/vocabulary.ts'
import type { EntryView } from '../../console/service.ts'
import { AGENCY, BECAUSE, CliError, EXIT, defineCommand, usageError, type Context, type Exit } from '../command.ts'
import { OPTIONAL_COLUMNS, REQUIRED_COLUMNS, checkRows, parseMoment, type CheckedRow, type RowProblem } from '../entries.ts'
import { readTextFile } from '../files.ts'
import { printTable, printTime, safe } from '../print.ts'
import { give } from './give.ts'

const CSV_BYTES_MAX = 64 * 1024 * 1024
/** Rows on their way at once, so that the node can make many durable in one go. */
const ROWS_IN_FLIGHT = 16
const BUSY_WAIT = 2 * SECOND
/** Twice as long as the node remembers requests. */
const BUSY_TRIES_MAX = 120

const list = defineCommand({
  name: 'hotlist list',
  summary: 'entries, and with whom each is shared',
  options: { agency: AGENCY, ...BECAUSE },
  async run (context) {
    const query = { agency: context.agency(), reason: context.text('reason') ?? 'list-upkeep', case: context.text('case') }
    const { entries } = await context.client().get<{ entries: readonly EntryView[] }>('/v1/entries', context.me(), query)
    const row = ({ owner, entry, state, sharedWith }: EntryView) => [
      entry.ref, owner, entry.country ?? 'any country', entry.plate, entry.category, entry.action, printTime(entry.until * 1000), state, sharedWith.map(({ agency, state }) => `${agency} (${state})`).join(' ')
    ]
    context.answer(entries, () => entries.length === 0 ? 'No entries.' : printTable(['entry', 'owner', 'country', 'plate', 'category', 'action', 'until', 'state', 'shared with'], entries.map(row)))
    return EXIT.ok
  }
})

const add = defineCommand({
  name: 'hotlist add',
  summary: 'add an entry, or replace the one of that reference',
  options: {
    ref: { type: 'string', value: 'REF', help: 'your reference; never the plate' },
    plate: { type: 'string', value: 'PLATE', help: 'the plate; - reads it from the standard input, so that no history keeps it' },
    country: { type: 'string', value: 'CC', help: 'country of registration, like LV; without it any country matches' },
    category: { type: 'string', value: 'WORD', help: CATEGORIES.join(', ') },
    action: { type: 'string', value: 'WORD', help: ACTIONS.join(', ') },
    why: { type: 'string', value: 'TEXT', help: 'the reason; it stays at home' },
    decision: { type: 'string', value: 'REF', help: 'reference of the decision; it stays at home' },
    basis: { type: 'string', value: 'ID', help: 'legal basis, like lv-lt-2006/art-1' },
    until: { type: 'string', value: 'WHEN', help: 'last day, like 2026-12-31, or a moment with its offset' },
    'further-hits': { type: 'boolean', help: 'ask for every sighting, not only the first' },
    agency: AGENCY
  },
  async run (context) {
    const entry = await readEntry(context)
    return give(context, { do: 'entry.put', agency: context.agency(), entry }, safe`Entry ${entry.ref} is in force.`)
  }
})

async function readEntry (context: Context) {
  const plate = context.required('plate')
  const until = parseMoment(context.required('until'))
  if (until === undefined) throw usageError('--until is a day like 2026-12-31 or a moment like 2026-12-31T18:00:00+02:00.')
  const parsed = ownEntry.safeParse({
    ref: context.required('ref'), plate: plate === '-' ? (await context.io.readInput()).trim() : plate, country: context.text('country'),
    category: context.required('category'), action: context.required('action'), reason: context.required('why'), decisionRef: context.required('decision'),
    legalBasis: context.required('basis'), furtherHits: context.flag('further-hits'), until, confirmedAt: toUnixSeconds(context.io.now())
  })
  if (parsed.success) return parsed.data
  throw usageError(`Not in the prescribed form: ${parsed.error.issues.map(issue => String(issue.path[0])).join(', ')}.`, 'See `tiltas hotlist add --help`.')
}

const importFile = defineCommand({
  name: 'hotlist import',
  summary: 'add many entries from a CSV file with a header line',
  positionals: ['FILE.csv'],
  options: { agency: AGENCY, 'skip-broken': { type: 'boolean', help: 'add the good rows even when others are broken' } },
  notes: [
    `Columns, in any order: ${REQUIRED_COLUMNS.join(', ')}; optional: ${OPTIONAL_COLUMNS.join(', ')}. Separated by comma, semicolon or tab.`,
    'All rows are checked first; when one is broken nothing is added. A row whose ref is known replaces that entry.'
  ],
  async run (context) {
    const { rows, problems } = checkRows(readTextFile(context.positionals[0]!, 'The CSV file', CSV_BYTES_MAX), context.io.now())
    if (problems.length > 0 && !context.flag('skip-broken')) return reportImport(context, 0, problems)
    const refused = await putRows(context, rows)
    return reportImport(context, rows.length - refused.length, [...problems, ...refused].sort((a, b) => a.line - b.line))
  }
})

/** The rows that the node refused; whatever is no answer to a row ends the import. */
async function putRows (context: Context, rows: readonly CheckedRow[]): Promise<RowProblem[]> {
  const refused: RowProblem[] = []
  const waiting = rows.values()
  const work = async (): Promise<void> => {
    for (const { line, entry } of waiting) {
      const refusal = await putRow(context, entry)
      if (refusal !== undefined) refused.push({ line, problem: refusal })
    }
  }
  await Promise.all(Array.from({ length: ROWS_IN_FLIGHT }, work))
  return refused
}

/** Why the node refused it; a node that is busy is asked again, since a long list is more than it takes at once. */
async function putRow (context: Context, entry: OwnEntry): Promise<string | undefined> {
  for (let tries = 0; ; tries++) {
    try {
      await context.client().post<CommandResult>('/v1/commands', context.me(), { do: 'entry.put', agency: context.agency(), entry })
      return undefined
    } catch (error) {
      if (!(error instanceof CliError) || error.exit !== EXIT.failed) throw error
      if (error.code !== 'busy' || tries === BUSY_TRIES_MAX) return error.message
      await sleep(BUSY_WAIT)
    }
  }
}

function reportImport (context: Context, added: number, problems: readonly RowProblem[]): Exit {
  const count = `${added} added, ${problems.length} broken`
  context.answer({ added, problems }, () => [...problems.map(({ line, problem }) => safe`line ${line}: ${problem}`), problems.length === 0 ? `${added} added` : count])
  return problems.length === 0 ? EXIT.ok : EXIT.failed
}

const share = defineCommand({
  name: 'hotlist share',
  summary: 'tell a partner the plates of these entries',
  positionals: ['REF...'],
  options: { to: { type: 'string', value: 'AGENCY', help: 'the partner; a grant must permit it' }, agency: AGENCY },
  notes: ['The partner learns the plate, the category, the action and the end; reason and decision stay at home.'],
  run: context => give(context, { do: 'entry.share', agency: context.agency(), refs: context.positionals, to: context.required('to') }, safe`Shared ${context.positionals.length} with ${context.required('to')}.`)
})

const withdraw = defineCommand({
  name: 'hotlist withdraw',
  summary: 'end an entry, here and at every partner',
  positionals: ['REF'],
  options: { reason: { type: 'string', value: 'REASON', help: ENTRY_WITHDRAW_REASONS.join(', ') }, agency: AGENCY },
  run (context) {
    const reason = context.required('reason')
    if (!ENTRY_WITHDRAW_REASONS.some(known => known === reason)) throw usageError(`--reason is one of ${ENTRY_WITHDRAW_REASONS.join(', ')}.`)
    return give(context, { do: 'entry.withdraw', agency: context.agency(), ref: context.positionals[0]!, reason }, 'Withdrawn. `tiltas hotlist list` shows where it is still pending.')
  }
})

const confirm = defineCommand({
  name: 'hotlist confirm',
  summary: 'say that an entry still holds',
  positionals: ['REF'],
  options: { agency: AGENCY },
  run: context => give(context, { do: 'entry.confirm', agency: context.agency(), ref: context.positionals[0]! }, 'Confirmed.')
})

export const hotlist = [list, add, importFile, share, withdraw, confirm]
