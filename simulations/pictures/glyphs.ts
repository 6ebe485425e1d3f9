/**
 * Letters and digits as they stand on number plates, drawn by us as pen strokes (`strokes.ts`), with the forms that differ
 * from country to country side by side: a one with or without a foot, an open or closed four, a barred G. A face takes one
 * form of each. No font file and no font's outline is in here.
 */
import type { Random } from '../random.ts'
import { likely, real } from './chance.ts'
import { outlinesOf, type Pen } from './strokes.ts'

/** In units of the cap height: `width` of the box, and contours to be filled by non-zero winding, y downwards from the top of a capital. */
export interface Outline { readonly width: number, readonly contours: readonly (readonly number[])[] }

/** Gives the outline of each of PLATE_CHARACTERS. */
export type Face = (char: string) => Outline

export const PLATE_CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜ'

/** Paths of each character; the first is the plainest. */
const FORMS: Record<string, readonly string[]> = {
  0: ['z 0,0r 1,0r 1,1r 0,1r', '.98,.24 1,1r 0,1r 0,0r .78,0', 'z 0,0r 1,0r 1,1r 0,1r; .2,.8 .8,.2', 'z 0,0r 1,0r 1,1r 0,1r; .5,.46 .5,.54'],
  1: ['.1,.24 .85,0 .85,1', '0,.2 .55,0 .55,1; 0,1 1,1', '.5,0 .5,1', '.05,.1 .8,.1 .8,0 .8,1', '.1,.34 .5,.22 .8,0 .8,1'],
  2: ['0,.3 0,0r 1,0r 1,.46r 0,1 1,1', '0,.24 0,0r 1,0r 1,.4r .08,.84 0,1 1,1', '0,.3 0,0r 1,0r 1,.56r 0,.56r 0,1 1,1'],
  3: ['0,.22 0,0r .96,0r .96,.46r .35,.46; .35,.46 1,.46r 1,1r 0,1r 0,.78', '0,0 .96,0 .42,.4 1,.4r 1,1r 0,1r 0,.78', '0,.1 0,0r .96,0r .96,.46r .5,.46; .5,.46 1,.46r 1,1r 0,1r 0,.9'],
  4: ['.72,1 .72,0 0,.72 1,.72', '.55,0 0,.74 1,.74; .72,.42 .72,1', '.3,0 0,.68 1,.68; .7,.36 .7,1', '.62,0 0,.78 1,.78; .74,.3 .74,1'],
  5: ['.94,0 .08,0 .04,.42 1,.36r 1,1r 0,1r 0,.8', '.94,0 .04,0 .04,.44 .5,.44 1,.44r 1,1r 0,1r', '.9,0 .12,0 0,.48 .3,.4 1,.4r 1,1r 0,1r 0,.82'],
  6: ['z 0,.4r 1,.4r 1,1r 0,1r; .95,.2 .95,0r 0,0r 0,.7', 'z 0,.4r 1,.4r 1,1r 0,1r; .72,0 .06,.56', '.96,.16 .96,0r 0,0r 0,1r 1,1r 1,.42r .2,.42', 'z 0,.4r 1,.4r 1,1r 0,1r; .9,0 .5,0 0,.3r 0,.7'],
  7: ['0,0 1,0 .36,1', '0,0 1,0 1,.14r .34,.6r .34,1', '0,0 1,0 .3,1; .25,.5 .9,.5', '0,.16 0,0 1,0 .36,1'],
  8: ['z .06,0r .94,0r .94,.46r .06,.46r; z 0,.46r 1,.46r 1,1r 0,1r', 'z .02,0r .98,0r .98,.48r .02,.48r; z 0,.48r 1,.48r 1,1r 0,1r'],
  9: ['z 0,0r 1,0r 1,.6r 0,.6r; .05,.8 .05,1r 1,1r 1,.3', 'z 0,0r 1,0r 1,.6r 0,.6r; .28,1 .94,.44', '.04,.84 .04,1r 1,1r 1,0r 0,0r 0,.58r .8,.58', 'z 0,0r 1,0r 1,.6r 0,.6r; .1,1 .5,1 1,.7r 1,.3'],
  A: ['0,1 .46,0 .54,0 1,1; .2,.68 .8,.68', '0,1 .36,0 .64,0 1,1; .16,.7 .84,.7', '0,1 0,.5 .42,0r .58,0r 1,.5 1,1; 0,.66 1,.66', '0,1 .5,0 1,1; .2,.76 .8,.76'],
  B: ['z 0,0 .94,0r .94,.47r 0,.47; z 0,.47 1,.47r 1,1r 0,1', 'z 0,0 .98,0r .98,.49r 0,.49; z 0,.49 1,.49r 1,1r 0,1'],
  C: ['1,.28 1,0r 0,0r 0,1r 1,1r 1,.72', '1,.2 1,0r 0,0r 0,1r 1,1r 1,.8', '.98,.1 .7,0r 0,0r 0,1r .7,1r .98,.9'],
  D: ['z 0,0 1,0r 1,1r 0,1', 'z 0,0 .7,0r 1,.3r 1,.7r .7,1r 0,1'],
  E: ['1,0 0,0 0,1 1,1; 0,.48 .86,.48', '1,0 0,0 0,1 1,1; 0,.5 1,.5', '.96,0 0,0 0,1 1,1; 0,.46 .7,.46'],
  F: ['1,0 0,0 0,1; 0,.5 .86,.5', '1,0 0,0 0,1; 0,.46 .7,.46', '1,0 0,0 0,1; 0,.56 .96,.56'],
  G: ['1,.26 1,0r 0,0r 0,1r 1,1r 1,.54 .56,.54', '1,.24 1,0r 0,0r 0,1r 1,1 1,.52 .5,.52', '1,.22 1,0r 0,0r 0,1r 1,1r 1,.56', '.98,.14 .7,0r 0,0r 0,1r 1,1r 1,.5 .4,.5', '1,.26 1,0r 0,0r 0,1r 1,1r .98,.56 .98,.56; .6,.56 1,.56 1,1'],
  H: ['0,0 0,1; 1,0 1,1; 0,.48 1,.48', '0,0 0,1; 1,0 1,1; 0,.54 1,.54'],
  I: ['.5,0 .5,1', '.5,0 .5,1; 0,0 1,0; 0,1 1,1'],
  J: ['1,0 1,1r 0,1r 0,.72', '.3,0 1,0 1,1r 0,1r 0,.76', '.9,0 .9,1r .2,1 0,1', '1,0 1,1r 0,1r 0,.88'],
  K: ['0,0 0,1; .96,0 0,.62; .34,.4 1,1', '0,0 0,1; 1,0 .04,.5 1,1', '0,0 0,1; .96,0 .2,.5 1,1; 0,.5 .3,.5'],
  L: ['0,0 0,1 1,1'],
  M: ['0,1 0,0 .5,.66 1,0 1,1', '0,1 0,0 .5,1 1,0 1,1', '0,1 0,0 .5,.42 1,0 1,1', '0,1 .12,0 .5,.8 .88,0 1,1'],
  N: ['0,1 0,0 1,1 1,0', '0,1 0,0 .08,0 .92,1 1,1 1,0'],
  O: ['z 0,0r 1,0r 1,1r 0,1r', 'z 0,.03r 1,.03r 1,.97r 0,.97r'],
  P: ['0,1 0,0 1,0r 1,.54r 0,.54', '0,1 0,0 1,0r 1,.6r 0,.6', '0,1 0,0 1,0r 1,.54r .38,.54'],
  Q: ['z 0,0r 1,0r 1,1r 0,1r; .56,.7 1,1', 'z 0,0r 1,0r 1,1r 0,1r; .5,.62 1,1.1', 'z 0,0r 1,0r 1,.94r 0,.94r; .6,.78 .8,1.1', '.8,1 0,1r 0,0r 1,0r 1,.8; .55,.68 1,1'],
  R: ['0,1 0,0 1,0r 1,.52r 0,.52; .46,.52 1,1', '0,1 0,0 1,0r 1,.54r 0,.54; .3,.54 1,1', '0,1 0,0 1,0r 1,.5r .34,.5; .5,.5 1,1', '0,1 0,0 .96,0r .96,.5r 0,.5; .6,.5 1,.5r 1,1'],
  S: ['1,.24 1,0r 0,0r 0,.47r 1,.49r 1,1r 0,1r 0,.76', '.98,.16 .98,0r .02,0r .02,.42r 1,.54r 1,1r 0,1r 0,.84', '.94,.1 .7,0r 0,0r 0,.46r 1,.5r 1,1r .3,1r .04,.9'],
  T: ['0,0 1,0; .5,0 .5,1'],
  U: ['0,0 0,1r 1,1r 1,0'],
  V: ['0,0 .46,1 .54,1 1,0', '0,0 .38,1 .62,1 1,0'],
  W: ['0,0 .25,1 .5,.2 .75,1 1,0', '0,0 .2,1 .3,1 .48,.3 .52,.3 .7,1 .8,1 1,0', '0,0 .22,1 .5,0 .78,1 1,0', '0,0 0,1 .5,.4 1,1 1,0', '0,0 .08,1 .5,.45 .92,1 1,0'],
  X: ['0,0 1,1; 1,0 0,1', '0,0 .1,0 .9,1 1,1; 1,0 .9,0 .1,1 0,1'],
  Y: ['0,0 .5,.52 1,0; .5,.5 .5,1', '0,0 .5,.6 1,0; .5,.58 .5,1'],
  Z: ['0,0 1,0 0,1 1,1', '0,0 1,0 1,.06 0,.94 0,1 1,1']
}

/** Width of the box by character, as a share of the face's width. */
const WIDTHS: Record<string, number> = { 1: 0.72, I: 0.3, J: 0.86, L: 0.9, E: 0.92, F: 0.9, M: 1.2, W: 1.36, T: 0.98, A: 1.08, V: 1.06, Q: 1.06, O: 1.04, D: 1.02, G: 1.04 }
const WIDTH_OF_SERIFED_I = 0.6
const DOTTED: Record<string, string> = { Ä: 'A', Ö: 'O', Ü: 'U' }
/** Dotted letters keep the cap height: the letter below is this much lower. */
const ROOM_FOR_DOTS = 0.24

/** What a country's letters have in common; ranges are drawn from, shares of the cap height. */
export interface Style {
  readonly weight: readonly [number, number]
  readonly width: readonly [number, number]
  readonly roundness?: readonly [number, number]
  readonly oval?: readonly [number, number]
  readonly roundEnds?: number
  /** Likelihood that all boxes are equally wide. */
  readonly equalWidths?: number
  /** The form of a character by its place in FORMS; others are drawn. */
  readonly forms?: Readonly<Record<string, number>>
}

/** A face of the style, each a little different: makers, presses and years differ. `free` is the likelihood that a form is drawn from all instead. */
export function createFace (random: Random, style: Style, free = 0.12): Face {
  const pen: Pen = {
    weight: real(random, ...style.weight),
    roundness: real(random, ...style.roundness ?? [0.85, 1]),
    oval: real(random, ...style.oval ?? [0, 0.25]),
    roundEnds: likely(random, style.roundEnds ?? 0.1)
  }
  const width = real(random, ...style.width)
  const isEqual = likely(random, style.equalWidths ?? 0.2)
  const formOf: Record<string, number> = {}
  for (const [char, forms] of Object.entries(FORMS)) formOf[char] = likely(random, free) ? random.integer(forms.length) : style.forms?.[char] ?? 0
  const drawn = new Map<string, Outline>()
  return char => {
    const known = drawn.get(char)
    if (known !== undefined) return known
    const outline = drawnGlyph(char, formOf, width, isEqual, pen)
    drawn.set(char, outline)
    return outline
  }
}

function drawnGlyph (char: string, formOf: Record<string, number>, faceWidth: number, isEqual: boolean, pen: Pen): Outline {
  const base = DOTTED[char] ?? char
  const form = formOf[base]
  if (form === undefined) throw new RangeError('no such character on a plate')
  const isSerifed = base === 'I' && form === 1
  const share = isSerifed ? WIDTH_OF_SERIFED_I : WIDTHS[base] ?? 1
  const width = Math.max(faceWidth * (isEqual && !'MW1I'.includes(base) ? 1 : share), pen.weight * 1.05)
  const contours = outlinesOf(FORMS[base]![form]!, width, pen)
  return { width, contours: char === base ? contours : withDots(contours, width, pen.weight) }
}

function withDots (contours: number[][], width: number, weight: number): number[][] {
  const lowered = contours.map(contour => contour.map((value, at) => at % 2 === 1 ? ROOM_FOR_DOTS + value * (1 - ROOM_FOR_DOTS) : value))
  const size = Math.min(weight * 1.1, 0.16)
  const dot = (x: number): number[] => [x - size / 2, 0, x + size / 2, 0, x + size / 2, size, x - size / 2, size]
  return [...lowered, dot(width * 0.27), dot(width * 0.73)]
}
