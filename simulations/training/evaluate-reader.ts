/**
 * How well a reader reads real crops of plates:
 *
 *     node simulations/training/evaluate-reader.ts MODEL FOLDER [--rows odd|even|all] [--lines 1|2] [--temperature 1]
 *
 * FOLDER holds pictures and an `index.csv` with the columns file, text and country (ISO 3166-1 alpha-2). A crop stands for the plate with its
 * margin, as the product would cut it. Prints shares only: real plates are personal data. "Folded" takes O for 0 and I for 1,
 * which many faces draw alike.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import type { GrayImage } from '../../node/recognition/image.ts'
import { rectify } from '../../node/recognition/resample.ts'
import { PLATE_CHARACTERS } from '../pictures/glyphs.ts'
import { COUNTRIES } from '../pictures/plate-looks.ts'
import { COLUMNS, CROP_HEIGHT, CROP_WIDTH } from './reader-samples.ts'

const CLASSES = PLATE_CHARACTERS.length + 1
const UPPER_END = 0.54
const LOWER_START = 0.44
/** Bins of the calibration error (Guo et al. 2017, On Calibration of Modern Neural Networks). */
const BINS = 10

const { values, positionals: [model, folder] } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: 'odd' }, lines: { type: 'string', default: '1' }, temperature: { type: 'string', default: '1' } }
})
if (model === undefined || folder === undefined) throw new Error('say which model and which folder')

const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 })
const [head, ...lines] = readFileSync(join(folder, 'index.csv'), 'utf8').trim().split(/\r?\n/)
const names = head!.split(',')
const rows = lines.map(line => Object.fromEntries(line.split(',').map((cell, at) => [names[at], cell])))
  .filter((_, at) => values.rows === 'all' || (at % 2 === 1) === (values.rows === 'odd'))

interface Reading { readonly text: string, readonly confidence: number, readonly country: string | undefined, readonly countryConfidence: number, readonly kind: number }

const strict: boolean[] = []
const folded: boolean[] = []
const scored: { confidence: number, right: boolean }[] = []
const countries: { confidence: number, right: boolean }[] = []
const kinds: boolean[] = []
let edits = 0
let characters = 0
for (const row of rows) {
  if (row.text === undefined || row.text === '') continue
  const { data, info } = await sharp(join(folder, row.file!)).grayscale().raw().toBuffer({ resolveWithObject: true })
  const image: GrayImage = { width: info.width, height: info.height, data: new Uint8Array(data) }
  const reading = values.lines === '2' ? await readTwoLines(image) : await readPart(image, 0, 1)
  const text = row.text.toUpperCase().replaceAll(/[^0-9A-ZÄÖÜ]/g, '')
  strict.push(reading.text === text)
  folded.push(fold(reading.text) === fold(text))
  scored.push({ confidence: reading.confidence, right: fold(reading.text) === fold(text) })
  if (row.country !== '' && row.country !== undefined) countries.push({ confidence: reading.countryConfidence, right: reading.country === row.country })
  kinds.push(reading.kind === Number(values.lines))
  edits += distance(fold(reading.text), fold(text))
  characters += text.length
}
const share = (answers: readonly boolean[]): string => (100 * answers.filter(Boolean).length / Math.max(answers.length, 1)).toFixed(1)
console.log(JSON.stringify({ crops: strict.length, strict: share(strict), folded: share(folded), characterErrors: (100 * edits / characters).toFixed(2), kind: share(kinds), country: share(countries.map(({ right }) => right)), calibrationError: errorOf(scored).toFixed(3), countryCalibrationError: errorOf(countries).toFixed(3) }))

async function readTwoLines (image: GrayImage): Promise<Reading> {
  const whole = await readPart(image, 0, 1)
  const [upper, lower] = [await readPart(image, 0, UPPER_END), await readPart(image, LOWER_START, 1)]
  return { ...whole, text: upper.text + lower.text, confidence: upper.confidence * lower.confidence }
}

async function readPart (image: GrayImage, from: number, to: number): Promise<Reading> {
  const [y0, y1] = [image.height * from, image.height * to]
  const crop = rectify(image, [0, y0, image.width, y0, image.width, y1, 0, y1], CROP_WIDTH, CROP_HEIGHT)
  const outputs = await session.run({ plates: new Tensor('float32', Float32Array.from(crop.data, light => light / 127.5 - 1), [1, 1, CROP_HEIGHT, CROP_WIDTH]) })
  const country = likeliest(outputs.country!.data as Float32Array, 0, COUNTRIES.length + 1)
  return { ...decode(outputs.characters!.data as Float32Array), country: COUNTRIES[country.at - 1], countryConfidence: country.share, kind: likeliest(outputs.kind!.data as Float32Array, 0, 3).at }
}

/** Repeats fold, blanks fall out; confidence is the product over characters of the best column of each. */
function decode (logits: Float32Array): { text: string, confidence: number } {
  let [text, confidence, before, best] = ['', 1, 0, 0]
  for (let column = 0; column <= COLUMNS; column++) {
    const { at, share } = column === COLUMNS ? { at: 0, share: 1 } : likeliest(logits, column * CLASSES, CLASSES, Number(values.temperature))
    if (at !== before && before !== 0) confidence *= best
    if (at !== 0 && at !== before) { text += PLATE_CHARACTERS[at - 1]!; best = share } else if (at === before) best = Math.max(best, share)
    before = at
  }
  return { text, confidence }
}

function likeliest (logits: Float32Array, start: number, count: number, temperature = 1): { at: number, share: number } {
  let at = 0
  for (let i = 1; i < count; i++) if (logits[start + i]! > logits[start + at]!) at = i
  let total = 0
  for (let i = 0; i < count; i++) total += Math.exp((logits[start + i]! - logits[start + at]!) / temperature)
  return { at, share: 1 / total }
}

function fold (text: string): string { return text.replaceAll('O', '0').replaceAll('I', '1') }

/** Letters to put in, take out or change (Levenshtein). */
function distance (from: string, to: string): number {
  let line = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let k = 1; k <= to.length; k++) next[k] = Math.min(line[k]! + 1, next[k - 1]! + 1, line[k - 1]! + (from[i - 1] === to[k - 1] ? 0 : 1))
    line = next
  }
  return line[to.length]!
}

/** Mean difference between confidence and share right, by bins of confidence. */
function errorOf (answers: readonly { confidence: number, right: boolean }[]): number {
  let error = 0
  for (let bin = 0; bin < BINS; bin++) {
    const inside = answers.filter(({ confidence }) => Math.min(Math.floor(confidence * BINS), BINS - 1) === bin)
    const [sure, right] = [inside.reduce((sum, { confidence }) => sum + confidence, 0), inside.filter(answer => answer.right).length]
    error += Math.abs(sure - right) / answers.length
  }
  return error
}
