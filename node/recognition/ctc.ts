/**
 * From the reader's columns to texts (connectionist temporal classification: Graves et al., ICML 2006). Each column says
 * one character or a blank; a run of the same character is one, and a text's probability is the sum over every way to
 * spell it. A beam of prefixes finds the likeliest texts with those sums; the best path alone would not know how sure
 * it is.
 */
import type { CharacterGuess } from './look.ts'
import { ALPHABET, READER_CLASSES, READER_COLUMNS } from './models.ts'

/** `probability` is a share of everything the columns may spell. */
export interface Spelling { readonly text: string, readonly probability: number }

const BEAM_WIDTH = 16
/** A class below it cannot begin or end a likely text. */
const CLASS_SHARE_MIN = 0.002
const GUESSES_MAX = 4
const GUESS_SHARE_MIN = 0.001

/** Shares of the `size` logits from `offset` on, made softer (above 1) or harder by the temperature. */
export function sharesOf (logits: Float32Array, offset: number, size: number, temperature: number): Float64Array {
  const shares = new Float64Array(size)
  let most = -Infinity
  for (let at = 0; at < size; at++) most = Math.max(most, logits[offset + at]!)
  let sum = 0
  for (let at = 0; at < size; at++) sum += shares[at] = Math.exp((logits[offset + at]! - most) / temperature)
  for (let at = 0; at < size; at++) shares[at]! /= sum
  return shares
}

/** The columns of one plate: READER_COLUMNS × shares of READER_CLASSES. */
export type Columns = readonly Float64Array[]

export const columnsOf = (characters: Float32Array, plate: number, temperature: number): Columns =>
  Array.from({ length: READER_COLUMNS }, (_, column) => sharesOf(characters, (plate * READER_COLUMNS + column) * READER_CLASSES, READER_CLASSES, temperature))

/** A text so far, and the probability of its spellings that end in a blank, and of those that end in its last class. */
interface Prefix { readonly text: string, readonly last: number, blank: number, character: number, readonly longer: Map<number, Prefix>, step: number }

const startPrefix = (text: string, last: number): Prefix => ({ text, last, blank: 0, character: 0, longer: new Map(), step: -1 })

/** The likeliest texts, the best first. */
export function spellingsOf (columns: Columns): Spelling[] {
  let beam = [{ ...startPrefix('', 0), blank: 1 }]
  columns.forEach((column, at) => { beam = step(beam, column, at) })
  return beam.sort((a, b) => b.blank + b.character - a.blank - a.character).map(({ text, blank, character }) => ({ text, probability: blank + character })).filter(({ probability }) => probability > 0)
}

/** One column further; prefixes are changed in place, each once a step. */
function step (beam: readonly Prefix[], column: Float64Array, at: number): Prefix[] {
  const likely: number[] = []
  for (let found = 1; found < column.length; found++) if (column[found]! >= CLASS_SHARE_MIN) likely.push(found)
  const before = beam.map(({ blank, character }) => [blank, character] as const)
  const next: Prefix[] = []
  const reach = (prefix: Prefix): Prefix => {
    if (prefix.step === at) return prefix
    Object.assign(prefix, { step: at, blank: 0, character: 0 })
    next.push(prefix)
    return prefix
  }
  beam.forEach((prefix, place) => {
    const [blank, character] = before[place]!
    const same = reach(prefix)
    same.blank += (blank + character) * column[0]!
    if (prefix.last > 0) same.character += character * column[prefix.last]!
    for (const found of likely) reach(longerBy(prefix, found)).character += (found === prefix.last ? blank : blank + character) * column[found]!
  })
  return next.length <= BEAM_WIDTH ? next : next.sort((a, b) => b.blank + b.character - a.blank - a.character).slice(0, BEAM_WIDTH)
}

function longerBy (prefix: Prefix, found: number): Prefix {
  const known = prefix.longer.get(found)
  if (known !== undefined) return known
  const longer = startPrefix(prefix.text + ALPHABET[found - 1]!, found)
  prefix.longer.set(found, longer)
  return longer
}

/** What each character of the text may be instead, by the column in which it stands clearest. */
export function guessesOf (columns: Columns, text: string): CharacterGuess[][] {
  return placesOf(columns, text).map(column => {
    const shares = columns[column]!
    const seen = 1 - shares[0]!
    return [...ALPHABET].map((character, at) => ({ character, probability: seen <= 0 ? 0 : shares[at + 1]! / seen }))
      .filter(({ probability }) => probability >= GUESS_SHARE_MIN)
      .sort((a, b) => b.probability - a.probability).slice(0, GUESSES_MAX)
  })
}

/**
 * The clearest column of each character on the likeliest way to spell the text (Viterbi over blank, first, blank, …).
 * Empty when the text has more characters than columns.
 */
function placesOf (columns: Columns, text: string): number[] {
  const states = [0, ...[...text].flatMap(character => [ALPHABET.indexOf(character) + 1, 0])]
  const log = (column: number, state: number): number => Math.log(columns[column]![states[state]!]! + 1e-30)
  let best = states.map((_, state) => state < 2 ? log(0, state) : -Infinity)
  const came: number[][] = []
  for (let column = 1; column < columns.length; column++) {
    const from = states.map((found, state) => {
      const maySkip = state > 1 && found !== 0 && found !== states[state - 2]
      const choices = [state, state - 1, ...(maySkip ? [state - 2] : [])].filter(choice => choice >= 0)
      return choices.reduce((top, choice) => best[choice]! > best[top]! ? choice : top)
    })
    best = states.map((_, state) => best[from[state]!]! + log(column, state))
    came.push(from)
  }
  return clearest(columns, states, came, best)
}

function clearest (columns: Columns, states: readonly number[], came: readonly (readonly number[])[], best: readonly number[]): number[] {
  const end = states.length - 1
  let state = end > 0 && best[end - 1]! > best[end]! ? end - 1 : end
  if (best[state] === -Infinity) return []
  const places: number[] = []
  for (let column = columns.length - 1; column >= 0; column--) {
    const found = states[state]!
    const position = (state - 1) / 2
    if (found !== 0 && (places[position] === undefined || columns[column]![found]! > columns[places[position]]![found]!)) places[position] = column
    if (column > 0) state = came[column - 1]![state]!
  }
  return places
}
