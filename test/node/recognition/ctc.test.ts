import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { columnsOf, guessesOf, sharesOf, spellingsOf, type Columns } from '../../../node/recognition/ctc.ts'
import { ALPHABET, READER_CLASSES, READER_COLUMNS } from '../../../node/recognition/models.ts'

const x = suite('ctc')
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)

/** Columns that say one character each (`-` is the blank), as surely as told; the rest is shared by the others. */
const columns = (said: string, sure = 0.98): Columns => [...said].map(character => {
  const shares = new Float64Array(READER_CLASSES).fill((1 - sure) / (READER_CLASSES - 1))
  shares[character === '-' ? 0 : ALPHABET.indexOf(character) + 1] = sure
  return shares
})
const best = (some: Columns): string => spellingsOf(some)[0]!.text

x('runs are one character, and a blank parts two', () => {
  assert.is(best(columns('--AAA-B--')), 'AB')
  assert.is(best(columns('A-A')), 'AA')
  assert.is(best(columns('AAA')), 'A')
  assert.is(best(columns('-----')), '')
  assert.is(best(columns('Ä-Ö-Ü-1')), 'ÄÖÜ1')
})

x('a text is as likely as all ways to spell it together, counted by hand', () => {
  const A = ALPHABET.indexOf('A') + 1
  const column = (blank: number, a: number): Float64Array => { const shares = new Float64Array(READER_CLASSES); shares[0] = blank; shares[A] = a; return shares }
  const found = spellingsOf([column(0.6, 0.4), column(0.6, 0.4)])
  // A: A-, -A, AA. The likeliest single path is the empty one, but not the likeliest text.
  assert.is(found[0]!.text, 'A')
  assert.ok(Math.abs(found[0]!.probability - (0.4 * 0.6 * 2 + 0.16)) < 1e-9)
  assert.ok(Math.abs(found[1]!.probability - 0.36) < 1e-9)
})

x('the beam finds what trying every path finds', () => {
  const few = [0, 11, 12]
  const share = fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 })).map(parts => {
    const shares = new Float64Array(READER_CLASSES)
    const sum = parts.reduce((all, part) => all + part, 0)
    few.forEach((found, at) => { shares[found] = parts[at]! / sum })
    return shares
  })
  fc.assert(fc.property(fc.array(share, { minLength: 1, maxLength: 4 }), some => {
    const exact = new Map<string, number>()
    for (let path = 0; path < 3 ** some.length; path++) {
      const said = some.map((_, at) => few[Math.floor(path / 3 ** at) % 3]!)
      const text = said.filter((found, at) => found !== 0 && found !== said[at - 1]).map(found => ALPHABET[found - 1]).join('')
      exact.set(text, (exact.get(text) ?? 0) + said.reduce((product, found, at) => product * some[at]![found]!, 1))
    }
    const found = spellingsOf(some)
    assert.ok(Math.abs(found[0]!.probability - Math.max(...exact.values())) < 1e-9)
    for (const { text, probability } of found) assert.ok(probability <= exact.get(text)! + 1e-9)
  }), { seed, numRuns: 100 })
})

x('each character is guessed from the column where it stands clearest', () => {
  const some = columns('-A--8--')
  const eight = ALPHABET.indexOf('8') + 1
  const b = ALPHABET.indexOf('B') + 1
  some[4]!.fill(0)
  some[4]![eight] = 0.7
  some[4]![b] = 0.3
  const [first, second] = guessesOf(some, 'A8')
  assert.is(first![0]!.character, 'A')
  assert.equal(second!.map(({ character, probability }) => [character, Math.round(probability * 100)]), [['8', 70], ['B', 30]])
})

x('a text that does not fit into the columns has no guesses, and an empty one none', () => {
  assert.equal(guessesOf(columns('AB'), 'ABCDE'), [])
  assert.equal(guessesOf(columns('--'), ''), [])
})

x('a temperature makes shares softer and never changes their order', () => {
  const logits = Float32Array.from([1, 3, -2, 900, -900])
  assert.ok(Math.abs(sharesOf(logits, 0, 3, 1).reduce((sum, share) => sum + share, 0) - 1) < 1e-12)
  assert.ok(sharesOf(logits, 0, 3, 2)[1]! < sharesOf(logits, 0, 3, 1)[1]!)
  assert.ok(sharesOf(logits, 0, 5, 1).every(Number.isFinite))
})

x('columns are cut plate by plate', () => {
  const logits = new Float32Array(2 * READER_COLUMNS * READER_CLASSES)
  for (let column = 0; column < READER_COLUMNS; column++) logits[(READER_COLUMNS + column) * READER_CLASSES + (column === 20 ? 11 : 0)] = 20
  assert.is(best(columnsOf(logits, 1, 1)), 'A')
})

x.run()
