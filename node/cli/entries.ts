/**
 * Hotlist entries from a CSV file: every row is checked before the first one is sent, and every broken one is named by
 * its line and column. What a field holds is never repeated: it may be a plate.
 */
import { ownEntry, type OwnEntry } from '../../protocol/commands.ts'
import { toUnixSeconds } from '../../protocol/instant.ts'
import { nearest } from '../nearest.ts'
import { parseCsv, type CsvRecord } from './csv.ts'

export interface RowProblem { readonly line: number, readonly problem: string }
export interface CheckedRow { readonly line: number, readonly entry: OwnEntry }
export interface CheckedRows { readonly rows: readonly CheckedRow[], readonly problems: readonly RowProblem[] }

const COLUMNS = Object.keys(ownEntry.shape) as (keyof OwnEntry)[]
const OPTIONAL: readonly string[] = ['country', 'furtherHits', 'confirmedAt']
export const REQUIRED_COLUMNS = COLUMNS.filter(column => !OPTIONAL.includes(column))
export const OPTIONAL_COLUMNS = COLUMNS.filter(column => OPTIONAL.includes(column))
const YES = ['yes', 'true', '1']
const NO = ['no', 'false', '0', '']

const DAY = /^\d{4}-\d{2}-\d{2}$/
const MOMENT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})$/
const isDay = (day: string): boolean => {
  const at = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day)
}

/** Unix seconds of `2026-12-31` (its last second, UTC) or `2026-12-31T18:00:00+02:00`; undefined otherwise. */
export function parseMoment (text: string): number | undefined {
  if (DAY.test(text)) return isDay(text) ? toUnixSeconds(Date.parse(`${text}T23:59:59Z`)) : undefined
  const day = MOMENT.exec(text)?.[1]
  const at = day !== undefined && isDay(day) ? Date.parse(text) : NaN
  return Number.isNaN(at) ? undefined : toUnixSeconds(at)
}

/** `now` in ms: an entry without a confirmation of its own was confirmed by whoever imports it. */
export function checkRows (csv: string, now: number): CheckedRows {
  const { records, problem } = parseCsv(csv)
  const broken: RowProblem[] = problem === undefined ? [] : [{ line: problem.line, problem: 'a quoted field is not closed properly; nothing after it was read' }]
  const [head, ...rest] = records
  if (head === undefined) return { rows: [], problems: [{ line: 1, problem: 'there is no header line' }, ...broken] }
  const columns = head.fields.map(name => name.trim())
  const headProblems = checkHead(columns)
  if (headProblems.length > 0) return { rows: [], problems: headProblems.map(problem => ({ line: head.line, problem })) }
  return checkRecords(columns, rest, now, broken)
}

function checkHead (columns: readonly string[]): string[] {
  const unknown = columns.filter(name => !COLUMNS.includes(name as keyof OwnEntry)).map(name => {
    const meant = nearest(name, COLUMNS)
    return `unknown column \`${name}\`${meant === undefined ? '' : `, did you mean \`${meant}\`?`}`
  })
  const missing = REQUIRED_COLUMNS.filter(name => !columns.includes(name)).map(name => `column \`${name}\` is missing`)
  const twice = columns.filter((name, i) => columns.indexOf(name) < i).map(name => `column \`${name}\` stands twice`)
  return [...unknown, ...missing, ...twice]
}

function checkRecords (columns: readonly string[], records: readonly CsvRecord[], now: number, problems: RowProblem[]): CheckedRows {
  const rows: CheckedRow[] = []
  const lines = new Map<string, number>()
  for (const { line, fields } of records) {
    const checked = checkRecord(columns, fields, now)
    if (typeof checked === 'string') { problems.push({ line, problem: checked }); continue }
    const first = lines.get(checked.ref)
    if (first !== undefined) { problems.push({ line, problem: `the same \`ref\` stands in line ${first}` }); continue }
    lines.set(checked.ref, line)
    rows.push({ line, entry: checked })
  }
  return { rows, problems: problems.sort((a, b) => a.line - b.line) }
}

/** The entry, or what is wrong with the row. */
function checkRecord (columns: readonly string[], fields: readonly string[], now: number): OwnEntry | string {
  if (fields.length !== columns.length) return `has ${fields.length} fields, the header has ${columns.length}`
  const row: { [column: string]: unknown } = { confirmedAt: toUnixSeconds(now), furtherHits: false }
  for (const [i, column] of columns.entries()) {
    const value = fields[i]!.trim()
    if (column === 'furtherHits') row[column] = YES.includes(value.toLowerCase()) ? true : NO.includes(value.toLowerCase()) ? false : value
    else if (value === '') continue
    else row[column] = column === 'until' || column === 'confirmedAt' ? parseMoment(value) ?? value : value
  }
  const parsed = ownEntry.safeParse(row)
  if (parsed.success) return parsed.data
  return [...new Set(parsed.error.issues.map(issue => `\`${String(issue.path[0])}\` ${expectation(String(issue.path[0]), row)}`))].join('; ')
}

function expectation (column: string, row: { readonly [column: string]: unknown }): string {
  if (row[column] === undefined) return 'is empty'
  if (column === 'until' || column === 'confirmedAt') return 'is a day like 2026-12-31 or a moment like 2026-12-31T18:00:00+02:00'
  if (column === 'furtherHits') return 'is yes or no'
  if (column === 'category' || column === 'action') return `is one of ${ownEntry.shape[column].options.join(', ')}`
  return 'does not have the prescribed form'
}
