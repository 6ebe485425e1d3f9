/** From a country's pattern, or a text that somebody asks for, to what stands on a plate line by line. */
import type { Random } from '../random.ts'
import { likely, pickWeighted } from './chance.ts'
import { PLATE_CHARACTERS } from './glyphs.ts'
import type { Look, Series } from './plate-looks.ts'

/** `char` is part of the text; `small` characters (a Russian region) are lower than the others. */
export type Sign =
  | { readonly kind: 'char', readonly char: string, readonly small?: boolean }
  | { readonly kind: 'gap' | 'hyphen' | 'dot' | 'seal' }

/** Letters that hardly any country gives out, because they look like digits or like each other. */
const RARE = new Set('IOQ')
const RARE_KEPT = 0.4

const gap: Sign = { kind: 'gap' }

/** @throws RangeError for a text that no plate can carry */
export function signsOfText (text: string): Sign[][] {
  return text.toUpperCase().split('|').map(line => [...line].map(char => {
    if (PLATE_CHARACTERS.includes(char)) return { kind: 'char', char }
    if (char === '-') return { kind: 'hyphen' }
    if (char === '.') return { kind: 'dot' }
    if (char === ' ') return gap
    throw new RangeError('a plate carries letters, digits, spaces, hyphens and dots')
  }))
}

export function signsOfSeries (random: Random, look: Look, { pattern }: Series): Sign[][] {
  const lines: Sign[][] = [[]]
  let small = false
  for (let i = 0; i < pattern.length; i++) {
    const token = pattern[i]!
    const line = lines.at(-1)!
    const add = (char: string): void => { line.push(small ? { kind: 'char', char, small } : { kind: 'char', char }) }
    if (token === 'A') add(letter(random, look.letters))
    else if (token === '0') add(digit(random, 0))
    else if (token === '1') add(digit(random, 1))
    else if (token === '=') add(pattern[++i]!)
    else if (token === '@') for (const char of region(random, look)) add(char)
    else if (token === '|') lines.push([])
    else if (token === '_') { small = true; line.push(gap) }
    else line.push(token === '-' ? { kind: 'hyphen' } : token === '.' ? { kind: 'dot' } : token === '*' ? { kind: 'seal' } : gap)
  }
  return lines
}

/** Letters and digits in any order: what a language model cannot learn, so that the reader has to look. */
export function signsOfChance (random: Random): Sign[][] {
  const length = pickWeighted(random, [3, 4, 5, 6, 7, 8, 9].map((value, at) => ({ value, weight: [2, 2, 3, 4, 4, 2, 1][at]! }))).value
  const lines: Sign[][] = [[]]
  const isTwoLined = length >= 4 && likely(random, 0.22)
  const split = isTwoLined ? random.between(1, length - 2) : length
  for (let i = 0; i < length; i++) {
    if (i === split) lines.push([])
    else if (i > 0 && likely(random, 0.22)) lines.at(-1)!.push(pickWeighted<{ sign: Sign, weight: number }>(random, [{ sign: gap, weight: 4 }, { sign: { kind: 'hyphen' }, weight: 3 }, { sign: { kind: 'dot' }, weight: 1 }, { sign: { kind: 'seal' }, weight: 2 }]).sign)
    lines.at(-1)!.push({ kind: 'char', char: anyCharacter(random) })
  }
  return lines
}

function anyCharacter (random: Random): string {
  if (likely(random, 0.02)) return random.pick([...'ÄÖÜ'])
  return likely(random, 0.45) ? digit(random, 0) : random.pick([...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'])
}

const digit = (random: Random, least: number): string => String(random.between(least, 9))

function letter (random: Random, letters: string): string {
  const drawn = letters[random.integer(letters.length)]!
  return RARE.has(drawn) && !likely(random, RARE_KEPT) ? letters[random.integer(letters.length)]! : drawn
}

/** A regional code of the list, or where codes are one to three free letters sometimes any. */
function region (random: Random, look: Look): string {
  const listed = random.pick(look.regions)
  if (look.country !== 'DE' || likely(random, 0.55)) return listed
  return Array.from({ length: random.between(1, 3) }, () => likely(random, 0.05) ? random.pick([...'ÄÖÜ']) : letter(random, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')).join('')
}

export const textOf = (lines: readonly (readonly Sign[])[]): string => lines.map(line => line.map(sign => sign.kind === 'char' ? sign.char : '').join('')).join('')
