/**
 * What a camera does to light on its way to a file: blur, noise, exposure, sharpening, compression. All in place on a
 * canvas, the same for the same stream of chance.
 */
import type { Random } from '../random.ts'
import type { Canvas } from './canvas.ts'
import { real } from './chance.ts'

/** A lens out of focus; `sigma` in pixels. */
export function blur (canvas: Canvas, sigma: number): void {
  if (sigma < 0.2) return
  const reach = Math.max(Math.ceil(sigma * 2.5), 1)
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)))
  const total = kernel.reduce((sum, share) => sum + share, 0)
  for (let i = 0; i < kernel.length; i++) kernel[i]! /= total
  convolve(canvas, kernel, 1, canvas.width, canvas.height, canvas.width)
  convolve(canvas, kernel, canvas.width, canvas.height, canvas.width, 1)
}

/** Lines of `length` pixels, `step` apart within a line and `next` apart between lines; beyond the ends the last pixel goes on. */
function convolve ({ data }: Canvas, kernel: Float64Array, step: number, length: number, lines: number, next: number): void {
  const reach = (kernel.length - 1) / 2
  const line = new Float64Array(length + 2 * reach)
  for (let at = 0; at < lines; at++) {
    const start = at * next
    for (let i = -reach; i < length + reach; i++) line[i + reach] = data[start + Math.min(Math.max(i, 0), length - 1) * step]!
    for (let i = 0; i < length; i++) {
      let sum = 0
      for (let k = 0; k < kernel.length; k++) sum += kernel[k]! * line[i + k]!
      data[start + i * step] = sum
    }
  }
}

/** Something moved while the shutter was open: `dx`, `dy` pixels. */
export function smear (canvas: Canvas, dx: number, dy: number): void {
  const steps = Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) * 1.5)
  if (steps < 2) return
  const { width, height } = canvas
  const sharp = canvas.data.slice()
  canvas.data.fill(0)
  for (let step = 0; step < steps; step++) {
    const share = step / (steps - 1) - 0.5
    const [x, y] = [Math.round(dx * share), Math.round(dy * share)]
    for (let row = 0, at = 0; row < height; row++) {
      const source = Math.min(Math.max(row + y, 0), height - 1) * width
      for (let column = 0; column < width; column++, at++) canvas.data[at]! += sharp[source + Math.min(Math.max(column + x, 0), width - 1)]! / steps
    }
  }
}

/** The bright edges that cameras draw to look crisp. */
export function sharpen (canvas: Canvas, amount: number): void {
  const soft: Canvas = { ...canvas, data: canvas.data.slice() }
  blur(soft, 1)
  for (let i = 0; i < canvas.data.length; i++) canvas.data[i] = Math.min(Math.max(canvas.data[i]! + amount * (canvas.data[i]! - soft.data[i]!), 0), 255)
}

/** Contrast about `middle`, then brightness, then a curve. */
export function expose ({ data }: Canvas, contrast: number, middle: number, brighter: number, gamma: number): void {
  const curve = Float32Array.from({ length: 1025 }, (_, i) => 255 * Math.pow(i / 1024, gamma))
  for (let i = 0; i < data.length; i++) {
    const light = Math.min(Math.max((data[i]! - middle) * contrast + middle + brighter, 0), 255)
    data[i] = curve[Math.round(light / 255 * 1024)]!
  }
}

/** Light turned to dark: some night cameras, and plates whose paint shines at their lamps. */
export function invert ({ data }: Canvas): void {
  for (let i = 0; i < data.length; i++) data[i] = 255 - data[i]!
}

/** Noise of the sensor; `deviation` in levels of light. */
export function addNoise ({ data }: Canvas, random: Random, deviation: number): void {
  let state = random.uint32() | 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  }
  // Two 16-bit halves of each draw, twice: a sum of four even draws is near enough to normal.
  const scale = deviation * Math.sqrt(3) / 2 ** 16
  for (let i = 0; i < data.length; i++) {
    const [a, b] = [next(), next()]
    data[i]! += ((a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16) - 2 ** 17) * scale
  }
}

/** Luminance table of ITU-T T.81 annex K.1, row by row. */
const JPEG_TABLE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99
]
const BLOCK = 8
const COSINES = Float64Array.from({ length: BLOCK * BLOCK }, (_, i) => {
  const [frequency, at] = [Math.floor(i / BLOCK), i % BLOCK]
  return (frequency === 0 ? Math.sqrt(1 / BLOCK) : Math.sqrt(2 / BLOCK)) * Math.cos((2 * at + 1) * frequency * Math.PI / (2 * BLOCK))
})

/** What JPEG or a video codec loses at a quality from 1 to 100: coefficients of 8 × 8 blocks rounded to the table's steps. */
export function compress (canvas: Canvas, quality: number, random: Random): void {
  const scale = quality < 50 ? 50 / quality : 2 - quality / 50
  const steps = JPEG_TABLE.map(step => Math.max(step * scale, 1))
  const [shiftX, shiftY] = [random.integer(BLOCK), random.integer(BLOCK)]
  for (let y = -shiftY; y < canvas.height; y += BLOCK) for (let x = -shiftX; x < canvas.width; x += BLOCK) compressBlock(canvas, x, y, steps)
}

const block = new Float64Array(BLOCK * BLOCK)
const scratch = new Float64Array(BLOCK * BLOCK)

function compressBlock ({ width, height, data }: Canvas, x: number, y: number, steps: readonly number[]): void {
  for (let i = 0; i < 64; i++) block[i] = data[Math.min(Math.max(y + (i >> 3), 0), height - 1) * width + Math.min(Math.max(x + (i & 7), 0), width - 1)]! - 128
  multiply(COSINES, block, scratch, false)
  multiply(COSINES, scratch, block, false)
  for (let i = 0; i < 64; i++) block[i] = Math.round(block[i]! / steps[i]!) * steps[i]!
  multiply(COSINES, block, scratch, true)
  multiply(COSINES, scratch, block, true)
  for (let i = 0; i < 64; i++) {
    const [row, column] = [y + (i >> 3), x + (i & 7)]
    if (row >= 0 && row < height && column >= 0 && column < width) data[row * width + column] = block[i]! + 128
  }
}

/** `to` becomes the transpose of matrix × from (or of its inverse), so that two calls transform rows and columns. */
function multiply (matrix: Float64Array, from: Float64Array, to: Float64Array, inverse: boolean): void {
  for (let row = 0; row < BLOCK; row++) {
    for (let column = 0; column < BLOCK; column++) {
      let sum = 0
      for (let k = 0; k < BLOCK; k++) sum += (inverse ? matrix[k * BLOCK + row]! : matrix[row * BLOCK + k]!) * from[k * BLOCK + column]!
      to[column * BLOCK + row] = sum
    }
  }
}

/** Brightest and darkest light, for exposure about their middle. */
export function rangeOf ({ data }: Canvas): readonly [number, number] {
  let low = 255
  let high = 0
  for (let i = 0; i < data.length; i++) {
    if (data[i]! < low) low = data[i]!
    if (data[i]! > high) high = data[i]!
  }
  return [low, high]
}

/** A run of what cameras do, from almost nothing to almost unreadable; `size` is the height of a line of text in pixels, which bounds the blur. */
export function photograph (canvas: Canvas, random: Random, size: number): void {
  const at = (likelihood: number): boolean => real(random, 0, 1) < likelihood
  if (at(0.55)) blur(canvas, real(random, 0.3, Math.min(0.35 + size * 0.045, 2.4)))
  if (at(0.25)) smear(canvas, real(random, -1, 1) * size * 0.16, real(random, -1, 1) * size * 0.07)
  const [low, high] = rangeOf(canvas)
  if (at(0.75)) expose(canvas, real(random, 0.25, 1.2), (low + high) / 2, real(random, -50, 40), Math.pow(2, real(random, -0.8, 0.8)))
  if (at(0.05)) invert(canvas)
  if (at(0.3)) sharpen(canvas, real(random, 0.3, 2.2))
  const [dark, bright] = rangeOf(canvas)
  if (at(0.7)) addNoise(canvas, random, real(random, 0.2, 1) ** 2 * (1.5 + (bright - dark) * (size < 16 ? 0.03 : 0.055)))
  if (at(0.55)) compress(canvas, real(random, 12, 92), random)
}
