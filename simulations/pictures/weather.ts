/** What lies between a plate and the camera: shadow, glare, dirt, snow, rain, the bloom of a lit plate at night. In place on a canvas; never so much that a person could not read the text. */
import type { Random } from '../random.ts'
import { fill, type Canvas } from './canvas.ts'
import { likely, real } from './chance.ts'
import { blur } from './degrade.ts'

/** An uneven light over the whole picture. */
export function shade ({ width, height, data }: Canvas, random: Random): void {
  const [across, down] = [real(random, -0.35, 0.35), real(random, -0.3, 0.3)]
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) data[at]! *= 1 + across * (column / width - 0.5) + down * (row / height - 0.5)
  }
}

/** The edge of a shadow across the picture, hard or soft. */
export function castShadow ({ width, height, data }: Canvas, random: Random): void {
  const angle = real(random, 0, Math.PI * 2)
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)]
  const [x0, y0] = [real(random, 0.15, 0.85) * width, real(random, 0.15, 0.85) * height]
  const soft = real(random, 0.5, height * 0.2)
  const light = real(random, 0.35, 0.8)
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const far = ((column - x0) * dx + (row - y0) * dy) / soft
      if (far > 0) data[at]! *= 1 - (1 - light) * Math.min(far, 1)
    }
  }
}

/** A round patch of reflected light. */
export function glare ({ width, height, data }: Canvas, random: Random): void {
  const [x0, y0, radius] = [real(random, 0, width), real(random, 0, height), real(random, 0.3, 1.2) * height]
  const strength = real(random, 30, 150)
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const far = ((column - x0) ** 2 + (row - y0) ** 2) / (radius * radius)
      if (far < 4) data[at]! += strength * Math.exp(-2 * far)
    }
  }
}

/** Splashes of mud, darker or lighter than what they cover. */
export function soil (canvas: Canvas, random: Random): void {
  const light = real(random, 40, 150)
  for (let i = random.between(3, 22); i > 0; i--) fill(canvas, [blob(random, real(random, 0, canvas.width), real(random, 0, canvas.height), canvas.height * real(random, 0.01, 0.09))], light, real(random, 0.2, 0.75))
}

/** Snow that sticks, most of it at the lower edge. */
export function snow (canvas: Canvas, random: Random): void {
  for (let i = random.between(3, 14); i > 0; i--) {
    const y = canvas.height * (likely(random, 0.6) ? real(random, 0.7, 1.02) : real(random, 0, 1))
    fill(canvas, [blob(random, real(random, 0, canvas.width), y, canvas.height * real(random, 0.02, 0.12))], real(random, 200, 250), real(random, 0.4, 0.9))
  }
}

/** Drops in flight, as thin slanted lines. */
export function rain (canvas: Canvas, random: Random): void {
  const lean = real(random, -0.25, 0.25)
  for (let i = Math.round(canvas.width * canvas.height / 900 * real(random, 0.4, 1.6)); i > 0; i--) {
    const [x, y, length] = [real(random, 0, canvas.width), real(random, -5, canvas.height), real(random, 0.1, 0.5) * canvas.height]
    fill(canvas, [[x, y, x + 0.8, y, x + 0.8 + lean * length, y + length, x + lean * length, y + length]], real(random, 150, 240), real(random, 0.12, 0.5))
  }
}

/** A plate lit by the camera's own lamp: it glows into what surrounds it. */
export function bloom (canvas: Canvas, random: Random): void {
  const glow: Canvas = { ...canvas, data: canvas.data.map(light => Math.max(light - 140, 0)) }
  blur(glow, canvas.height * real(random, 0.03, 0.08))
  const strength = real(random, 0.3, 0.9)
  for (let i = 0; i < canvas.data.length; i++) canvas.data[i]! += glow.data[i]! * strength
}

function blob (random: Random, x: number, y: number, radius: number): number[] {
  const corners = 9
  const contour: number[] = []
  for (let i = 0; i < corners; i++) {
    const [angle, reach] = [2 * Math.PI * i / corners, radius * real(random, 0.5, 1.4)]
    contour.push(x + reach * 1.4 * Math.cos(angle), y + reach * Math.sin(angle))
  }
  return contour
}

/** Some weather, or none; most pictures have little of it. */
export function weather (canvas: Canvas, random: Random): void {
  if (likely(random, 0.5)) shade(canvas, random)
  if (likely(random, 0.14)) soil(canvas, random)
  if (likely(random, 0.05)) snow(canvas, random)
  if (likely(random, 0.16)) castShadow(canvas, random)
  if (likely(random, 0.1)) glare(canvas, random)
  if (likely(random, 0.08)) bloom(canvas, random)
  if (likely(random, 0.05)) rain(canvas, random)
}
