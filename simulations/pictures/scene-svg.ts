/**
 * What scenes are drawn with before they are pixels: vector pictures in shades of gray, as text, and the one place that
 * turns them into pixels. Invariant: no text elements and no fonts, so that a picture does not depend on what is
 * installed where it is drawn.
 */
import sharp from 'sharp'

/** Gray from 0 (black) to 255. */
export type Tone = number
/** A picture with holes: `alpha` says how much of each pixel is there, 0 to 255. Row by row, without padding. */
export interface Sprite { readonly width: number, readonly height: number, readonly gray: Uint8Array, readonly alpha: Uint8Array }

export const gray = (tone: Tone): string => {
  const level = Math.round(Math.min(Math.max(tone, 0), 255))
  return `rgb(${level},${level},${level})`
}
const short = (value: number): string => String(Math.round(value * 10) / 10)

/** What a shape is painted with; a gradient is named by its id. */
export interface Paint { readonly fill?: Tone | string, readonly stroke?: Tone, readonly width?: number, readonly opacity?: number }

const painted = ({ fill, stroke, width = 1, opacity = 1 }: Paint): string =>
  `fill="${fill === undefined ? 'none' : typeof fill === 'string' ? `url(#${fill})` : gray(fill)}"${stroke === undefined ? '' : ` stroke="${gray(stroke)}" stroke-width="${short(width)}"`}${opacity === 1 ? '' : ` opacity="${short(opacity * 10) === '0' ? 0.05 : Math.round(opacity * 100) / 100}"`}`

export const rect = (x: number, y: number, width: number, height: number, paint: Paint, radius = 0): string =>
  `<rect x="${short(x)}" y="${short(y)}" width="${short(Math.max(width, 0))}" height="${short(Math.max(height, 0))}"${radius > 0 ? ` rx="${short(radius)}"` : ''} ${painted(paint)}/>`

export const ellipse = (x: number, y: number, across: number, down: number, paint: Paint): string =>
  `<ellipse cx="${short(x)}" cy="${short(y)}" rx="${short(Math.abs(across))}" ry="${short(Math.abs(down))}" ${painted(paint)}/>`

export const path = (d: string, paint: Paint): string => `<path d="${d}" stroke-linecap="round" stroke-linejoin="round" ${painted(paint)}/>`

/** x0, y0, x1, y1 …, closed. */
export const polygon = (points: readonly number[], paint: Paint): string => `<polygon points="${points.map(short).join(' ')}" ${painted(paint)}/>`
export const line = (x0: number, y0: number, x1: number, y1: number, paint: Paint): string => path(`M${short(x0)} ${short(y0)}L${short(x1)} ${short(y1)}`, paint)

/** From top to bottom, or from left to right. */
export const gradient = (id: string, tones: readonly Tone[], isAcross = false): string =>
  `<linearGradient id="${id}" x1="0" y1="0" x2="${isAcross ? 1 : 0}" y2="${isAcross ? 0 : 1}">${tones.map((tone, at) => `<stop offset="${short(at / (tones.length - 1) * 100)}%" stop-color="${gray(tone)}"/>`).join('')}</linearGradient>`

/** Shapes with their places moved, turned (degrees) and leaned. */
export const placed = (x: number, y: number, shapes: string, { turn = 0, lean = 0, scale = 1 } = {}): string =>
  `<g transform="translate(${short(x)} ${short(y)})${turn === 0 ? '' : ` rotate(${short(turn)})`}${lean === 0 ? '' : ` skewY(${short(lean)})`}${scale === 1 ? '' : ` scale(${scale})`}">${shapes}</g>`

/** As pixels. `view` is the width and height that the shapes are drawn in. */
export async function rasterise (shapes: string, view: readonly [number, number], width: number): Promise<Sprite> {
  const height = Math.max(1, Math.round(width * view[1] / view[0]))
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${short(view[0])} ${short(view[1])}" preserveAspectRatio="none">${shapes}</svg>`
  const { data, info } = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const sprite = { width: info.width, height: info.height, gray: new Uint8Array(info.width * info.height), alpha: new Uint8Array(info.width * info.height) }
  for (let at = 0; at < sprite.gray.length; at++) {
    sprite.gray[at] = data[4 * at]!
    sprite.alpha[at] = data[4 * at + 3]!
  }
  return sprite
}
