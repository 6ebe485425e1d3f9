/**
 * CSV as spreadsheets write it (RFC 4180), with the separator of the header line: Latvian and Lithuanian Excel write `;`.
 * Every record knows the line that it begins on, since a quoted field may hold line ends.
 */
export interface CsvRecord { readonly line: number, readonly fields: readonly string[] }
/** `quote`: a quoted field does not end, or goes on after its quote. */
export interface CsvProblem { readonly line: number, readonly problem: 'quote' }

const SEPARATORS = [',', ';', '\t']

/** The separator that occurs most in the first line. */
function separatorOf (text: string): string {
  const end = text.search(/[\r\n]/)
  const head = end < 0 ? text : text.slice(0, end)
  const counts = SEPARATORS.map(separator => head.split(separator).length)
  return SEPARATORS[counts.indexOf(Math.max(...counts))]!
}

/** Records in order, empty lines left out. A broken quote ends it: what follows cannot be told apart. */
export function parseCsv (text: string): { readonly records: readonly CsvRecord[], readonly problem?: CsvProblem } {
  const source = text.startsWith('\ufeff') ? text.slice(1) : text
  const separator = separatorOf(source)
  const records: CsvRecord[] = []
  let fields: string[] = []
  let line = 1; let began = 1; let at = 0
  const endRecord = (): void => {
    if (fields.length > 1 || fields[0] !== '') records.push({ line: began, fields })
    fields = []
  }
  while (at < source.length) {
    let end: number
    if (source[at] === '"') {
      end = closingQuote(source, at)
      if (end < 0 || !isBoundary(source[end + 1], separator)) return { records, problem: { line: began, problem: 'quote' } }
      const inside = source.slice(at + 1, end)
      fields.push(inside.replaceAll('""', '"'))
      line += inside.split('\n').length - 1
      end++
    } else {
      end = at
      while (!isBoundary(source[end], separator)) end++
      fields.push(source.slice(at, end))
    }
    if (source[end] === separator) {
      at = end + 1
      if (at === source.length || source[at] === '\r' || source[at] === '\n') fields.push('')
      else continue
    } else at = end
    if (source[at] === '\r') at++
    if (source[at] === '\n') at++
    endRecord()
    began = ++line
  }
  if (fields.length > 0) endRecord()
  return { records }
}

const isBoundary = (c: string | undefined, separator: string): boolean => c === undefined || c === separator || c === '\n' || c === '\r'

function closingQuote (source: string, open: number): number {
  for (let i = open + 1; i < source.length; i++) {
    if (source[i] !== '"') continue
    if (source[i + 1] !== '"') return i
    i++
  }
  return -1
}
