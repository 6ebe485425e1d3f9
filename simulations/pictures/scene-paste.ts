/**
 * Sprites laid into a scene at any size and angle. Each sprite is kept at halving sizes, so that a pixel of the scene
 * takes one look at the size that fits it: a scene costs milliseconds, whatever the sprites' own sizes.
 */
import type { Corners } from '../../node/recognition/corners.ts'
import type { GrayImage } from '../../node/recognition/image.ts'
import type { Canvas } from './canvas.ts'
import { inverted, perspectiveTo } from './perspective.ts'
import type { Sprite } from './scene-svg.ts'

/** A sprite and its halves, largest first. */
export type Layers = readonly Sprite[]

const SMALLEST_SIDE = 6

export function layersOf (sprite: Sprite): Layers {
  const layers = [sprite]
  for (let last = sprite; last.width >= 2 * SMALLEST_SIDE && last.height >= 2 * SMALLEST_SIDE;) layers.push(last = halved(last))
  return layers
}

function halved ({ width, height, gray, alpha }: Sprite): Sprite {
  const [wide, high] = [width >> 1, height >> 1]
  const half = { width: wide, height: high, gray: new Uint8Array(wide * high), alpha: new Uint8Array(wide * high) }
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      const at = 2 * row * width + 2 * column
      const a = alpha[at]!
      const b = alpha[at + 1]!
      const c = alpha[at + width]!
      const d = alpha[at + width + 1]!
      const sum = a + b + c + d
      half.alpha[row * wide + column] = (sum + 2) >> 2
      half.gray[row * wide + column] = sum === 0 ? 0 : (a * gray[at]! + b * gray[at + 1]! + c * gray[at + width]! + d * gray[at + width + 1]!) / sum + 0.5
    }
  }
  return half
}

/** A picture without holes, given an empty edge of one pixel so that it is pasted with soft sides. */
export function spriteOf ({ width, height, data }: GrayImage): Sprite {
  const sprite = { width: width + 2, height: height + 2, gray: new Uint8Array((width + 2) * (height + 2)), alpha: new Uint8Array((width + 2) * (height + 2)) }
  for (let row = 0; row < height + 2; row++) {
    for (let column = 0; column < width + 2; column++) {
      const at = row * (width + 2) + column
      sprite.gray[at] = data[Math.min(Math.max(row - 1, 0), height - 1) * width + Math.min(Math.max(column - 1, 0), width - 1)]!
      sprite.alpha[at] = row > 0 && row <= height && column > 0 && column <= width ? 255 : 0
    }
  }
  return sprite
}

/** How a sprite's shades become light: `gray × gain + lift`, laid on with a share of `opacity`. */
export interface Shade { readonly gain: number, readonly lift?: number, readonly opacity?: number }

const length = (x: number, y: number): number => Math.sqrt(x * x + y * y)

/** Pastes the sprite so that its corners lie where they are told; what is outside the canvas is left out. */
export function pasteLayers (canvas: Canvas, layers: Layers, corners: Corners, { gain, lift = 0, opacity = 1 }: Shade): void {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = corners
  const finer = Math.min(layers[0]!.width / Math.max(length(x1 - x0, y1 - y0), length(x2 - x3, y2 - y3), 1), layers[0]!.height / Math.max(length(x3 - x0, y3 - y0), length(x2 - x1, y2 - y1), 1))
  const sprite = layers[Math.min(Math.max(Math.floor(Math.log2(finer) + 0.35), 0), layers.length - 1)]!
  const [a, b, c, d, e, f, g, h, i] = inverted(perspectiveTo(corners))
  const first = Math.max(Math.floor(Math.min(x0, x1, x2, x3)), 0)
  const end = Math.min(Math.ceil(Math.max(x0, x1, x2, x3)), canvas.width)
  const [top, bottom] = [Math.max(Math.floor(Math.min(y0, y1, y2, y3)), 0), Math.min(Math.ceil(Math.max(y0, y1, y2, y3)), canvas.height)]
  const { width, height, gray, alpha } = sprite
  const lastColumn = width - 1.001
  const lastRow = height - 1.001
  const weight = opacity / 255
  const light = canvas.data
  for (let row = top; row < bottom; row++) {
    for (let column = first, at = row * canvas.width + first; column < end; column++, at++) {
      const x = column + 0.5
      const y = row + 0.5
      const w = 1 / (g * x + h * y + i)
      const u = (a * x + b * y + c) * w
      const v = (d * x + e * y + f) * w
      if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1)) continue
      const across = Math.min(Math.max(u * width - 0.5, 0), lastColumn)
      const down = Math.min(Math.max(v * height - 0.5, 0), lastRow)
      const from = (down | 0) * width + (across | 0)
      const right = across - (across | 0)
      const below = down - (down | 0)
      const nw = (1 - right) * (1 - below)
      const ne = right * (1 - below)
      const sw = (1 - right) * below
      const se = right * below
      const share = (alpha[from]! * nw + alpha[from + 1]! * ne + alpha[from + width]! * sw + alpha[from + width + 1]! * se) * weight
      if (share === 0) continue
      const shade = (gray[from]! * nw + gray[from + 1]! * ne + gray[from + width]! * sw + gray[from + width + 1]! * se) * gain + lift
      light[at] = light[at]! + (shade - light[at]!) * share
    }
  }
}
