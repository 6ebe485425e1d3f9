/**
 * Signs, boards and shop fronts: the hard negatives of a street, light panels with dark lettering that are not plates.
 * Sizes are those of the space that the caller draws in; places are top left corners.
 */
import type { Random } from '../random.ts'
import { real } from './chance.ts'
import { ellipse, line, polygon, rect, type Tone } from './scene-svg.ts'
import { anyText, digits, lettering, lettersWide, word } from './street-lettering.ts'

const contrasting = (tone: Tone, random: Random): Tone => tone > 120 ? real(random, 0, 50) : real(random, 200, 255)

/** `text` in the middle of a panel. */
function centred (text: string, x: number, y: number, width: number, height: number, tone: Tone, random: Random): string {
  const size = Math.min(height * 0.7, height * 0.7 * width * 0.9 / Math.max(lettersWide(text, height * 0.7), 1))
  return lettering(text, x + (width - lettersWide(text, size)) / 2, y + (height - size) / 2, size, { tone, weight: real(random, 0.1, 0.22) })
}

/** A panel with a line of lettering, framed or not. */
export function board (random: Random, x: number, y: number, width: number, height: number, text = anyText(random)): string {
  const tone = random.pick([20, 40, 60, 90, 150, 200, 235, 250])
  const ink = contrasting(tone, random)
  const frame = random.chance(400) ? { stroke: ink, width: height * 0.05 } : {}
  return rect(x, y, width, height, { fill: tone, ...frame }, random.chance(400) ? height * 0.12 : 0) + centred(text, x, y, width, height, ink, random)
}

const round = (random: Random, x: number, y: number, size: number): string => {
  const dark = random.chance(500)
  return ellipse(x + size / 2, y + size / 2, size / 2, size / 2, { fill: dark ? 70 : 90 }) + ellipse(x + size / 2, y + size / 2, size * 0.38, size * 0.38, { fill: dark ? 80 : 240 }) +
    centred(random.pick([`${random.between(2, 11)}0`, '3.5', 'P', '-', 'A']), x + size * 0.15, y + size * 0.25, size * 0.7, size * 0.5, dark ? 240 : 20, random)
}
const triangle = (random: Random, x: number, y: number, size: number): string =>
  polygon([x + size / 2, y, x + size, y + size * 0.9, x, y + size * 0.9], { fill: 235, stroke: 95, width: size * 0.1 }) + rect(x + size * 0.45, y + size * 0.4, size * 0.1, size * 0.3, { fill: random.pick([20, 60]) })
const octagon = (random: Random, x: number, y: number, size: number): string => {
  const [a, b] = [size * 0.3, size * 0.7]
  return polygon([x + a, y, x + b, y, x + size, y + a, x + size, y + b, x + b, y + size, x + a, y + size, x, y + b, x, y + a], { fill: 85, stroke: 240, width: size * 0.05 }) +
    centred('STOP', x + size * 0.08, y + size * 0.3, size * 0.84, size * 0.4, 245, random)
}
const square = (random: Random, x: number, y: number, size: number): string =>
  rect(x, y, size, size, { fill: 75, stroke: 235, width: size * 0.05 }, size * 0.06) + centred(random.pick(['P', 'H', 'I', word(random, 2, 3)]), x, y, size, size, 245, random)

/** A traffic sign on its pole; `ground` is where the pole ends. */
export function roadSign (random: Random, x: number, y: number, size: number, ground: number): string {
  const pole = rect(x + size * 0.46, y, size * 0.08, Math.max(ground - y, size), { fill: real(random, 80, 170) })
  const below = random.chance(300) ? board(random, x, y + size * 1.05, size, size * 0.35, random.pick([`${random.between(1, 9)}00`, `${random.between(7, 9)}-${random.between(16, 20)}`])) : ''
  return pole + random.pick([round, round, triangle, triangle, octagon, square])(random, x, y, size) + below
}

/** Towns and road numbers, one below the other. */
export function directionBoard (random: Random, x: number, y: number, width: number, height: number, ground: number): string {
  const tone = random.pick([60, 75, 110, 235])
  const ink = contrasting(tone, random)
  const rows = random.between(1, 4)
  const lines = Array.from({ length: rows }, (_, row) => {
    const at = y + height * (row + 0.1) / rows
    const number = random.chance(500) ? board(random, x + width * 0.74, at, width * 0.22, height * 0.75 / rows, `${random.pick(['A', 'E', 'P', ''])}${digits(random, random.between(1, 3))}`) : ''
    return centred(word(random, 4, 9), x + width * 0.04, at, width * 0.66, height * 0.8 / rows, ink, random) + number
  })
  const poles = [0.15, 0.85].map(share => rect(x + width * share, y, width * 0.03, Math.max(ground - y, height), { fill: 110 }))
  return poles.join('') + rect(x, y, width, height, { fill: tone, stroke: ink, width: height * 0.02 }, height * 0.04) + lines.join('')
}

/** A ground floor with panes, a door and a name above them. */
export function shopFront (random: Random, x: number, y: number, width: number, height: number): string {
  const wall = real(random, 60, 200)
  const panes = Array.from({ length: random.between(2, 5) })
  const wide = width / panes.length
  const glass = panes.map((_, at) => rect(x + wide * (at + 0.06), y + height * 0.32, wide * 0.88, height * 0.62, { fill: real(random, 15, 110), stroke: real(random, 20, 220), width: 2 }) +
    (random.chance(350) ? board(random, x + wide * (at + 0.2), y + height * real(random, 0.4, 0.7), wide * 0.6, wide * real(random, 0.12, 0.25)) : '') +
    (random.chance(300) ? line(x + wide * (at + 0.15), y + height * 0.85, x + wide * (at + 0.7), y + height * 0.4, { stroke: 200, width: 3, opacity: 0.3 }) : ''))
  const name = board(random, x + width * real(random, 0, 0.3), y + height * 0.05, width * real(random, 0.4, 0.7), height * real(random, 0.12, 0.22))
  return rect(x, y, width, height, { fill: wall }) + glass.join('') + name
}
