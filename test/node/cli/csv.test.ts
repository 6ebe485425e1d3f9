import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseCsv } from '../../../node/cli/csv.ts'
import { checkRows, parseMoment } from '../../../node/cli/entries.ts'
import { NOW } from '../console/service-double.ts'

const csv = suite('csv')
const HEAD = 'ref,plate,country,category,action,reason,decisionRef,legalBasis,until'
const ROW = 'A-1,ABC 123,LT,stolen-vehicle,seize,Stolen in Utena,D-1,lv-lt-2006/art-1,2026-12-31'
const fieldsOf = (text: string) => parseCsv(text).records.map(({ fields }) => fields)

csv('fields, quotes, line ends and the marks of spreadsheets', () => {
  assert.equal(fieldsOf('a,b\n1,2\n'), [['a', 'b'], ['1', '2']])
  assert.equal(fieldsOf('\ufeffa;b\r\n1;2,5\r\n'), [['a', 'b'], ['1', '2,5']])
  assert.equal(fieldsOf('a\tb\n"x ""y"" z"\t\n'), [['a', 'b'], ['x "y" z', '']])
  assert.equal(fieldsOf('a,b\n\n\n,\n'), [['a', 'b'], ['', '']])
  assert.equal(fieldsOf(''), [])
})

csv('a record knows its line, also after a field of several lines', () => {
  assert.equal(parseCsv('a,b\n"x\ny",1\n\n2,3').records.map(({ line }) => line), [1, 2, 5])
})

csv('a quote that does not end is a problem of its line', () => {
  assert.equal(parseCsv('a,b\n1,"2\n3,4').problem, { line: 2, problem: 'quote' })
  assert.equal(parseCsv('a,b\n"1"x,2').problem, { line: 2, problem: 'quote' })
})

csv('what was written is read again', () => {
  const seed = Number(process.env['SEED'] ?? 20261122)
  console.log(`seed ${seed}`)
  const field = fc.string({ unit: fc.constantFrom('a', 'š', ',', ';', '"', '\n', '\r', ' ') , maxLength: 6 })
  fc.assert(fc.property(fc.array(fc.tuple(field, field, field), { maxLength: 8 }), rows => {
    const text = ['x,y,z', ...rows.map(row => row.map(value => `"${value.replaceAll('"', '""')}"`).join(','))].join('\n')
    assert.equal(fieldsOf(text).slice(1), rows.map(row => [...row]))
  }), { seed, numRuns: 300 })
})

csv('a good row becomes an entry', () => {
  const { rows, problems } = checkRows(`${HEAD},furtherHits,confirmedAt\n${ROW},yes,2026-11-20\n`, NOW)
  assert.equal(problems, [])
  assert.equal(rows, [{
    line: 2,
    entry: {
      ref: 'A-1', plate: 'ABC 123', country: 'LT', category: 'stolen-vehicle', action: 'seize', reason: 'Stolen in Utena', decisionRef: 'D-1',
      legalBasis: 'lv-lt-2006/art-1', furtherHits: true, until: Date.parse('2026-12-31T23:59:59Z') / 1000, confirmedAt: Date.parse('2026-11-20T23:59:59Z') / 1000
    }
  }])
  assert.is(checkRows(`${HEAD}\n${ROW}`, NOW).rows[0]!.entry.confirmedAt, NOW / 1000)
})

csv('every broken row is answered with its line and column, and never with its plate', () => {
  const broken = [ROW, ROW.replace('seize', 'sieze').replace('A-1', 'A-2'), ROW.replace('A-1', ''), ROW + ',more', ROW, ROW.replace('A-1', 'A-3').replace('2026-12-31', '31.12.2026').replace(',LT,', ',Lithuania,')]
  const { rows, problems } = checkRows([HEAD, ...broken].join('\n'), NOW)
  assert.equal(rows.map(({ line }) => line), [2])
  assert.equal(problems.map(({ line }) => line), [3, 4, 5, 6, 7])
  assert.match(problems[0]!.problem, /`action` is one of .*seize/)
  assert.match(problems[1]!.problem, '`ref` is empty')
  assert.match(problems[2]!.problem, 'has 10 fields, the header has 9')
  assert.match(problems[3]!.problem, 'the same `ref` stands in line 2')
  assert.match(problems[4]!.problem, /`country`.*`until` is a day like/)
  assert.not.match(JSON.stringify(problems), 'ABC')
})

csv('a broken header names what is wrong, and what was meant', () => {
  const problems = (head: string) => checkRows(head + '\n' + ROW, NOW).problems.map(({ problem }) => problem)
  assert.equal(problems(HEAD.replace('plate', 'plat')), ['unknown column `plat`, did you mean `plate`?', 'column `plate` is missing'])
  assert.equal(problems(HEAD + ',ref'), ['column `ref` stands twice'])
  assert.equal(checkRows('', NOW).problems, [{ line: 1, problem: 'there is no header line' }])
})

csv('days and moments, and nothing that only looks like one', () => {
  assert.is(parseMoment('2026-12-31'), Date.parse('2026-12-31T23:59:59Z') / 1000)
  assert.is(parseMoment('2026-12-31T18:00:00+02:00'), Date.parse('2026-12-31T16:00:00Z') / 1000)
  for (const text of ['2026-02-30', '2026-13-01', '31.12.2026', '2026-12-31T18:00:00', '2026-02-30T10:00:00Z', '2026-12-31T25:00:00Z', 'tomorrow', '']) assert.is(parseMoment(text), undefined, text)
})

csv.run()
