/**
 * Letters of open fonts as faces for plates, for training only: the more shapes a reader has met, the less a country's own
 * face surprises it. Fonts come from `package.json` beside this file (SIL Open Font License); the product never loads one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import opentype, { type Font, type PathCommand } from 'opentype.js'
import type { Random } from '../random.ts'
import { real } from '../pictures/chance.ts'
import type { Face, Outline } from '../pictures/glyphs.ts'

const FOLDER = join(import.meta.dirname, 'node_modules', '@fontsource')
/** Weights of the fonts that look like a plate's letters. */
const FILES = /-latin-(?:400|500|600|700|800)-normal\.woff$/
const CURVE_STEPS = 6

export interface OpenFont { readonly name: string, readonly glyph: (char: string) => Outline }

/** Every font that is installed, in the order of their names; empty when none is. */
export function openFonts (): OpenFont[] {
  let packages: string[]
  try { packages = readdirSync(FOLDER).sort() } catch { return [] }
  return packages.flatMap(name => readdirSync(join(FOLDER, name, 'files')).filter(file => FILES.test(file)).sort().map(file => loadFont(join(FOLDER, name, 'files', file), file)))
}

function loadFont (path: string, name: string): OpenFont {
  const bytes = readFileSync(path)
  const font = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer)
  const cap = font.charToGlyph('H').getPath(0, 0, 1000).getBoundingBox()
  const capHeight = -cap.y1
  const known = new Map<string, Outline>()
  return {
    name,
    glyph: char => {
      let outline = known.get(char)
      if (outline === undefined) known.set(char, outline = outlineOf(font, char, capHeight))
      return outline
    }
  }
}

/** Lower than capitals where a letter goes below the line, squeezed into the cap height where dots stand above it. */
function outlineOf (font: Font, char: string, capHeight: number): Outline {
  const path = font.charToGlyph(char).getPath(0, 0, 1000)
  const { x1, x2, y1 } = path.getBoundingBox()
  const squeeze = Math.max(1, -y1 / capHeight > 1.1 ? -y1 / capHeight : 1)
  const contours = contoursOf(path.commands).map(contour => contour.map((value, at) => at % 2 === 1 ? 1 + value / capHeight / squeeze : (value - x1) / capHeight))
  return { width: Math.max((x2 - x1) / capHeight, 0.05), contours }
}

function contoursOf (commands: readonly PathCommand[]): number[][] {
  const contours: number[][] = []
  let contour: number[] = []
  for (const command of commands) {
    if (command.type === 'M') { contour = [command.x, command.y]; contours.push(contour); continue }
    if (command.type === 'Z') continue
    const [x, y] = contour.slice(-2) as [number, number]
    if (command.type === 'L') contour.push(command.x, command.y)
    else for (let step = 1; step <= CURVE_STEPS; step++) contour.push(...onCurve(command, x, y, step / CURVE_STEPS))
  }
  return contours
}

function onCurve (command: PathCommand, x: number, y: number, t: number): readonly [number, number] {
  const s = 1 - t
  if (command.type === 'Q') return [s * s * x + 2 * s * t * command.x1 + t * t * command.x, s * s * y + 2 * s * t * command.y1 + t * t * command.y]
  if (command.type === 'C') {
    const [a, b, c, d] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t]
    return [a * x + b * command.x1 + c * command.x2 + d * command.x, a * y + b * command.y1 + c * command.y2 + d * command.y]
  }
  return [x, y]
}

/** The font's letters, as wide as drawn. */
export function faceOf (random: Random, font: OpenFont): Face {
  const stretch = real(random, 0.8, 1.25)
  return char => {
    const { width, contours } = font.glyph(char)
    return { width: width * stretch, contours: contours.map(contour => contour.map((value, at) => at % 2 === 0 ? value * stretch : value)) }
  }
}
