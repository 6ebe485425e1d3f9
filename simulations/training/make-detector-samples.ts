/**
 * Makes shards of samples for the detector:
 *
 *     node simulations/training/make-detector-samples.ts FOLDER [--shards 24] [--count 1500] [--seed detector-1] [--from 0] [--real FRAMES]
 *
 * Shard N depends on the seed, N and the frames alone, so several processes may share the work and a stopped run goes on
 * where it was. With --real half of the samples are parts of real frames (a folder with index.csv).
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../random.ts'
import { readFrames } from './detector-frames.ts'
import { createDetectorSamples, LABEL_BYTES, SAMPLE_HEIGHT, SAMPLE_WIDTH } from './detector-samples.ts'
import { digestOf, encodeShard, writeShard } from './shards.ts'

const FRAMES_PER_SHARD = 60

const { values, positionals: [folder] } = parseArgs({
  allowPositionals: true,
  options: { shards: { type: 'string', default: '24' }, count: { type: 'string', default: '1500' }, seed: { type: 'string', default: 'detector-1' }, from: { type: 'string', default: '0' }, real: { type: 'string' } }
})
if (folder === undefined) throw new Error('say which folder the shards go to')
mkdirSync(folder, { recursive: true })
console.log(`seed ${values.seed}`)

for (let shard = Number(values.from); shard < Number(values.from) + Number(values.shards); shard++) {
  const path = join(folder, `detector-${String(shard).padStart(4, '0')}.shard`)
  if (existsSync(path)) continue
  const seed = `${values.seed}/${shard}`
  const random = new Random(seed)
  const frames = values.real === undefined ? [] : await readFrames(values.real, random.fork('frames'), FRAMES_PER_SHARD)
  const samples = await createDetectorSamples(random, Number(values.count), frames)
  const header = { kind: 'detector', seed, count: samples.length, width: SAMPLE_WIDTH, height: SAMPLE_HEIGHT, labelBytes: LABEL_BYTES }
  const bytes = encodeShard(header, samples.map(({ picture }) => picture), samples.map(({ label }) => label))
  writeShard(path, bytes)
  console.log(`${path} ${digestOf(bytes).slice(0, 16)}`)
}
