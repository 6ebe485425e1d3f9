/** Samples of the detector: decided by seed and frames, labelled in pixels, and never from frames that are for judging. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { boxesByFile, readFrames } from '../../../simulations/training/detector-frames.ts'
import { createDetectorSamples, LABEL_BYTES, PLATES_MAX, SAMPLE_HEIGHT, SAMPLE_WIDTH, type DetectorSample } from '../../../simulations/training/detector-samples.ts'
import { Random } from '../../../simulations/random.ts'

const seed = 'detector-samples'
console.log(`seed ${seed}`)
const x = suite('detector samples')
const SIZES = { streets: 1, vehicles: 2, plates: 4, others: 2, overlays: 1 }
const rowsOf = ({ label }: DetectorSample): number[][] => {
  const view = new DataView(label.buffer, label.byteOffset, label.byteLength)
  return Array.from({ length: PLATES_MAX }, (_, row) => Array.from({ length: 9 }, (_, at) => view.getFloat32((row * 9 + at) * 4, true)))
}

x('the same seed gives the same bytes', async () => {
  const [one, other] = [await createDetectorSamples(new Random(seed), 3, [], SIZES), await createDetectorSamples(new Random(seed), 3, [], SIZES)]
  assert.equal(one, other)
  assert.is.not(Buffer.compare(one[0]!.picture, one[1]!.picture), 0)
})

x('plates that teach lie whole within the sample, the others are marked', async () => {
  const samples = await createDetectorSamples(new Random(seed), 25, [], SIZES)
  const weights = new Set<number>()
  for (const sample of samples) {
    assert.is(sample.picture.length, SAMPLE_WIDTH * SAMPLE_HEIGHT)
    assert.is(sample.label.length, LABEL_BYTES)
    for (const row of rowsOf(sample)) {
      weights.add(row[8]!)
      if (row[8] !== 1) continue
      for (let at = 0; at < 8; at += 2) assert.ok(row[at]! >= 0 && row[at]! <= SAMPLE_WIDTH && row[at + 1]! >= 0 && row[at + 1]! <= SAMPLE_HEIGHT)
    }
  }
  assert.equal([...weights].sort((a, b) => a - b), [-1, 0, 1])
})

x('only the training video of the frames is taken, with boxes drawn in to the plates', () => {
  const boxes = boxesByFile('file,x,y,w,h,country\ndayride_type1_001_t1.jpg,100,50,100,40,RO\ndayride_type1_002_t1.jpg,0,0,10,10,RO\ndayride_type1_001_t1.jpg,300,50,100,40,RO\n')
  assert.equal([...boxes.keys()], ['dayride_type1_001_t1.jpg'])
  const [first, second] = boxes.get('dayride_type1_001_t1.jpg')!
  assert.ok(first![0] > 100 && first![1] > 50 && first![2] < 200 && first![3] < 90)
  assert.ok(second![0] > 300)
})

x('a frame\'s plate is labelled where it is, with the weight of a box', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tiltas-frames-'))
  try {
    // A dark frame with one white plate.
    const frame = sharp({ create: { width: 640, height: 360, channels: 3, background: '#101010' } })
      .composite([{ input: { create: { width: 92, height: 24, channels: 3, background: '#ffffff' } }, left: 304, top: 203 }])
    await frame.jpeg({ quality: 95 }).toFile(join(folder, 'dayride_type1_001_t1.jpg'))
    writeFileSync(join(folder, 'index.csv'), 'file,x,y,w,h,country\ndayride_type1_001_t1.jpg,300,200,100,30,RO\n')
    const frames = await readFrames(folder, new Random(seed), 5)
    const samples = await createDetectorSamples(new Random(seed), 30, frames, SIZES)
    const boxed = samples.flatMap(sample => rowsOf(sample).filter(row => Math.abs(row[8]! - 0.15) < 1e-6).map(row => ({ sample, row })))
    assert.ok(boxed.length > 3)
    let brighter = 0
    for (const { sample, row } of boxed) {
      const middle = sample.picture[Math.floor((row[1]! + row[5]!) / 2) * SAMPLE_WIDTH + Math.floor((row[0]! + row[4]!) / 2)]!
      const mean = sample.picture.reduce((sum, light) => sum + light, 0) / sample.picture.length
      if (middle > mean + 40) brighter++
    }
    assert.ok(brighter > boxed.length * 0.8, 'the label is on the plate')
  } finally { rmSync(folder, { recursive: true }) }
})

x.run()
