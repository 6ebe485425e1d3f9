/**
 * What a detector may take for a plate and a reader must not read: shop lettering, web addresses, a camera's own clock,
 * badges, traffic signs, grilles, lamps, bare texture. Each fills a canvas of about the shape of a plate.
 */
import type { Random } from '../random.ts'
import { createCanvas, ellipse, fill, fillBox, roundBox, type Canvas } from '../pictures/canvas.ts'
import { likely, pickWeighted, real } from '../pictures/chance.ts'
import type { Face } from '../pictures/glyphs.ts'

/** Draws letters of any font it has; characters beyond a plate's need an open font. */
export type Letters = (char: string) => ReturnType<Face> | undefined

const SYLLABLES = ['ka', 'lo', 'mi', 'ser', 'vis', 'auto', 'tra', 'nor', 'bal', 'ti', 'cen', 'ter', 'mar', 'ket', 'bu', 'sta', 'cija', 'gas', 'tek', 'pre', 'kes', 'rim', 'ro', 'da', 'un', 'go', 'pizz', 'eria', 'hot', 'el', 'apo', 'thek', 'bar', 'mo', 'bile', 'log', 'is', 'trans', 'bau', 'haus', 'shop', 'cafe', 'line', 'max', 'pro']

export function drawNegative (random: Random, letters: Letters): Canvas {
  const height = random.between(60, 110)
  const canvas = createCanvas(Math.round(height * real(random, 2.2, 5.4)), height, real(random, 15, 240))
  if (likely(random, 0.5)) blotches(canvas, random, random.between(2, 9))
  pickWeighted(random, [
    { draw: lettering, weight: 7 }, { draw: clock, weight: 3 }, { draw: badge, weight: 3 }, { draw: roadSign, weight: 3 },
    { draw: grille, weight: 2 }, { draw: lamps, weight: 2 }, { draw: blotches, weight: 2 }
  ]).draw(canvas, random, letters as never)
  return canvas
}

function word (random: Random): string {
  const text = Array.from({ length: random.between(1, 4) }, () => random.pick(SYLLABLES)).join('')
  return likely(random, 0.45) ? text.toUpperCase() : likely(random, 0.6) ? text[0]!.toUpperCase() + text.slice(1) : text
}

function phrase (random: Random): string {
  return pickWeighted(random, [
    { make: () => word(random), weight: 2 },
    { make: () => `${word(random)} ${word(random)}`, weight: 4 },
    { make: () => `www.${word(random).toLowerCase()}.${random.pick(['lv', 'lt', 'com', 'de', 'ee', 'eu'])}`, weight: 3 },
    { make: () => `tel. ${digits(random, 3)} ${digits(random, 5)}`, weight: 1 },
    { make: () => `${digits(random, random.between(1, 3))} km/h`, weight: 1 },
    { make: () => `${word(random)} ${digits(random, random.between(1, 4))} ${word(random)}`, weight: 1 }
  ]).make()
}

const digits = (random: Random, count: number): string => Array.from({ length: count }, () => String(random.integer(10))).join('')

/** One to four lines of words, sometimes larger than the canvas. */
function lettering (canvas: Canvas, random: Random, letters: Letters): void {
  const lines = pickWeighted(random, [{ count: 1, weight: 6 }, { count: 2, weight: 2 }, { count: 3, weight: 2 }, { count: 4, weight: 1 }]).count
  const light = contrasting(random, canvas.data[0]!)
  for (let line = 0; line < lines; line++) {
    const room = canvas.height / lines
    const cap = room * real(random, 0.4, lines === 1 ? 1.3 : 0.75)
    write(canvas, letters, phrase(random), canvas.width * real(random, -0.2, 0.15), room * line + (room - cap) * real(random, 0.2, 0.8), cap, canvas.width * real(random, 0.9, 1.5), light)
  }
}

/** Date and time as cameras write them over their picture. */
function clock (canvas: Canvas, random: Random, letters: Letters): void {
  const two = (most: number): string => String(random.integer(most)).padStart(2, '0')
  const date = likely(random, 0.6) ? `20${two(40)}-${two(13)}-${two(32)}` : `${two(32)}.${two(13)}.20${two(40)}`
  const time = `${two(24)}:${two(60)}${likely(random, 0.6) ? ':' + two(60) : ''}`
  const text = random.pick([`${date} ${time}`, date, time, `CAM ${digits(random, 2)} ${time}`, `${time} ${date}`, `${two(24)}:${two(60)}:${two(60)}.${digits(random, 3)}`])
  const cap = canvas.height * real(random, 0.4, 0.85)
  write(canvas, letters, text, canvas.width * real(random, -0.05, 0.08), (canvas.height - cap) / 2, cap, canvas.width * real(random, 0.85, 1.25), contrasting(random, canvas.data[0]!))
}

function write (canvas: Canvas, letters: Letters, text: string, x: number, y: number, cap: number, room: number, light: number): void {
  const outlines = [...text].map(char => char === ' ' ? { width: 0.35, contours: [] } : letters(char) ?? { width: 0.3, contours: [] })
  const natural = outlines.reduce((sum, { width }) => sum + width + 0.13, 0) * cap
  const across = cap * Math.min(room / natural, 1.3)
  for (const { width, contours } of outlines) {
    fill(canvas, contours.map(contour => contour.map((value, at) => at % 2 === 1 ? y + value * cap : x + value * across)), light)
    x += (width + 0.13) * across
  }
}

const contrasting = (random: Random, ground: number): number => ground > 128 ? real(random, 0, ground - 60) : real(random, ground + 60, 255)

/** Rings side by side, a star in a ring, wings, a cross. */
function badge (canvas: Canvas, random: Random): void {
  const { width, height } = canvas
  const light = contrasting(random, canvas.data[0]!)
  const radius = height * real(random, 0.2, 0.42)
  const rings = random.between(1, 5)
  for (let i = 0; i < rings; i++) {
    const x = width / 2 + (i - (rings - 1) / 2) * radius * real(random, 1.3, 1.6)
    fill(canvas, [ellipse(x, height / 2, radius, radius * real(random, 0.8, 1)), ellipse(x, height / 2, radius * 0.78, radius * 0.75, false)], light)
    if (rings === 1) for (let ray = 0; ray < 3; ray++) fill(canvas, [spoke(x, height / 2, radius * 0.9, ray * 2 * Math.PI / 3 - Math.PI / 2 + real(random, -0.1, 0.1))], light)
  }
  if (likely(random, 0.4)) fillBox(canvas, 0, height * real(random, 0.4, 0.5), width, height * real(random, 0.52, 0.6), light, 0.8)
}

const spoke = (x: number, y: number, length: number, angle: number): number[] =>
  [x + length * Math.cos(angle), y + length * Math.sin(angle), x + length * 0.13 * Math.cos(angle + 1.9), y + length * 0.13 * Math.sin(angle + 1.9), x + length * 0.13 * Math.cos(angle - 1.9), y + length * 0.13 * Math.sin(angle - 1.9)]

/** A round limit, a board with an arrow and a place, a striped barrier. */
function roadSign (canvas: Canvas, random: Random, letters: Letters): void {
  const { width, height } = canvas
  const choice = random.integer(3)
  if (choice === 0) {
    const radius = height * real(random, 0.4, 0.6)
    fill(canvas, [ellipse(width / 2, height / 2, radius)], real(random, 60, 110))
    fill(canvas, [ellipse(width / 2, height / 2, radius * 0.78)], real(random, 200, 250))
    write(canvas, letters, `${random.between(1, 13)}0`, width / 2 - radius * 0.55, height / 2 - radius * 0.4, radius * 0.8, radius * 1.15, 20)
  } else if (choice === 1) {
    const ground = real(random, 50, 230)
    fill(canvas, [roundBox(3, 3, width - 3, height - 3, 6)], ground)
    const light = contrasting(random, ground)
    fill(canvas, [[8, height / 2, height * 0.4, height * 0.2, height * 0.4, height * 0.42, height * 0.8, height * 0.42, height * 0.8, height * 0.58, height * 0.4, height * 0.58, height * 0.4, height * 0.8]], light)
    write(canvas, letters, `${word(random)} ${digits(random, random.between(1, 3))}`, height, height * 0.25, height * 0.5, width - height * 1.1, light)
  } else for (let x = -height; x < width; x += height * 0.9) fill(canvas, [[x, height, x + height * 0.45, height, x + height * 1.2, 0, x + height * 0.75, 0]], contrasting(random, canvas.data[0]!))
}

function grille (canvas: Canvas, random: Random): void {
  const { width, height } = canvas
  const [pitch, light] = [height * real(random, 0.06, 0.4), contrasting(random, canvas.data[0]!)]
  const isUpright = likely(random, 0.5)
  for (let at = 0; at < (isUpright ? width : height); at += pitch) {
    if (isUpright) fillBox(canvas, at, 0, at + pitch * 0.45, height, light, 0.9)
    else fillBox(canvas, 0, at, width, at + pitch * 0.45, light, 0.9)
  }
}

function lamps (canvas: Canvas, random: Random): void {
  const { width, height } = canvas
  for (let i = random.between(1, 4); i > 0; i--) {
    const [x, y, radius, light] = [real(random, 0, width), real(random, 0, height), height * real(random, 0.15, 0.6), real(random, 120, 255)]
    fill(canvas, [ellipse(x, y, radius * real(random, 1, 2), radius)], light)
    fill(canvas, [ellipse(x, y, radius * real(random, 0.4, 0.9), radius * 0.6)], real(random, 30, 255))
  }
}

function blotches (canvas: Canvas, random: Random, count: number | Letters): void {
  for (let i = typeof count === 'number' ? count : random.between(4, 25); i > 0; i--) {
    const [x, y, side] = [real(random, -20, canvas.width), real(random, -20, canvas.height), canvas.height * real(random, 0.05, 0.9)]
    if (likely(random, 0.5)) fillBox(canvas, x, y, x + side * real(random, 0.5, 4), y + side * 0.6, real(random, 10, 250), real(random, 0.2, 1))
    else fill(canvas, [ellipse(x, y, side * real(random, 0.3, 1.5), side * 0.5)], real(random, 10, 250), real(random, 0.2, 1))
  }
}
