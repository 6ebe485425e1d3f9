/**
 * Parts that vehicles share: grilles, badges, lamps, panes, wheels, the shadow on the road. All in millimetres, all by
 * chance within what is usual; a part is drawn about the middle it is given.
 */
import type { Random } from '../random.ts'
import { real } from './chance.ts'
import { ellipse, gradient, line, path, polygon, rect, type Tone } from './scene-svg.ts'
import { lettering, word } from './street-lettering.ts'

/** Points mirrored about the vertical at `middle`. */
export const mirrored = (points: readonly number[], middle: number): number[] => points.map((value, at) => at % 2 === 0 ? 2 * middle - value : value)

const STAR = Array.from({ length: 6 }, (_, at) => [Math.sin(at * Math.PI / 3), -Math.cos(at * Math.PI / 3)] as const)

/** Rings, a star, an oval, a lozenge, a shield or a letter. */
export function badge (random: Random, x: number, y: number, size: number): string {
  const bright = { stroke: real(random, 150, 250), width: size * 0.09 }
  const ring = (dx: number, radius = size * 0.4): string => ellipse(x + dx, y, radius, radius, bright)
  const kinds = [
    () => [-1.05, -0.35, 0.35, 1.05].map(dx => ring(dx * size, size * 0.45)).join(''),
    () => ring(0) + STAR.filter((_, at) => at % 2 === 0).map(([dx, dy]) => line(x, y, x + dx * size * 0.4, y + dy * size * 0.4, bright)).join(''),
    () => ellipse(x, y, size * 0.9, size * 0.36, { fill: real(random, 30, 90), ...bright }) + lettering(word(random, 3, 4), x - size * 0.5, y - size * 0.13, size * 0.28, { tone: 240 }),
    () => polygon([x, y - size * 0.5, x + size * 0.36, y, x, y + size * 0.5, x - size * 0.36, y], { fill: 60, ...bright }),
    () => ring(0) + lettering(word(random, 1, 2), x - size * 0.2, y - size * 0.2, size * 0.38, { tone: 240, weight: 0.2 }),
    () => path(`M${x - size * 0.5} ${y - size * 0.3}L${x} ${y + size * 0.35}L${x + size * 0.5} ${y - size * 0.3}`, bright),
    () => rect(x - size * 0.4, y - size * 0.4, size * 0.8, size * 0.8, { fill: real(random, 40, 220), ...bright }, size * 0.15)
  ]
  return random.pick(kinds)()
}

/** Slats, bars or mesh in a dark mouth. */
export function grille (random: Random, x: number, y: number, width: number, height: number, tone: Tone): string {
  const mouth = rect(x, y, width, height, { fill: real(random, 8, 45), stroke: real(random, 20, 230), width: real(random, 6, 30) }, Math.min(width, height) * real(random, 0.05, 0.45))
  const bars = random.between(2, 9)
  const slat = { stroke: random.chance(400) ? real(random, 120, 240) : tone * 0.6, width: height / bars * real(random, 0.15, 0.5) }
  const across = (): string => Array.from({ length: bars }, (_, at) => line(x + width * 0.04, y + height * (at + 0.5) / bars, x + width * 0.96, y + height * (at + 0.5) / bars, slat)).join('')
  const upright = (): string => Array.from({ length: bars * 2 }, (_, at) => line(x + width * (at + 0.5) / bars / 2, y + height * 0.06, x + width * (at + 0.5) / bars / 2, y + height * 0.94, slat)).join('')
  return mouth + random.pick([across, across, upright, () => across() + upright(), () => ''])()
}

/** A pane with sky, or what is inside, in it. `points` as of a polygon. */
export function pane (random: Random, id: string, points: readonly number[]): string {
  const dark = real(random, 10, 60)
  const light = random.chance(500) ? real(random, 60, 190) : dark + 20
  const xs = points.filter((_, at) => at % 2 === 0)
  const [left, right] = [Math.min(...xs), Math.max(...xs)]
  const ys = points.filter((_, at) => at % 2 === 1)
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)]
  const seats = random.chance(500) ? [0.28, 0.72].map(share => ellipse(left + (right - left) * share, top + (bottom - top) * 0.7, (right - left) * 0.09, (bottom - top) * 0.22, { fill: dark * 0.6 })).join('') : ''
  const wiper = random.chance(400) ? line(left + (right - left) * 0.3, bottom, left + (right - left) * 0.6, bottom - (bottom - top) * 0.25, { stroke: 15, width: 18 }) : ''
  const sticker = random.chance(300) ? rect(right - (right - left) * 0.2, bottom - (bottom - top) * 0.3, (right - left) * 0.07, (right - left) * 0.07, { fill: 220 }) : ''
  return gradient(id, [light, dark, dark + 15]) + polygon(points, { fill: id, stroke: real(random, 5, 60), width: 22 }) + seats + wiper + sticker
}

export interface LampPlace { readonly x: number, readonly y: number, readonly width: number, readonly height: number }

/** A pair of lamps, the given one and its mirror image. */
export function lampPair (random: Random, { x, y, width, height }: LampPlace, middle: number, tone: Tone): string {
  const paint = { fill: tone, stroke: real(random, 20, 90), width: 10 }
  const lean = real(random, -0.6, 0.6) * height
  const slanted = [x - width / 2, y - height / 2 + lean, x + width / 2, y - height / 2, x + width / 2, y + height / 2, x - width / 2, y + height / 2 + lean * real(random, 0, 1)]
  const inner = [middle - (middle - x), 2 * middle - x].map(at => ellipse(at, y, height * 0.3, height * 0.3, { fill: Math.min(tone + 60, 255), stroke: 60, width: 8 })).join('')
  const kinds = [
    () => ellipse(x, y, width / 2, height / 2, paint) + ellipse(2 * middle - x, y, width / 2, height / 2, paint) + inner,
    () => polygon(slanted, paint) + polygon(mirrored(slanted, middle), paint) + inner,
    () => rect(x - width / 2, y - height / 2, width, height, paint, height * 0.2) + rect(2 * middle - x - width / 2, y - height / 2, width, height, paint, height * 0.2) + inner
  ]
  return random.pick(kinds)()
}

export function wheels (width: number, height: number, tyre: number, inset: number): string {
  return [inset, width - inset - tyre].map(x => rect(x, height - 420, tyre, 420, { fill: 14 }, 60)).join('')
}

/** On the road, under the vehicle. */
export const shadow = (width: number, height: number): string =>
  [1, 0.9, 0.8].map(share => ellipse(width / 2, height - 60, width * 0.5 * share, 60 * share, { fill: 5, opacity: 0.3 })).join('')

/** A name that its maker, dealer or owner put on. */
export function nameplate (random: Random, x: number, y: number, size: number, tone: Tone, text = word(random, 2, 7)): string {
  return lettering(text, x, y, size, { tone, weight: real(random, 0.12, 0.24) })
}
