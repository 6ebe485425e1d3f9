/**
 * What the product's own models say of a few small pictures in goldens/: the texts exactly, the numbers as far as two
 * machines agree on float32. After new weights, or a change of the resampler, make them anew with
 *
 *   GOLDENS=write npm test -- recognition/golden
 *
 * which draws the pictures (simulations/pictures, by seed) and writes what is read of them; then look at the difference.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadModels } from '../../../node/adapters/onnx-models.ts'
import { decodePicture, encodePng } from '../../../node/adapters/sharp-pictures.ts'
import type { GrayImage } from '../../../node/recognition/image.ts'
import type { Models } from '../../../node/recognition/models.ts'
import { readPlates, wholePicture } from '../../../node/recognition/reader.ts'
import { resize } from '../../../node/recognition/resample.ts'
import { drawPlate } from '../../../simulations/pictures/plate.ts'
import { Random } from '../../../simulations/random.ts'

const x = suite('golden')
const FOLDER = join(import.meta.dirname, 'goldens')
const PICTURES: readonly { readonly name: string, readonly country: string, readonly text: string, readonly height: number }[] = [
  { name: 'latvian', country: 'LV', text: 'AB-1234', height: 36 }, { name: 'lithuanian', country: 'LT', text: 'CDE 567', height: 20 },
  { name: 'estonian', country: 'EE', text: '123 ABC', height: 28 }, { name: 'small', country: 'PL', text: 'WX 12345', height: 12 },
  { name: 'two-lines', country: 'LV', text: 'KP|4821', height: 40 }
]
/** What float32 may differ by between processors, after a softmax, in per mille. */
const TOLERANCE = 15

interface Golden { readonly text: string, readonly country: string | null, readonly lines: number, readonly plate: number, readonly confidence: number, readonly charConfidences: readonly number[] }

async function readOf (models: Models, image: GrayImage): Promise<Golden> {
  const { text, country, lines, plate, confidence, charConfidences } = (await readPlates(models, image, [wholePicture(image)]))[0]!
  const perMille = (share: number): number => Math.round(share * 1000)
  return { text, country: country ?? null, lines, plate: perMille(plate), confidence: perMille(confidence), charConfidences: charConfidences.map(perMille) }
}

async function write (models: Models): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  const goldens: { [name: string]: Golden } = {}
  for (const { name, country, text, height } of PICTURES) {
    const { picture } = drawPlate(new Random(`golden/${name}`), { country, text })
    const image = resize(picture, Math.round(picture.width * height / picture.height), height)
    writeFileSync(join(FOLDER, `${name}.png`), await encodePng(image))
    goldens[name] = await readOf(models, image)
  }
  writeFileSync(join(FOLDER, 'goldens.json'), JSON.stringify(goldens, null, 2) + '\n')
}

const models = await loadModels()
if (process.env['GOLDENS'] === 'write') await write(models)
const goldens = JSON.parse(readFileSync(join(FOLDER, 'goldens.json'), 'utf8')) as { [name: string]: Golden }

x('the pictures are small', () => {
  assert.ok(PICTURES.reduce((sum, { name }) => sum + statSync(join(FOLDER, `${name}.png`)).size, 0) <= 30_000)
})

for (const { name } of PICTURES) {
  x(`${name}: the text of old, as sure as of old`, async () => {
    const { image } = await decodePicture(readFileSync(join(FOLDER, `${name}.png`)))
    const [now, then] = [await readOf(models, image), goldens[name]!]
    assert.equal([now.text, now.country, now.lines], [then.text, then.country, then.lines])
    const off = [[now.plate, then.plate], [now.confidence, then.confidence], ...now.charConfidences.map((one, at) => [one, then.charConfidences[at]!])].map(([a, b]) => Math.abs(a! - b!))
    assert.ok(Math.max(...off) <= TOLERANCE, `off by ${off.join(' ')}`)
  })
}

x('the texts are those that were drawn', () => {
  for (const { name, text } of PICTURES) assert.equal([goldens[name]!.text, goldens[name]!.lines], [text.replaceAll(/[- |]/g, ''), text.split('|').length], name)
})

x.after(async () => { await models.dispose() })
x.run()
