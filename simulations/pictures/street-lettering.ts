/**
 * Lettering of the street as strokes: shops, signs, buses, what a camera writes into its picture. None of it is a plate,
 * which is why it is here: a detector has to be shown what it must leave alone. Plates have faces of their own.
 */
import type { Random } from '../random.ts'
import { real } from './chance.ts'
import { path, placed, type Tone } from './scene-svg.ts'

/** Strokes on a grid of 4 × 6: runs of points, x then y, parted by spaces; `|` lifts the pen. */
const STROKES: { readonly [character: string]: string } = {
  0: '10 30 41 45 36 16 05 01 10', 1: '11 20 26', 2: '01 10 30 41 42 06 46', 3: '01 10 30 41 42 33 44 45 36 16 05|13 33',
  4: '36 30 04 44', 5: '40 00 02 32 43 45 36 06', 6: '30 10 01 05 16 36 45 44 33 03', 7: '00 40 16',
  8: '13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33', 9: '43 13 02 01 10 30 41 45 36 16', A: '06 20 46|14 34',
  B: '33 42 41 30 00 06 36 45 44 33 03', C: '41 30 10 01 05 16 36 45', D: '00 06 26 45 41 20 00', E: '40 00 06 46|03 33',
  F: '40 00 06|03 33', G: '41 30 10 01 05 16 36 45 43 23', H: '00 06|40 46|03 43', I: '20 26', J: '40 45 36 16 05', K: '00 06|40 03 46',
  L: '00 06 46', M: '06 00 23 40 46', N: '06 00 46 40', O: '10 30 41 45 36 16 05 01 10', P: '06 00 30 41 42 33 03',
  Q: '10 30 41 45 36 16 05 01 10|24 46', R: '06 00 30 41 42 33 03|23 46', S: '41 30 10 01 02 13 33 44 45 36 16 05', T: '00 40|20 26',
  U: '00 05 16 36 45 40', V: '00 26 40', W: '00 16 23 36 40', X: '00 46|40 06', Y: '00 23 40|23 26', Z: '00 40 06 46',
  '-': '13 33', ':': '21 22|24 25', '.': '25 26', '/': '06 40'
}
const ALPHABET = 'AABCDEEFGHIIJKLMNOPRSSTTUVZ'
const ADVANCE = 5.6

export const lettersWide = (text: string, height: number): number => (text.length * ADVANCE - 1.6) * height / 6

export interface Lettering { readonly tone: Tone, /** A share of the height. */ readonly weight?: number, readonly lean?: number }

/** `text` from (x, y), its top left, `height` high; what has no strokes leaves a gap. */
export function lettering (text: string, x: number, y: number, height: number, { tone, weight = 0.14, lean = 0 }: Lettering): string {
  const strokes = [...text].map((character, at) => (STROKES[character] ?? '').split('|').filter(run => run !== '').map(run =>
    run.split(' ').map((point, step) => `${step === 0 ? 'M' : 'L'}${Math.round((Number(point[0]) + at * ADVANCE) * 10) / 10} ${point[1]}`).join('')).join('')).join('')
  return placed(x, y, path(strokes, { stroke: tone, width: weight * 6 }), { lean, scale: Math.round(height / 6 * 1000) / 1000 })
}

export const word = (random: Random, shortest: number, longest: number): string =>
  Array.from({ length: random.between(shortest, longest) }, () => random.pick([...ALPHABET])).join('')
export const digits = (random: Random, count: number): string => Array.from({ length: count }, () => String(random.integer(10))).join('')

/** One of what is written in streets: names, telephone numbers, line numbers, prices, web addresses. */
export function anyText (random: Random): string {
  const kinds = [
    () => word(random, 3, 9), () => `${word(random, 3, 7)} ${word(random, 2, 7)}`, () => digits(random, random.between(1, 4)),
    () => `${digits(random, 2)} ${digits(random, 3)} ${digits(random, 3)}`, () => `${word(random, 2, 6)}-${digits(random, random.between(1, 3))}`,
    () => `${random.between(0, 9)}.${digits(random, 2)}`, () => `WWW.${word(random, 4, 8)}.${random.pick(['LV', 'LT', 'EU', 'COM'])}`
  ]
  return random.pick(kinds)()
}

/** What a camera writes: when, and which one. */
function stamp (random: Random): string {
  const two = (low: number, high: number): string => String(random.between(low, high)).padStart(2, '0')
  const day = random.pick([() => `20${two(20, 29)}-${two(1, 12)}-${two(1, 28)}`, () => `${two(1, 28)}.${two(1, 12)}.20${two(20, 29)}`, () => `${two(1, 28)}/${two(1, 12)}/${two(20, 29)}`])()
  return random.pick([() => `${day} ${two(0, 23)}:${two(0, 59)}:${two(0, 59)}`, () => `CAM ${two(1, 32)}`, () => `${two(0, 23)}:${two(0, 59)}`, () => `${random.between(10, 120)} KM/H`, () => `${word(random, 3, 6)} ${day}`])()
}

/** A camera's stamps, in the corners of a picture of `width` × `height`. */
export function overlay (random: Random, width: number, height: number): string {
  const size = real(random, 0.022, 0.05) * height
  return Array.from({ length: random.between(1, 3) }, () => {
    const text = stamp(random)
    const wide = lettersWide(text, size)
    const [x, y] = [random.chance(500) ? size : width - wide - size, random.chance(500) ? size : height - 2 * size]
    const tone = random.pick([255, 255, 235, 0])
    const box = random.chance(400) ? `<rect x="${x - size / 2}" y="${y - size / 2}" width="${wide + size}" height="${2 * size}" fill="${tone > 128 ? 'black' : 'white'}"/>` : ''
    return box + lettering(text, x, y, size, { tone, weight: real(random, 0.1, 0.2) })
  }).join('')
}
