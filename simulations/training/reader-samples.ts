/**
 * Samples for the reader: plates photographed at an angle, in bad light and from afar, then cut out and straightened by the
 * very function that the product uses, with every character's column known. One plate gives several samples, since drawing
 * it costs more than photographing it. Same stream of chance, same samples.
 *
 * A label is LABEL_BYTES bytes: country (place in COUNTRIES + 1, 0 unknown), kind (0 no plate, 1 one line, 2 two lines), height
 * of a line in pixels when photographed, length of the text, its classes (TEXT_MAX), and the class of each of COLUMNS columns.
 * NOT_TRAINED stands wherever nothing is to be learned.
 */
import type { Corners } from '../../node/recognition/corners.ts'
import type { GrayImage } from '../../node/recognition/image.ts'
import { rectify } from '../../node/recognition/resample.ts'
import type { Random } from '../random.ts'
import { createCanvas, fill, fillBox, imageOf, type Canvas } from '../pictures/canvas.ts'
import { likely, real, spread } from '../pictures/chance.ts'
import { photograph } from '../pictures/degrade.ts'
import { createFace, PLATE_CHARACTERS, type Face } from '../pictures/glyphs.ts'
import { grown, inverted, paste, perspectiveTo, through } from '../pictures/perspective.ts'
import { COUNTRIES } from '../pictures/plate-looks.ts'
import { STYLES } from '../pictures/plate-styles.ts'
import { drawPlate, type PlacedCharacter, type Plate } from '../pictures/plate.ts'
import { weather } from '../pictures/weather.ts'
import { drawNegative, type Letters } from './reader-negatives.ts'

export const CROP_WIDTH = 192
export const CROP_HEIGHT = 48
export const COLUMNS = 48
export const TEXT_MAX = 12
export const NOT_TRAINED = 255
export const LABEL_BYTES = 4 + TEXT_MAX + COLUMNS

/** A crop grows beyond the plate by these shares of its width and height on each side. */
const MARGIN_X = 0.04
const MARGIN_Y = 0.08
/** Where a plate of two lines is cut: the upper part to here, the lower from there on. */
const UPPER_END = 0.54
const LOWER_START = 0.44
const UPRIGHT_SHARE = 0.25

export interface ReaderSample { readonly picture: Uint8Array, readonly label: Uint8Array }

/** Open fonts as faces, or none: the recipe works without them, with less variety. */
export interface FaceSource { readonly face: (random: Random) => Face, readonly letters: Letters, readonly weight: number }

export const classOf = (char: string): number => PLATE_CHARACTERS.indexOf(char) + 1

/** A handful of samples of one plate, or one that shows none. */
export function createSamples (random: Random, fonts: FaceSource | undefined): ReaderSample[] {
  if (likely(random, 0.2)) return [negativeSample(random, fonts?.letters ?? plainLetters(random))]
  const plate = drawPlate(random, { anyText: 0.3, anyStyle: 0.16, ...(fonts !== undefined && likely(random, fonts.weight) ? { face: fonts.face(random) } : {}) })
  const samples: ReaderSample[] = []
  for (let shot = plate.lines; shot <= 2; shot++) {
    const shot = shoot(random, plate)
    const { image, corners, lineHeight } = shot
    if (likely(random, 0.07)) { samples.push(misplacedSample(random, image, corners)); continue }
    const quad = cropOf(random, shot)
    if (plate.lines === 1) samples.push(cut(image, quad, plate, corners, lineHeight, 'one'))
    else samples.push(cut(image, quad, plate, corners, lineHeight, 'whole'), cut(image, part(quad, 0, UPPER_END), plate, corners, lineHeight, 0), cut(image, part(quad, LOWER_START, 1), plate, corners, lineHeight, 1))
  }
  return samples
}

function plainLetters (random: Random): Letters {
  const face = createFace(random, STYLES.any, 1)
  return char => PLATE_CHARACTERS.includes(char.toUpperCase()) ? face(char.toUpperCase()) : undefined
}

/** `isUpright`: it will be cut as the upright box around it. */
interface Shot { readonly image: GrayImage, readonly corners: Corners, readonly lineHeight: number, readonly isUpright: boolean }

/** The plate somewhere on something, as a camera saw it. */
function shoot (random: Random, plate: Plate): Shot {
  const lineHeight = 10 + 46 * real(random, 0, 1) ** 1.5
  const height = lineHeight * plate.picture.height / 96
  const width = height * plate.picture.width / plate.picture.height * real(random, 0.8, 1.12)
  const isUpright = likely(random, UPRIGHT_SHARE)
  const corners = placed(random, width, height, isUpright ? 0.14 : likely(random, 0.15) ? 0.2 : 0.06)
  const canvas = backdrop(random, Math.ceil(Math.max(corners[2], corners[4]) + Math.min(corners[0], corners[6])), Math.ceil(Math.max(corners[5], corners[7]) + Math.min(corners[1], corners[3])))
  if (likely(random, 0.45)) drawHolder(canvas, random, corners)
  paste(canvas, plate.picture, corners)
  weather(canvas, random)
  photograph(canvas, random, lineHeight)
  return { image: imageOf(canvas), corners, lineHeight, isUpright }
}

/** Corners of a plate seen from somewhere, moved so that there is room around them; `tilt` is the deviation of its turn in radians. */
function placed (random: Random, width: number, height: number, tilt: number): Corners {
  const turn = spread(random) * tilt
  const lean = spread(random) * 0.1
  const [near, low] = [spread(random) * 0.06, spread(random) * 0.015]
  const points = [[-1, -1], [1, -1], [1, 1], [-1, 1]].flatMap(([u, v]) => {
    const deep = 1 + near * u! + low * v!
    const [x, y] = [(u! * width / 2 - v! * lean * height / 2) * deep, v! * height / 2 * deep]
    return [x * Math.cos(turn) - y * Math.sin(turn), x * Math.sin(turn) + y * Math.cos(turn)]
  })
  const room = height * real(random, 0.22, 0.45) + 2
  const left = Math.min(points[0]!, points[6]!) - room - width * 0.06
  const top = Math.min(points[1]!, points[3]!) - room
  return points.map((value, at) => value - (at % 2 === 0 ? left : top)) as unknown as Corners
}

function backdrop (random: Random, width: number, height: number): Canvas {
  const canvas = createCanvas(width, height, real(random, 10, 220))
  for (let i = random.integer(6); i > 0; i--) {
    const y = real(random, -0.2, 1) * height
    if (likely(random, 0.6)) fillBox(canvas, 0, y, width, y + height * real(random, 0.03, 0.5), real(random, 5, 240), real(random, 0.3, 1))
    else { const x = real(random, -0.2, 1) * width; fillBox(canvas, x, y, x + width * real(random, 0.05, 0.4), y + height * real(random, 0.1, 0.8), real(random, 5, 240), real(random, 0.3, 1)) }
  }
  return canvas
}

/** The frame that holds a plate, with the dealer's words below or above. */
function drawHolder (canvas: Canvas, random: Random, corners: Corners): void {
  const light = likely(random, 0.75) ? real(random, 5, 70) : real(random, 120, 220)
  const below = likely(random, 0.6) ? real(random, 0.12, 0.28) : 0.06
  const outer = grown(corners, real(random, 0.008, 0.03), real(random, 0.03, 0.09))
  const place = perspectiveTo(outer)
  fill(canvas, [[outer[0], outer[1], outer[2], outer[3], ...through(place, 1, 1 + below), ...through(place, 0, 1 + below)]], light)
  if (below === 0.06) return
  const strokes = random.between(8, 30)
  for (let i = 0; i < strokes; i++) {
    const u = 0.2 + 0.6 * (i + real(random, 0.1, 0.6)) / strokes
    fill(canvas, [[...through(place, u, 0.99 + below * 0.3), ...through(place, u + 0.012, 0.99 + below * 0.3), ...through(place, u + real(random, 0.002, 0.012), 0.99 + below * 0.8), ...through(place, u, 0.99 + below * 0.8)]], light > 100 ? 20 : 220, 0.8)
  }
}

/** The quadrilateral as a detector would give it, never exact; sometimes only an upright box about the plate, off on any side. */
function cropOf (random: Random, { corners, lineHeight, isUpright }: Shot): Corners {
  if (isUpright) {
    const [xs, ys] = [[0, 2, 4, 6].map(i => corners[i]!), [1, 3, 5, 7].map(i => corners[i]!)]
    const off = (most: number): number => (0.35 + spread(random)) * most * lineHeight
    const [x0, y0, x1, y1] = [Math.min(...xs) - off(0.12), Math.min(...ys) - off(0.07), Math.max(...xs) + off(0.12), Math.max(...ys) + off(0.07)]
    return [x0, y0, x1, y0, x1, y1, x0, y1]
  }
  return grown(corners, MARGIN_X + spread(random) * 0.022, MARGIN_Y + spread(random) * 0.05).map(value => value + spread(random) * lineHeight * 0.03) as unknown as Corners
}

function part (quad: Corners, from: number, to: number): Corners {
  const place = perspectiveTo(quad)
  return [...through(place, 0, from), ...through(place, 1, from), ...through(place, 1, to), ...through(place, 0, to)]
}

function cut (image: GrayImage, quad: Corners, plate: Plate, corners: Corners, lineHeight: number, shown: 'one' | 'whole' | 0 | 1): ReaderSample {
  const label = new Uint8Array(LABEL_BYTES).fill(NOT_TRAINED)
  label[2] = Math.round(lineHeight)
  if (shown === 'one' || shown === 'whole') {
    label[0] = plate.country === undefined ? 0 : COUNTRIES.indexOf(plate.country) + 1
    label[1] = plate.lines
  }
  if (shown !== 'whole') labelCharacters(label, plate, corners, quad, plate.characters.filter(({ line }) => shown === 'one' || line === shown))
  return { picture: rectify(image, quad, CROP_WIDTH, CROP_HEIGHT).data, label }
}

/** Shares of a character's width about its middle: within the first its class, beyond the second blank, between them nothing is trained. */
const SURE = 0.26
const DOUBTFUL = 0.42

function labelCharacters (label: Uint8Array, plate: Plate, corners: Corners, quad: Corners, characters: readonly PlacedCharacter[]): void {
  const [toPicture, toCrop] = [perspectiveTo(corners), inverted(perspectiveTo(quad))]
  const across = (x: number, y: number): number => through(toCrop, ...through(toPicture, x / plate.picture.width, y / plate.picture.height))[0] * COLUMNS
  label[3] = characters.length
  label.fill(0, 4)
  characters.forEach(({ char, x0, y0, x1, y1 }, at) => {
    label[4 + at] = classOf(char)
    const y = (y0 + y1) / 2
    const [left, right] = [across(x0, y), across(x1, y)]
    const [middle, half] = [(left + right) / 2, Math.max((right - left) / 2, 1)]
    for (let column = 0; column < COLUMNS; column++) {
      const far = Math.abs(column + 0.5 - middle)
      if (far <= Math.max(half * 2 * SURE, 0.5)) label[4 + TEXT_MAX + column] = classOf(char)
      else if (far <= half * 2 * DOUBTFUL && label[4 + TEXT_MAX + column] === 0) label[4 + TEXT_MAX + column] = NOT_TRAINED
    }
  })
}

function notAPlate (): Uint8Array {
  const label = new Uint8Array(LABEL_BYTES).fill(NOT_TRAINED)
  label[1] = 0
  return label
}

/** A crop that holds half of the plate, or the plate and much else. */
function misplacedSample (random: Random, image: GrayImage, corners: Corners): ReaderSample {
  const place = perspectiveTo(corners)
  const sign = likely(random, 0.5) ? 1 : -1
  const [u, v] = likely(random, 0.5) ? [sign * real(random, 0.45, 0.8), real(random, -0.3, 0.3)] : [real(random, -0.3, 0.3), sign * real(random, 0.5, 0.8)]
  const size = likely(random, 0.3) ? real(random, 2.2, 3.5) : real(random, 0.8, 1.2)
  const [left, top] = [0.5 + u - size / 2, 0.5 + v - size / 2]
  const quad: Corners = [...through(place, left, top), ...through(place, left + size, top), ...through(place, left + size, top + size), ...through(place, left, top + size)]
  return { picture: rectify(image, quad, CROP_WIDTH, CROP_HEIGHT).data, label: notAPlate() }
}

function negativeSample (random: Random, letters: Letters): ReaderSample {
  const drawn = imageOf(drawNegative(random, letters))
  const height = 10 + 46 * real(random, 0, 1) ** 1.5
  const corners = placed(random, height * drawn.width / drawn.height, height, 0.07)
  const canvas = backdrop(random, Math.ceil(Math.max(corners[2], corners[4]) + Math.min(corners[0], corners[6])), Math.ceil(Math.max(corners[5], corners[7]) + Math.min(corners[1], corners[3])))
  paste(canvas, drawn, corners)
  weather(canvas, random)
  photograph(canvas, random, height)
  return { picture: rectify(imageOf(canvas), grown(corners, spread(random) * 0.06, spread(random) * 0.1), CROP_WIDTH, CROP_HEIGHT).data, label: notAPlate() }
}
