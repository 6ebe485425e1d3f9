/**
 * The hour, the weather and the camera: what light does to a scene after everything is in its place. Works on light as
 * floats, so that lamps and fog add up before the sensor cuts them off.
 */
import type { Random } from '../random.ts'
import type { Canvas } from './canvas.ts'
import { likely, real, spread } from './chance.ts'

export const HOURS = ['day', 'dusk', 'night', 'infrared'] as const
export type Hour = typeof HOURS[number]
export interface Light {
  readonly hour: Hour
  /** Of everything but plates and lamps. */
  readonly gain: number
  /** Of plates: they shine back what shines at them. */
  readonly plateGain: number
  /** What a lamp adds at its middle; 0 when it is off. */
  readonly lamp: number
}

export function chooseLight (random: Random, hour: Hour = random.pick(['day', 'day', 'day', 'dusk', 'dusk', 'night', 'infrared'])): Light {
  const gain = { day: real(random, 0.55, 1.15), dusk: real(random, 0.3, 0.7), night: real(random, 0.06, 0.35), infrared: real(random, 0.04, 0.3) }[hour]
  const plateGain = { day: gain * real(random, 0.6, 1.15), dusk: gain * real(random, 0.6, 1.5), night: real(random, 0.25, 1.1), infrared: real(random, 0.6, 1.5) }[hour]
  const isLit = likely(random, { day: 0.25, dusk: 0.8, night: 0.9, infrared: 0.5 }[hour])
  return { hour, gain, plateGain, lamp: isLit ? real(random, 40, 420) : 0 }
}

/** A lamp's light about it, falling with the square of the distance. */
export function glow (canvas: Canvas, x: number, y: number, radius: number, strength: number): void {
  const reach = radius * 6
  const [left, right] = [Math.max(Math.floor(x - reach), 0), Math.min(Math.ceil(x + reach), canvas.width)]
  const [top, bottom] = [Math.max(Math.floor(y - reach), 0), Math.min(Math.ceil(y + reach), canvas.height)]
  for (let row = top; row < bottom; row++) {
    for (let column = left, at = row * canvas.width + left; column < right; column++, at++) {
      const far = ((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2) / (radius * radius)
      if (far < 36) canvas.data[at]! += strength * (1 / (1 + far * far * 0.25) - 0.003)
    }
  }
}

function fog (random: Random, { width, height, data }: Canvas): void {
  const [level, upper, lower] = [real(random, 90, 230), real(random, 0.1, 0.7), real(random, 0, 0.4)]
  for (let row = 0; row < height; row++) {
    const share = upper + (lower - upper) * row / height
    for (let at = row * width; at < (row + 1) * width; at++) data[at]! += (level - data[at]!) * share
  }
}

/** Streaks or flakes: `count` strokes of a length and slope. */
function falling (random: Random, { width, height, data }: Canvas, isSnow: boolean): void {
  const count = random.between(20, Math.ceil(width * height / (isSnow ? 250 : 900)))
  const [length, slope, light] = [isSnow ? 1 : random.between(5, 26), real(random, -0.5, 0.5), real(random, 20, 140)]
  for (let stroke = 0; stroke < count; stroke++) {
    const [x, y, size] = [real(random, 0, width), real(random, 0, height), isSnow ? random.between(1, 3) : 1]
    for (let step = 0; step < length * size; step++) {
      const row = Math.floor(isSnow ? y + Math.floor(step / size) : y + step)
      const first = Math.floor(isSnow ? x : x + step * slope)
      for (let column = first; column < first + size && row < height; column++) if (column >= 0 && column < width) data[row * width + column]! += light
    }
  }
}

export function addWeather (random: Random, canvas: Canvas): void {
  if (likely(random, 0.08)) fog(random, canvas)
  if (likely(random, 0.06)) falling(random, canvas, false)
  if (likely(random, 0.05)) falling(random, canvas, true)
  if (likely(random, 0.06)) glow(canvas, real(random, 0, canvas.width), real(random, 0, canvas.height), real(random, 0.03, 0.2) * canvas.width, real(random, 60, 300))
}

/** Each line averaged over `reach` pixels to either side, by weights that fall to the ends. */
function blurLines (data: Float32Array, lines: number, length: number, lineStep: number, step: number, weights: readonly number[]): void {
  const reach = (weights.length - 1) / 2
  const kept = new Float32Array(length + 2 * reach)
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep
    for (let at = 0; at < kept.length; at++) kept[at] = data[start + Math.min(Math.max(at - reach, 0), length - 1) * step]!
    for (let at = 0; at < length; at++) {
      let sum = 0
      for (let k = 0; k < weights.length; k++) sum += kept[at + k]! * weights[k]!
      data[start + at * step] = sum
    }
  }
}

const even = (count: number): number[] => Array.from({ length: count }, () => 1 / count)
function bell (deviation: number): number[] {
  const reach = Math.max(1, Math.ceil(deviation * 2))
  const weights = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * deviation * deviation)))
  const whole = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map(weight => weight / whole)
}
const blurAcross = ({ width, height, data }: Canvas, weights: readonly number[]): void => blurLines(data, height, width, width, 1, weights)
const blurDown = ({ width, height, data }: Canvas, weights: readonly number[]): void => blurLines(data, width, height, 1, width, weights)

/** Lens and shutter: out of focus, or moved while it was open; sometimes made too sharp afterwards. */
export function addLens (random: Random, canvas: Canvas): void {
  const kind = real(random, 0, 1)
  if (kind < 0.3) {
    const weights = bell(real(random, 0.45, 1.3))
    blurAcross(canvas, weights)
    blurDown(canvas, weights)
  } else if (kind < 0.4) blurAcross(canvas, even(2 * random.between(1, 3) + 1))
  else if (kind < 0.45) blurDown(canvas, even(2 * random.between(1, 2) + 1))
  else if (kind < 0.6) sharpen(canvas, real(random, 0.2, 1.2))
}

function sharpen (canvas: Canvas, strength: number): void {
  const soft = { ...canvas, data: canvas.data.slice() }
  const weights = bell(0.9)
  blurAcross(soft, weights)
  blurDown(soft, weights)
  for (let at = 0; at < canvas.data.length; at++) canvas.data[at]! += (canvas.data[at]! - soft.data[at]!) * strength
}

const EXPOSED_SHARE = 0.02

/** As a camera does by itself: so that all but the brightest few pixels are below `level`. */
export function expose ({ data }: Canvas, level: number): void {
  const counts = new Uint32Array(256)
  for (let at = 0; at < data.length; at += 7) counts[data[at]! < 0 ? 0 : data[at]! > 255 ? 255 : data[at]! | 0]!++
  let left = data.length / 7 * EXPOSED_SHARE
  let brightest = 255
  while (brightest > 8 && (left -= counts[brightest]!) > 0) brightest--
  for (let at = 0; at < data.length; at++) data[at]! *= level / brightest
}

const GRAINS = 1 << 15
/** Noise with a deviation of one, drawn once a stream. */
export const grainsOf = (random: Random): Float32Array => Float32Array.from({ length: GRAINS }, () => spread(random))

/** Exposure, contrast, tone curve and noise of a sensor, in place. */
export function addSensor (random: Random, canvas: Canvas, grains: Float32Array): void {
  const { data } = canvas
  const [contrast, shift] = [likely(random, 0.6) ? real(random, 0.55, 1.3) : 1, likely(random, 0.6) ? real(random, -40, 40) : 0]
  const noise = likely(random, 0.6) ? Math.abs(spread(random)) * 7 : 0.5
  const power = likely(random, 0.4) ? real(random, 0.6, 1.6) : 1
  const curve = power === 1 ? undefined : Float32Array.from({ length: 256 }, (_, level) => 255 * (level / 255) ** power)
  let grain = random.integer(GRAINS)
  for (let at = 0; at < data.length; at++) {
    if (at % 2048 === 0) grain = random.integer(GRAINS)
    let light = (data[at]! - 128) * contrast + 128 + shift
    if (curve !== undefined) light = curve[light < 0 ? 0 : light > 255 ? 255 : light | 0]!
    data[at] = light + grains[(grain + at) & (GRAINS - 1)]! * noise
  }
}
