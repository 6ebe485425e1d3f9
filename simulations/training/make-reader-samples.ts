/**
 * Makes shards of samples for the reader:
 *
 *     node simulations/training/make-reader-samples.ts FOLDER [--shards 40] [--count 8192] [--seed reader-1] [--from 0]
 *
 * Shard N depends on the seed and N alone, so several processes may share the work and a stopped run goes on where it was.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../random.ts'
import { faceOf, openFonts } from './fonts.ts'
import { createSamples, CROP_HEIGHT, CROP_WIDTH, LABEL_BYTES, type FaceSource, type ReaderSample } from './reader-samples.ts'
import { digestOf, encodeShard, writeShard } from './shards.ts'

/** Share of plates that are written in an open font. */
const FONT_SHARE = 0.42

const { values, positionals: [folder] } = parseArgs({
  allowPositionals: true,
  options: { shards: { type: 'string', default: '40' }, count: { type: 'string', default: '8192' }, seed: { type: 'string', default: 'reader-1' }, from: { type: 'string', default: '0' } }
})
if (folder === undefined) throw new Error('say which folder the shards go to')
mkdirSync(folder, { recursive: true })

const fonts = openFonts()
const source: FaceSource | undefined = fonts.length === 0
  ? undefined
  : { face: random => faceOf(random, random.pick(fonts)), letters: char => fonts[0]!.glyph(char), weight: FONT_SHARE }

for (let shard = Number(values.from); shard < Number(values.from) + Number(values.shards); shard++) {
  const path = join(folder, `reader-${String(shard).padStart(4, '0')}.shard`)
  if (existsSync(path)) continue
  const random = new Random(`${values.seed}/${shard}`)
  const count = Number(values.count)
  const samples: ReaderSample[] = []
  while (samples.length < count) samples.push(...createSamples(random, source === undefined ? undefined : { ...source, letters: lettersOf(random) }))
  const kept = samples.slice(0, count)
  const bytes = encodeShard({ kind: 'reader', seed: `${values.seed}/${shard}`, count, width: CROP_WIDTH, height: CROP_HEIGHT, labelBytes: LABEL_BYTES }, kept.map(({ picture }) => picture), kept.map(({ label }) => label))
  writeShard(path, bytes)
  console.log(`${path} ${digestOf(bytes).slice(0, 16)}`)
}

function lettersOf (random: Random): FaceSource['letters'] {
  const font = random.pick(fonts)
  return char => font.glyph(char)
}
