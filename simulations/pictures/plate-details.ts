/** What stands on a plate beside its text: the band with stars or a flag and the country's letters, seals and arms, panels at the right, screws. */
import type { Random } from '../random.ts'
import { ellipse, fill, fillBox, roundBox, type Canvas } from './canvas.ts'
import { likely, real } from './chance.ts'
import type { Face } from './glyphs.ts'
import type { Look, Seal } from './plate-looks.ts'

export interface Box { readonly x0: number, readonly y0: number, readonly x1: number, readonly y1: number }

/** Small letters, centred; characters that plates do not know leave a gap. */
export function drawWords (canvas: Canvas, face: Face, words: string, box: Box, light: number): void {
  const outlines = [...words].map(char => char === ' ' ? { width: 0.4, contours: [] } : face(char))
  const natural = outlines.reduce((sum, { width }) => sum + width + 0.16, -0.16)
  const height = Math.min(box.y1 - box.y0, (box.x1 - box.x0) / Math.max(natural, 0.1))
  let x = (box.x0 + box.x1 - natural * height) / 2
  const top = (box.y0 + box.y1 - height) / 2
  for (const { width, contours } of outlines) {
    fill(canvas, contours.map(contour => contour.map((value, at) => at % 2 === 1 ? top + value * height : x + value * height)), light)
    x += (width + 0.16) * height
  }
}

/** The band of a country; `light` is its ground. */
export function drawBand (canvas: Canvas, random: Random, look: Look, face: Face, box: Box, light: number): void {
  fillBox(canvas, box.x0, box.y0, box.x1, box.y1, light)
  const width = box.x1 - box.x0
  const height = Math.min(box.y1 - box.y0, width * 2.6)
  const bright = real(random, 190, 250)
  const middle = (box.x0 + box.x1) / 2
  const emblemY = box.y0 + height * 0.3
  if (likely(random, look.emblem === 'stars' ? 0.9 : 0.1)) drawStars(canvas, middle, emblemY, Math.min(width * 0.33, height * 0.2), bright)
  else drawFlag(canvas, random, { x0: box.x0 + width * 0.14, y0: emblemY - height * 0.13, x1: box.x1 - width * 0.14, y1: emblemY + height * 0.13 })
  if (look.label === '') return
  const label = look.country === 'GB' && likely(random, 0.4) ? 'UK' : look.label
  const low = box.y1 - (box.y1 - box.y0) * real(random, 0.06, 0.12)
  drawWords(canvas, face, label, { x0: box.x0 + width * 0.12, y0: low - height * real(random, 0.2, 0.27), x1: box.x1 - width * 0.12, y1: low }, bright)
}

function drawStars (canvas: Canvas, x: number, y: number, radius: number, light: number): void {
  for (let star = 0; star < 12; star++) {
    const angle = star * Math.PI / 6
    fill(canvas, [ellipse(x + radius * Math.cos(angle), y + radius * Math.sin(angle), radius * 0.17, radius * 0.17, true, 6)], light)
  }
}

function drawFlag (canvas: Canvas, random: Random, { x0, y0, x1, y1 }: Box): void {
  const stripes = random.between(2, 3)
  for (let i = 0; i < stripes; i++) fillBox(canvas, x0, y0 + (y1 - y0) * i / stripes, x1, y0 + (y1 - y0) * (i + 1) / stripes, real(random, 40, 250))
}

/** In the place of one sign; `ink` is the plate's own. */
export function drawSeal (canvas: Canvas, random: Random, face: Face, seal: Seal, { x0, y0, x1, y1 }: Box, ink: number, ground: number): void {
  const [x, width, height] = [(x0 + x1) / 2, x1 - x0, y1 - y0]
  const tone = ground + (ink - ground) * real(random, 0.25, 0.9)
  if (seal === 'seals') {
    for (const share of [0.25, 0.76]) if (likely(random, 0.92)) drawRoundSeal(canvas, random, x, y0 + height * share, Math.min(width / 2, height * 0.23), tone, ground)
  } else if (seal === 'vignette') {
    fill(canvas, [roundBox(x0, y0 + height * 0.1, x1, y0 + height * 0.85, 2)], tone)
    const window: Box = { x0: x0 + width * 0.2, y0: y0 + height * 0.2, x1: x1 - width * 0.2, y1: y0 + height * 0.65 }
    fillBox(canvas, window.x0, window.y0, window.x1, window.y1, ground)
    if (likely(random, 0.7)) drawWords(canvas, face, String(random.integer(10)), { x0: window.x0 + 2, y0: window.y0 + 3, x1: window.x1 - 2, y1: window.y1 - 3 }, ink)
  } else if (seal === 'checkers') drawCheckers(canvas, { x0, y0: y0 + height * 0.15, x1, y1: y0 + height * 0.8 }, tone, ground)
  else if (seal === 'cross' && likely(random, 0.6)) drawCross(canvas, { x0, y0: y0 + height * 0.08, x1, y1: y1 - height * 0.1 }, tone, ground)
  else if ((seal === 'crest' || seal === 'cross') && likely(random, 0.85)) drawCrest(canvas, random, { x0, y0: y0 + height * real(random, 0, 0.15), x1, y1: y1 - height * real(random, 0.05, 0.2) }, tone, ground)
  else drawRoundSeal(canvas, random, x, y0 + height * real(random, 0.3, 0.65), width * real(random, 0.22, 0.42), tone, ground)
}

function drawRoundSeal (canvas: Canvas, random: Random, x: number, y: number, radius: number, tone: number, ground: number): void {
  fill(canvas, [ellipse(x, y, radius)], tone)
  fill(canvas, [ellipse(x, y, radius * 0.8)], (tone + ground) / 2)
  for (let i = random.integer(5); i > 0; i--) fill(canvas, [ellipse(x + real(random, -0.5, 0.5) * radius, y + real(random, -0.5, 0.5) * radius, radius * real(random, 0.1, 0.3))], likely(random, 0.5) ? tone : ground)
}

function drawCrest (canvas: Canvas, random: Random, { x0, y0, x1, y1 }: Box, tone: number, ground: number): void {
  const middle = (x0 + x1) / 2
  const shoulder = y0 + (y1 - y0) * 0.6
  fill(canvas, [[x0, y0, x1, y0, x1, shoulder, middle, y1, x0, shoulder]], tone)
  for (let i = random.integer(6); i > 0; i--) fill(canvas, [ellipse(real(random, x0 + 2, x1 - 2), real(random, y0 + 2, shoulder), real(random, 1, 4), real(random, 1, 7))], likely(random, 0.6) ? ground : (tone + ground) / 2)
  if (likely(random, 0.3)) { fillBox(canvas, middle - 2, y0 + 3, middle + 2, shoulder, ground); fillBox(canvas, x0 + 3, y0 + (y1 - y0) * 0.27, x1 - 3, y0 + (y1 - y0) * 0.36, ground) }
}

/** The Swiss shield: a light cross on it. */
function drawCross (canvas: Canvas, { x0, y0, x1, y1 }: Box, tone: number, ground: number): void {
  const [width, height] = [x1 - x0, y1 - y0]
  const [x, y, arm] = [(x0 + x1) / 2, y0 + height * 0.42, width * 0.13]
  fill(canvas, [[x0, y0, x1, y0, x1, y0 + height * 0.6, x, y1, x0, y0 + height * 0.6]], tone)
  fillBox(canvas, x - arm, y - width * 0.34, x + arm, y + width * 0.34, ground)
  fillBox(canvas, x - width * 0.34, y - arm, x + width * 0.34, y + arm, ground)
}

function drawCheckers (canvas: Canvas, { x0, y0, x1, y1 }: Box, tone: number, ground: number): void {
  for (let i = 0; i < 25; i++) {
    const [column, row] = [i % 5, Math.floor(i / 5)]
    fillBox(canvas, x0 + (x1 - x0) * column / 5, y0 + (y1 - y0) * row / 5, x0 + (x1 - x0) * (column + 1) / 5, y0 + (y1 - y0) * (row + 1) / 5, i % 2 === 0 ? tone : ground)
  }
}

/** What stands at the right edge and belongs to no text: a department, a year, a date in two lines. */
export function drawRight (canvas: Canvas, random: Random, look: Look, face: Face, box: Box, band: number, ink: number, ground: number): void {
  const { x0, y0, x1, y1 } = box
  const [width, height] = [x1 - x0, y1 - y0]
  const isDark = look.right !== 'date'
  fillBox(canvas, x0, y0, x1, y1, isDark ? band : Math.min(ground, real(random, 150, 215)))
  const light = isDark ? real(random, 190, 250) : ink
  const digits = (count: number): string => Array.from({ length: count }, () => String(random.integer(10))).join('')
  const letters = (count: number): string => Array.from({ length: count }, () => String.fromCharCode(65 + random.integer(26))).join('')
  const upper = { x0: x0 + width * 0.14, y0: y0 + height * 0.1, x1: x1 - width * 0.14, y1: y0 + height * 0.46 }
  const lower = { x0: x0 + width * 0.14, y0: y0 + height * 0.56, x1: x1 - width * 0.14, y1: y0 + height * 0.9 }
  if (look.right === 'plain') return
  if (look.right === 'department') {
    if (likely(random, 0.8)) drawCrest(canvas, random, { x0: x0 + width * 0.2, y0: upper.y0, x1: x1 - width * 0.2, y1: upper.y1 }, light, band)
    drawWords(canvas, face, likely(random, 0.06) ? '9' + digits(2) : likely(random, 0.04) ? '2' + letters(1) : digits(2), lower, light)
  } else if (look.right === 'year') {
    if (likely(random, 0.6)) drawWords(canvas, face, digits(2), upper, light)
    else if (likely(random, 0.6)) drawRoundSeal(canvas, random, (x0 + x1) / 2, y0 + height * 0.28, width * 0.3, light, band)
    if (likely(random, 0.75)) drawWords(canvas, face, letters(2), lower, light)
  } else {
    drawWords(canvas, face, digits(2), upper, light)
    if (likely(random, 0.5)) fillBox(canvas, x0 + width * 0.15, y0 + height * 0.5, x1 - width * 0.15, y0 + height * 0.53, ink)
    drawWords(canvas, face, digits(2), lower, light)
  }
}

/** A label stuck beside the text, with a letter, a year or an animal: no part of it, whatever it says. */
export function drawLabel (canvas: Canvas, random: Random, face: Face, box: Box, ink: number, ground: number): void {
  const { x0, y0, x1, y1 } = box
  fill(canvas, [roundBox(x0, y0, x1, y1, 3), roundBox(x0 + 2, y0 + 2, x1 - 2, y1 - 2, 2, false)], ink)
  const inner = { x0: x0 + (x1 - x0) * 0.2, y0: y0 + (y1 - y0) * real(random, 0.15, 0.35), x1: x1 - (x1 - x0) * 0.2, y1: y1 - (y1 - y0) * real(random, 0.15, 0.35) }
  if (likely(random, 0.45)) drawWords(canvas, face, likely(random, 0.5) ? String.fromCharCode(65 + random.integer(26)) : String(random.integer(100)), inner, ink)
  else drawCrest(canvas, random, inner, (ink + ground) / 2, ground)
}

export function drawScrews (canvas: Canvas, random: Random): void {
  const y = canvas.height * real(random, 0.12, 0.88)
  const inset = canvas.width * real(random, 0.04, 0.3)
  const [radius, light] = [canvas.height * real(random, 0.02, 0.05), real(random, 30, 230)]
  for (const x of [inset, canvas.width - inset]) if (likely(random, 0.85)) fill(canvas, [ellipse(x, y, radius)], light)
}
