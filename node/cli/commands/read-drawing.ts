/**
 * The plates of a look as a drawing to lay over its picture: outlines and numbers, as SVG without text, so that it
 * comes out alike on machines with and without fonts. It says where plates are, never what stands on them.
 */
import { boxOf } from '../../recognition/corners.ts'
import type { Look } from '../../recognition/look.ts'

/** Segments of each digit: top, upper right, lower right, bottom, lower left, upper left, middle. */
const DIGITS = ['1111110', '0110000', '1101101', '1111001', '0110011', '1011011', '1011111', '1110000', '1111111', '1111011']
/** From x, y to x, y in a box of 1 × 2. */
const SEGMENTS = [[0, 0, 1, 0], [1, 0, 1, 1], [1, 1, 1, 2], [0, 2, 1, 2], [0, 1, 0, 2], [0, 0, 0, 1], [0, 1, 1, 1]] as const
const COLOUR = '#ff2d2d'

/** Plates are numbered from 1 in the look's order. */
export function drawLook ({ width, height, plates }: Pick<Look, 'width' | 'height' | 'plates'>): string {
  const line = Math.max(Math.round(Math.max(width, height) / 500), 1)
  const shapes = plates.map(({ corners }, at) => {
    const [left, top, , bottom] = boxOf(corners)
    const digit = Math.max(line * 5, 6)
    const above = top > digit * 3.5 ? top - digit * 3 : bottom + digit
    return polygon(corners, line) + number(at + 1, left, above, digit, line)
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${shapes.join('')}</svg>`
}

const round = (value: number): number => Math.round(value * 10) / 10

const polygon = (corners: readonly number[], line: number): string =>
  `<polygon points="${corners.map(round).join(' ')}" fill="none" stroke="${COLOUR}" stroke-width="${line * 2}" stroke-linejoin="round"/>`

/** On a dark plate of its own, so that it is seen on any picture. */
function number (value: number, x: number, y: number, size: number, line: number): string {
  const digits = [...String(value)].map(Number)
  const back = `<rect x="${round(x - size / 2)}" y="${round(y - size / 2)}" width="${round(digits.length * size * 1.7 + size * 0.3)}" height="${size * 3}" fill="#000" fill-opacity=".75"/>`
  const strokes = digits.flatMap((digit, place) => SEGMENTS.filter((_, segment) => DIGITS[digit]![segment] === '1')
    .map(([x0, y0, x1, y1]) => { const left = x + place * size * 1.7; return `M${round(left + x0 * size)} ${round(y + y0 * size)}L${round(left + x1 * size)} ${round(y + y1 * size)}` }))
  return `${back}<path d="${strokes.join('')}" fill="none" stroke="#fff" stroke-width="${line * 1.5}" stroke-linecap="round"/>`
}
