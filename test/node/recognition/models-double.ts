/** Models that say what a test wants, in the networks' own tensors: plates at given places, texts in a given order. */
import { heightOf, widthOf, type Corners } from '../../../node/recognition/corners.ts'
import { SHARP_VIEW, SHARP_WIDTH } from '../../../node/recognition/detect.ts'
import { ALPHABET, GRID_CHANNELS, KINDS, READER_CLASSES, READER_COLUMNS, STRIDES, type Grid, type Models } from '../../../node/recognition/models.ts'

export const COUNTRIES = ['LT', 'LV', 'RO']
const SURE = 12

/** `corners` in shares of the network's picture without its padding, `score` from 0 to 1. */
export interface PlacedPlate { readonly corners: Corners, readonly score?: number, readonly stride?: number }
export interface ReadPlate { readonly text?: string, readonly kind?: typeof KINDS[number], readonly country?: string, readonly sure?: number }

export interface Seen { readonly pictures: { readonly width: number, readonly height: number, readonly values: Float32Array }[], readonly batches: number[] }

interface Wishes {
  /** Asked at every look at the whole picture, with the network's size. */
  readonly plates?: (width: number, height: number) => readonly PlacedPlate[]
  /** What a look at one plate by itself says, the surest plate's first; else that it is there. */
  readonly second?: (nth: number) => PlacedPlate | undefined
  /** Used up in order, whole plates and halves alike. */
  readonly reads?: readonly ReadPlate[]
}

export function createModels ({ plates = () => [], second, reads = [] }: Wishes): Models & { readonly seen: Seen } {
  const seen: Seen = { pictures: [], batches: [] }
  const left = [...reads]
  let order: readonly PlacedPlate[] = []
  let asked = 0
  return {
    seen,
    about: {
      version: 'double',
      reader: { file: 'reader.onnx', sha256: '0'.repeat(64), countries: COUNTRIES, temperature: { characters: 1, country: 1, kind: 1 } },
      detector: { file: 'detector.onnx', sha256: '0'.repeat(64), threshold: 0.4 }
    },
    async detect (values, height, width) {
      seen.pictures.push({ width, height, values })
      const isSharp = width === SHARP_VIEW[0] && height === SHARP_VIEW[1]
      if (!isSharp) { order = plates(width, height).toSorted((a, b) => (b.score ?? 0.9) - (a.score ?? 0.9)); asked = 0 }
      const one = second === undefined ? centred(order[asked]) : second(asked)
      const placed = isSharp ? (one === undefined ? [] : [one]) : order
      if (isSharp) asked++
      return STRIDES.map(stride => gridOf(stride, width, height, placed.filter(plate => (plate.stride ?? 16) === stride)))
    },
    async read (_, count) {
      seen.batches.push(count)
      const out = { characters: new Float32Array(count * READER_COLUMNS * READER_CLASSES), country: new Float32Array(count * (COUNTRIES.length + 1)), kind: new Float32Array(count * KINDS.length) }
      for (let at = 0; at < count; at++) say(left.shift() ?? {}, at, out)
      return out
    },
    async dispose () {}
  }
}

const centred = (plate: PlacedPlate | undefined): PlacedPlate | undefined => {
  if (plate === undefined) return undefined
  const height = SHARP_WIDTH * heightOf(plate.corners) / widthOf(plate.corners)
  return { ...plate, corners: upright((SHARP_VIEW[0] - SHARP_WIDTH) / 2, (SHARP_VIEW[1] - height) / 2, SHARP_WIDTH, height), stride: 16 }
}

function gridOf (stride: number, width: number, height: number, plates: readonly PlacedPlate[]): Grid {
  const [rows, columns] = [height / stride, width / stride]
  const values = new Float32Array(GRID_CHANNELS * rows * columns).fill(-9, 0, rows * columns)
  for (const { corners, score = 0.9 } of plates) {
    const [x, y] = [(corners[0] + corners[4]) / 2, (corners[1] + corners[5]) / 2]
    const cell = Math.floor(y / stride) * columns + Math.floor(x / stride)
    values[cell] = Math.log(score / (1 - score))
    corners.forEach((value, at) => { values[(at + 1) * rows * columns + cell] = (value - (Math.floor((at % 2 === 0 ? x : y) / stride) + 0.5) * stride) / stride })
  }
  return { stride, rows, columns, values }
}

function say ({ text = '', kind = 'one-line', country, sure = SURE }: ReadPlate, at: number, out: { characters: Float32Array, country: Float32Array, kind: Float32Array }): void {
  for (let column = 0; column < READER_COLUMNS; column++) {
    const position = column % 4 === 1 ? (column - 1) / 4 : -1
    const found = position >= 0 && position < text.length ? ALPHABET.indexOf(text[position]!) + 1 : 0
    out.characters[(at * READER_COLUMNS + column) * READER_CLASSES + found] = sure
  }
  out.kind[at * KINDS.length + KINDS.indexOf(kind)] = SURE
  out.country[at * (COUNTRIES.length + 1) + (country === undefined ? 0 : COUNTRIES.indexOf(country) + 1)] = SURE
}

/** An upright plate in network pixels. */
export const upright = (x: number, y: number, width: number, height = width / 4.5): Corners => [x, y, x + width, y, x + width, y + height, x, y + height]
