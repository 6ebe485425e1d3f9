/**
 * One number plate, flat and clean, as a picture of about 96 pixels a line, with the place of every character. The same
 * stream of chance and the same wishes give the same plate. Nothing is drawn with fonts of the machine.
 */
import type { GrayImage } from '../../node/recognition/image.ts'
import type { Random } from '../random.ts'
import { createCanvas, ellipse, fill, fillBox, imageOf, roundBox, type Canvas } from './canvas.ts'
import { likely, pickWeighted, real } from './chance.ts'
import { createFace, type Face } from './glyphs.ts'
import { drawBand, drawLabel, drawRight, drawScrews, drawSeal, drawWords, type Box } from './plate-details.ts'
import { COUNTRY_WEIGHTS, LOOKS, lookOf, type Ground, type Ink, type Look, type Series } from './plate-looks.ts'
import { STYLES } from './plate-styles.ts'
import { signsOfChance, signsOfSeries, signsOfText, textOf, type Sign } from './plate-text.ts'

export interface PlateWishes {
  /** ISO 3166-1 alpha-2 of LOOKS; drawn when absent. */
  readonly country?: string
  /** As on the plate: letters, digits, spaces, hyphens, `|` before a second line. Drawn from the country's series when absent. */
  readonly text?: string
  /** Letters of this face instead of the country's own style. */
  readonly face?: Face
  /** Share of plates with letters and digits in any order, 0 when absent. */
  readonly anyText?: number
  /** Share of plates whose letters are of any shape, 0 when absent. */
  readonly anyStyle?: number
}

/** Where a character stands, in pixels of the picture; `line` counts from 0. */
export interface PlacedCharacter { readonly char: string, readonly line: number, readonly x0: number, readonly y0: number, readonly x1: number, readonly y1: number }

/** `text` is without separators; `country` is absent where nothing on the plate can tell it. */
export interface Plate {
  readonly picture: GrayImage
  readonly text: string
  readonly country: string | undefined
  readonly lines: 1 | 2
  readonly characters: readonly PlacedCharacter[]
}

/** Pixels for the 110 mm of a usual line. */
const LINE_PIXELS = 96
const PIXELS_PER_MM = LINE_PIXELS / 110
const OLDER_SHARE = 0.25
const LABEL_SHARE = 0.07

type Range = readonly [number, number]

const GROUNDS: Record<Ground, Range> = { white: [205, 250], yellow: [150, 215], black: [12, 45], green: [110, 170], blue: [40, 80], red: [50, 90] }
const INKS: Record<Ink, Range> = { black: [5, 50], white: [200, 245], red: [45, 105], blue: [35, 85], green: [50, 100] }

/** Shares of the cap height. */
const GAPS: Record<'gap' | 'hyphen' | 'dot' | 'seal', Range> = { gap: [0.3, 0.6], hyphen: [0.36, 0.52], dot: [0.2, 0.34], seal: [0.42, 0.62] }

/** @throws RangeError for a country without a look or a text that no plate can carry */
export function drawPlate (random: Random, wishes: PlateWishes = {}): Plate {
  const look = wishes.country === undefined ? pickWeighted(random, LOOKS.map(look => ({ look, weight: COUNTRY_WEIGHTS[look.country] ?? 1 }))).look : lookOf(wishes.country)
  if (look === undefined) throw new RangeError('no look of that country')
  const series = pickWeighted(random, look.series)
  const isAny = wishes.text === undefined && likely(random, wishes.anyText ?? 0)
  const signs = wishes.text !== undefined ? signsOfText(wishes.text) : isAny ? signsOfChance(random) : signsOfSeries(random, look, series)
  const isBanded = likely(random, wishes.text !== undefined ? 1 : look.banded) && look.banded > 0
  const styleName = look.olderStyle !== undefined && likely(random, OLDER_SHARE) ? look.olderStyle : look.style
  const style = likely(random, wishes.anyStyle ?? 0) ? STYLES.any : STYLES[styleName]
  const face = wishes.face ?? createFace(random, style, style === STYLES.any ? 0.6 : 0.1)
  const sheet = startSheet(random, look, series, signs.length)
  const area = drawGround(sheet, random, look, face, isBanded, signs.length)
  const characters = signs.flatMap((line, at) => drawLine(sheet, random, look, face, line, at, lineBox(random, at === 0 ? area.first : area.second, at, signs.length)))
  if (likely(random, 0.35)) drawScrews(sheet.canvas, random)
  return { picture: imageOf(sheet.canvas), text: textOf(signs), country: isAny && !isBanded ? undefined : look.country, lines: signs.length === 2 ? 2 : 1, characters }
}

interface Sheet { readonly canvas: Canvas, readonly ground: number, readonly ink: number, readonly band: number, readonly embossed: number }

function startSheet (random: Random, look: Look, series: Series, lines: number): Sheet {
  const groundName = series.ground ?? random.pick(look.ground)
  const inkName = series.ink ?? (groundName === 'black' || groundName === 'blue' || groundName === 'red' ? 'white' : look.ink)
  const [width, height] = sizeInMm(random, look, lines)
  const ground = real(random, ...GROUNDS[groundName])
  const canvas = createCanvas(Math.round(width * PIXELS_PER_MM), Math.round(height * PIXELS_PER_MM), ground)
  return { canvas, ground, ink: real(random, ...INKS[inkName]), band: real(random, 35, 110), embossed: likely(random, 0.5) ? real(random, 0.1, 0.7) : 0 }
}

function sizeInMm (random: Random, look: Look, lines: number): readonly [number, number] {
  if (lines === 2) return likely(random, 0.5) ? [real(random, 165, 230), real(random, 120, 200)] : [real(random, 240, 345), real(random, 145, 215)]
  if (look.country === 'CH') return likely(random, 0.5) ? [300, 80] : [500, 110]
  return [likely(random, 0.8) ? real(random, 505, 525) : real(random, 340, 480), real(random, 106, 118)]
}

/** What is left for the text of each line: a band or a panel of half the height leaves the second line more. */
interface Areas { readonly first: Box, readonly second: Box }

/** Rim, band and panels. */
function drawGround (sheet: Sheet, random: Random, look: Look, face: Face, isBanded: boolean, lines: number): Areas {
  const { canvas, ground, ink, band } = sheet
  const { width, height } = canvas
  const line = real(random, 1.2, 3.2)
  drawRim(sheet, random, look, line)
  const bandWidth = lines === 2 ? width * real(random, 0.11, 0.2) : LINE_PIXELS * real(random, 0.4, 0.5)
  const whole = { x0: line * 2, y0: line, x1: width - line * 2, y1: height - line }
  let [first, second] = [whole, whole]
  const isShort = lines === 2 && likely(random, 0.5)
  if (isBanded) {
    drawBand(canvas, random, look, face, { x0: line, y0: line, x1: line + bandWidth, y1: isShort ? height * 0.5 : height - line }, band)
    first = { ...first, x0: line + bandWidth }
    if (!isShort) second = { ...second, x0: line + bandWidth }
  }
  if (look.right !== 'none' && isBanded && likely(random, lines === 2 ? 0.6 : 0.75)) {
    const rightWidth = lines === 2 ? bandWidth : LINE_PIXELS * real(random, 0.36, 0.48)
    drawRight(canvas, random, look, face, { x0: width - line - rightWidth, y0: line, x1: width - line, y1: isShort ? height * 0.5 : height - line }, band, ink, ground)
    first = { ...first, x1: width - line - rightWidth }
    if (!isShort) second = { ...second, x1: width - line - rightWidth }
  } else if (likely(random, LABEL_SHARE)) {
    const [labelWidth, top] = [LINE_PIXELS * real(random, 0.3, 0.5), height * real(random, 0.08, 0.2)]
    drawLabel(canvas, random, face, { x0: width - line * 2 - labelWidth, y0: top, x1: width - line * 2, y1: lines === 2 ? height * 0.45 : height - top }, ink, ground)
    first = { ...first, x1: width - line * 2 - labelWidth }
  }
  const heading = look.heading ? height * 0.12 : 0
  if (heading > 0) drawWords(canvas, face, 'BAILE ATHA CLIATH'.slice(0, random.between(4, 17)).trim(), { x0: first.x0 + 20, y0: line + 3, x1: first.x1 - 20, y1: line + heading }, (ink + ground) / 2)
  return { first: { ...first, y0: line + heading }, second: { ...second, y0: line + heading } }
}

function drawRim ({ canvas: { width, height }, canvas, ground, ink }: Sheet, random: Random, look: Look, line: number): void {
  if (look.rim === 'none' ? !likely(random, 0.1) : !likely(random, 0.8)) return
  const tone = look.rim === 'coloured' ? real(random, 60, 140) : ink
  const inset = real(random, 0.5, 4)
  fill(canvas, [roundBox(inset, inset, width - inset, height - inset, 7), roundBox(inset + line, inset + line, width - inset - line, height - inset - line, 6, false)], tone, real(random, 0.5, 1))
  if (look.country === 'AT') for (const y of [height * 0.06, height * 0.9]) fillBox(canvas, 4, y, width - 4, y + height * 0.04, (tone + ground) / 2)
}

function lineBox (random: Random, { x0, y0, x1, y1 }: Box, line: number, lines: number): Box {
  const height = y1 - y0
  if (lines === 1) {
    const cap = height * real(random, 0.66, 0.8)
    const top = y0 + (height - cap) * real(random, 0.4, 0.6)
    return { x0, y0: top, x1, y1: top + cap }
  }
  const middle = y0 + height * real(random, 0.48, 0.52)
  const cap = (line === 0 ? middle - y0 : y1 - middle) * real(random, 0.72, 0.86)
  const top = line === 0 ? middle - cap - height * 0.03 : middle + height * 0.03
  return { x0, y0: top, x1, y1: top + cap }
}

/** A sign with the room that it takes, in pixels. */
interface Piece { readonly sign: Sign, readonly width: number }

function drawLine (sheet: Sheet, random: Random, look: Look, face: Face, signs: readonly Sign[], line: number, box: Box): PlacedCharacter[] {
  const cap = box.y1 - box.y0
  const between = cap * real(random, 0.11, 0.22)
  const pieces = signs.map(sign => ({ sign, width: cap * (sign.kind === 'char' ? face(sign.char).width * (sign.small === true ? 0.76 : 1) : real(random, ...GAPS[sign.kind])) }))
  const natural = pieces.reduce((sum, { width }) => sum + width + between, -between)
  const room = (box.x1 - box.x0) * 0.96 - cap * 0.1
  const stretch = natural > room ? room / natural : Math.min(room / natural, real(random, 1, 1.14))
  const slack = Math.max(room - natural * stretch, 0)
  const extra = likely(random, 0.6) ? slack * real(random, 0, 0.75) / Math.max(pieces.length - 1, 1) : 0
  const used = natural * stretch + extra * (pieces.length - 1)
  let x = box.x0 + (box.x1 - box.x0 - used) * (likely(random, 0.75) ? 0.5 : real(random, 0.15, 0.85))
  const characters: PlacedCharacter[] = []
  for (const { sign, width } of pieces) {
    const place = { x0: x, y0: box.y0, x1: x + width * stretch, y1: box.y1 }
    const placed = drawSign(sheet, random, look, face, { sign, width: width * stretch }, place)
    if (placed !== undefined) characters.push({ ...placed, line })
    x = place.x1 + between * stretch + extra
  }
  return characters
}

function drawSign (sheet: Sheet, random: Random, look: Look, face: Face, { sign }: Piece, place: Box): Omit<PlacedCharacter, 'line'> | undefined {
  const { canvas, ink, ground } = sheet
  const [x, y, width, height] = [(place.x0 + place.x1) / 2, (place.y0 + place.y1) / 2, place.x1 - place.x0, place.y1 - place.y0]
  if (sign.kind === 'char') {
    const top = sign.small === true ? place.y0 + height * 0.04 : place.y0
    const box = { x0: place.x0, y0: top, x1: place.x1, y1: sign.small === true ? top + height * 0.76 : place.y1 }
    drawCharacter(sheet, face, sign.char, box)
    return { char: sign.char, ...box }
  }
  if (sign.kind === 'hyphen') fillBox(canvas, place.x0 + width * 0.1, y - height * 0.07, place.x1 - width * 0.1, y + height * 0.07, ink)
  else if (sign.kind === 'dot') fill(canvas, [ellipse(x, y + height * real(random, -0.1, 0.3), Math.min(width / 3, height * 0.09))], ink)
  else if (sign.kind === 'seal') drawSeal(canvas, random, face, look.seal, place, ink, ground)
  return undefined
}

/** Pressed letters catch light on one side and throw a shadow on the other. */
function drawCharacter ({ canvas, ground, ink, embossed }: Sheet, face: Face, char: string, { x0, y0, x1, y1 }: Box): void {
  const { width, contours } = face(char)
  const [across, down] = [(x1 - x0) / width, y1 - y0]
  const at = (shift: number): number[][] => contours.map(contour => {
    const moved = new Array<number>(contour.length)
    for (let i = 0; i < contour.length; i += 2) { moved[i] = x0 + contour[i]! * across + shift; moved[i + 1] = y0 + contour[i + 1]! * down + shift }
    return moved
  })
  if (embossed > 0) {
    fill(canvas, at(1.8), Math.max(ground - 90, 0), embossed)
    fill(canvas, at(-1.4), Math.min(ground + 40, 255), embossed)
  }
  fill(canvas, at(0), ink)
}
