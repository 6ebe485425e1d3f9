/**
 * Recognition against pictures whose plates people have read: `npm run bench:recognition -- --dataset DIR [--even | --odd]
 * [--crops | --scenes] [--home NATION] [--limit N] [--models DIR] [--frames]`.
 *
 * DIR holds an index.csv with the columns file,x,y,w,h and, where known, text,country (several rows a file allowed) and
 * the pictures. A set whose boxes fill their pictures is one of tight crops: there the reader alone is judged. --even
 * and --odd take every second row, counted from 0: what is chosen on the one is reported on the other.
 *
 * Pictures are looked at as stills; with --frames as the frames of video are: more cheaply, since the next one follows.
 *
 * Prints scores only, never a plate. *strict* is the exact text, *folded* the text with O as 0 and I as 1. "Gated" is
 * what the product would answer. Times are CPU of all threads of this process. The goals stand beside; they are no test.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadModels } from '../../node/adapters/onnx-models.ts'
import { decodePicture } from '../../node/adapters/sharp-pictures.ts'
import { normalisePlate } from '../../node/hotlist/normalise.ts'
import { boxOf, overlapOf, type Box } from '../../node/recognition/corners.ts'
import { detectPlates } from '../../node/recognition/detect.ts'
import type { Look } from '../../node/recognition/look.ts'
import { wholePicture, readPlates } from '../../node/recognition/reader.ts'
import { recognise, refusalOfReading, type Picture } from '../../node/recognition/recognise.ts'
import type { NationId } from '../../protocol/identifiers.ts'

const { values } = parseArgs({ options: {
  dataset: { type: 'string' }, even: { type: 'boolean' }, odd: { type: 'boolean' }, crops: { type: 'boolean' }, scenes: { type: 'boolean' },
  home: { type: 'string' }, limit: { type: 'string' }, models: { type: 'string' }, frames: { type: 'boolean' }
} })
if (values.dataset === undefined) throw new Error('--dataset DIR is missing')
const home = values.home as NationId | undefined
const still = values.frames !== true
const wishes = { still, ...(home === undefined ? {} : { home }) }

interface Row { readonly file: string, readonly box: Box, readonly text: string | undefined, readonly country: string | undefined }

function readRows (folder: string): Row[] {
  const [header, ...lines] = readFileSync(join(folder, 'index.csv'), 'utf8').trim().split(/\r?\n/).map(line => line.split(','))
  const cell = (line: readonly string[], name: string): string | undefined => line[header!.indexOf(name)] || undefined
  return lines.map(line => {
    const [x, y, w, h] = ['x', 'y', 'w', 'h'].map(name => Number(cell(line, name)))
    const text = cell(line, 'text')
    return { file: cell(line, 'file')!, box: [x!, y!, x! + w!, y! + h!], text: text === undefined ? undefined : normalisePlate(text), country: cell(line, 'country') }
  })
}

function grouped<T, K> (all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const one of all) groups.set(keyOf(one), [...groups.get(keyOf(one)) ?? [], one])
  return groups
}

const all = readRows(values.dataset)
const halved = all.filter((_, at) => (!values.even || at % 2 === 0) && (!values.odd || at % 2 === 1)).slice(0, Number(values.limit ?? Infinity))
const byFile = grouped(halved, ({ file }) => file)
// With half of the rows, a file's other plates are still no false alarms.
const everyBox = grouped(all, ({ file }) => file)

// ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────

const fold = (text: string): string => text.replaceAll('O', '0').replaceAll('I', '1')
const ratio = (part: number, whole: number): number | null => whole === 0 ? null : Math.round(part / whole * 10_000) / 10_000
const rounded = (number: number, digits = 2): number => Number(number.toFixed(digits))

function edits (a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [line, character] of [...a].entries()) {
    const next = [line + 1]
    for (let at = 1; at <= b.length; at++) next.push(Math.min(row[at]! + 1, next[at - 1]! + 1, row[at - 1]! + (character === b[at - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}

interface Judged { readonly want: string, readonly got: string, readonly confidence: number, readonly isGated: boolean, readonly wantCountry: string | undefined, readonly gotCountry: string | undefined, readonly lines: number }

const BINS = 10
function calibrationError (some: readonly Judged[], isRight: (one: Judged) => boolean): number | null {
  if (some.length === 0) return null
  const bins = grouped(some, ({ confidence }) => Math.min(Math.floor(confidence * BINS), BINS - 1))
  const off = [...bins.values()].map(bin => Math.abs(bin.reduce((sum, one) => sum + one.confidence - Number(isRight(one)), 0)))
  return ratio(off.reduce((sum, one) => sum + one, 0), some.length)
}

function scoresOf (judged: readonly Judged[]): Record<string, number | null> {
  const strict = (one: Judged): boolean => one.got === one.want
  const folded = (one: Judged): boolean => fold(one.got) === fold(one.want)
  const share = (some: readonly Judged[], is: (one: Judged) => boolean): number | null => ratio(some.filter(is).length, some.length)
  const gated = judged.filter(({ isGated }) => isGated)
  const withCountry = judged.filter(({ wantCountry }) => wantCountry !== undefined)
  const named = withCountry.filter(({ gotCountry }) => gotCountry !== undefined)
  return {
    plates: judged.length,
    strict: share(judged, strict),
    folded: share(judged, folded),
    characterErrors: ratio(judged.reduce((sum, { got, want }) => sum + edits(fold(got), fold(want)), 0), judged.reduce((sum, { want }) => sum + want.length, 0)),
    answered: ratio(gated.length, judged.length),
    strictOfAnswered: share(gated, strict),
    foldedOfAnswered: share(gated, folded),
    countryNamed: ratio(named.length, withCountry.length),
    countryRightOfNamed: share(named, ({ wantCountry, gotCountry }) => wantCountry === gotCountry),
    twoLines: ratio(judged.filter(({ lines }) => lines === 2).length, judged.length),
    calibrationError: calibrationError(judged, strict),
    calibrationErrorFolded: calibrationError(judged, folded)
  }
}

// ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const cpuOf: { [stage: string]: number } = { decode: 0, detect: 0, all: 0, read: 0 }
async function timed<T> (stage: string, work: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  cpuOf[stage]! += (user + system) / 1000
  return result
}

const models = await loadModels(values.models)
const open = async (file: string): Promise<Picture> => await decodePicture(readFileSync(join(values.dataset!, file)))
const first = await open(halved[0]!.file)
const covers = (halved[0]!.box[2] - halved[0]!.box[0]) * (halved[0]!.box[3] - halved[0]!.box[1]) / (first.width * first.height)
const isCrops = values.crops === true || (values.scenes !== true && covers > 0.9)

async function runCrops (): Promise<object> {
  const judged: Judged[] = []
  for (const { file, text, country } of halved) {
    const { image } = await timed('decode', async () => await open(file))
    const [reading] = await timed('read', async () => await readPlates(models, image, [wholePicture(image)], wishes))
    if (text !== undefined) judged.push({ want: text, got: reading!.text, confidence: reading!.confidence, isGated: refusalOfReading(reading!) === undefined, wantCountry: country, gotCountry: reading!.country, lines: reading!.lines })
  }
  return { ...scoresOf(judged), readMs: rounded(cpuOf['read']! / halved.length), decodeMs: rounded(cpuOf['decode']! / halved.length) }
}

async function runScenes (): Promise<object> {
  const judged: Judged[] = []
  const found = { half: 0, third: 0, falseRaw: 0, falseGated: 0, boxes: 0, boxes60: 0, half60: 0 }
  const rejected: { [reason: string]: number } = {}
  for (const [file, rows] of byFile) {
    const picture = await timed('decode', async () => await open(file))
    const { image, width, height } = picture
    const raw = await timed('detect', async () => await detectPlates(models, image, { still }))
    const look: Look = await timed('all', async () => await recognise(models, picture, { camera: 'bench', ...wishes }))
    const rawBoxes = raw.map(({ corners }) => boxOf(corners).map((at, side) => at * (side % 2 === 0 ? width / image.width : height / image.height)) as unknown as Box)
    const known = everyBox.get(file)!.map(({ box }) => box)
    const isFalse = (box: Box): boolean => known.every(one => overlapOf(one, box) < 0.1)
    found.falseRaw += rawBoxes.filter(isFalse).length
    found.falseGated += look.plates.filter(({ corners }) => isFalse(boxOf(corners))).length
    for (const [reason, count] of Object.entries(look.rejected)) rejected[reason] = (rejected[reason] ?? 0) + count
    for (const { box, text, country } of rows) {
      const best = Math.max(0, ...rawBoxes.map(one => overlapOf(one, box)))
      const isLarge = box[2] - box[0] >= 60
      found.boxes++
      found.boxes60 += Number(isLarge)
      found.half += Number(best >= 0.5)
      found.half60 += Number(isLarge && best >= 0.5)
      found.third += Number(best >= 0.3)
      if (text === undefined) continue
      const plate = look.plates.map(one => ({ one, overlap: overlapOf(boxOf(one.corners), box) })).filter(({ overlap }) => overlap >= 0.1).sort((a, b) => b.overlap - a.overlap)[0]?.one
      judged.push({ want: text, got: plate?.text ?? '', confidence: (plate?.confidence ?? 0) / 1000, isGated: plate !== undefined, wantCountry: country, gotCountry: plate?.country, lines: plate?.lines ?? 1 })
    }
  }
  const pictures = byFile.size
  const perPicture = (stage: string): number => cpuOf[stage]! / pictures
  return {
    pictures, boxes: found.boxes, recallHalf: ratio(found.half, found.boxes), recallThird: ratio(found.third, found.boxes), recallHalfFrom60: ratio(found.half60, found.boxes60),
    falseRaw: ratio(found.falseRaw, pictures), falseGated: ratio(found.falseGated, pictures), rejected, ...(judged.length > 0 ? scoresOf(judged) : {}),
    decodeMs: rounded(perPicture('decode')), detectMs: rounded(perPicture('detect')), readMs: rounded(perPicture('all') - perPicture('detect')),
    picturesPerSecond: rounded(1000 / (perPicture('decode') + perPicture('all')), 1)
  }
}

const GOALS: { readonly [score: string]: string } = {
  folded: '≥ 0.95 of tight crops', calibrationError: '≤ 0.03', recallHalf: '≥ 0.98', falseGated: '≤ 0.02 a picture', readMs: '≤ 1.5 a plate', picturesPerSecond: '≥ 25 a core', rssMiB: '≤ 250 a worker'
}

const scores = { ...isCrops ? await runCrops() : await runScenes(), rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20) }
await models.dispose()
const half = values.even === true ? 'even rows' : values.odd === true ? 'odd rows' : 'all rows'
console.log(`${isCrops ? 'tight crops' : 'scenes'}, ${still ? 'as stills' : 'as frames of video'}, ${half}, models ${models.about.version}`)
for (const [score, value] of Object.entries(scores)) console.log(`  ${score.padEnd(22)} ${String(typeof value === 'object' && value !== null ? JSON.stringify(value) : value ?? 'not known').padEnd(10)} ${GOALS[score] === undefined ? '' : `goal ${GOALS[score]}`}`.trimEnd())
console.log(JSON.stringify({ bench: 'recognition', mode: isCrops ? 'crops' : 'scenes', still, half, models: models.about.version, ...scores }))
