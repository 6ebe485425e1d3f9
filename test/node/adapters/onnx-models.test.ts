import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MODELS_FOLDER, loadModels } from '../../../node/adapters/onnx-models.ts'
import { RecognitionError } from '../../../node/recognition/errors.ts'
import { GRID_CHANNELS, KINDS, READER_CLASSES, READER_COLUMNS, READER_HEIGHT, READER_WIDTH, STRIDES, type ModelsFile } from '../../../node/recognition/models.ts'

const x = suite('onnx-models')

/** A copy of the product's models to break; `change` gets its folder. */
async function codeOf (change: (folder: string) => void, use = false): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tiltas-models-'))
  cpSync(MODELS_FOLDER, folder, { recursive: true })
  change(folder)
  try {
    const models = await loadModels(folder)
    try {
      if (use) await models.read(new Float32Array(READER_HEIGHT * READER_WIDTH), 1)
      return 'fine'
    } finally { await models.dispose() }
  } catch (error) {
    return error instanceof RecognitionError ? error.code : String(error)
  } finally { rmSync(folder, { recursive: true, force: true }) }
}

const aboutOf = (folder: string): ModelsFile => JSON.parse(readFileSync(join(folder, 'models.json'), 'utf8')) as ModelsFile
const setAbout = (folder: string, about: unknown): void => writeFileSync(join(folder, 'models.json'), JSON.stringify(about))
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
function rewrite (folder: string, change: (weights: Buffer) => Buffer): void {
  const weights = change(readFileSync(join(folder, 'reader.onnx')))
  const about = aboutOf(folder)
  writeFileSync(join(folder, 'reader.onnx'), weights)
  setAbout(folder, { ...about, reader: { ...about.reader, sha256: hashOf(weights) } })
}

x('the models that come with the product load, answer in their shapes, and are small', async () => {
  const models = await loadModels()
  const { reader, detector } = models.about
  assert.ok([reader, detector].reduce((sum, { file }) => sum + statSync(join(MODELS_FOLDER, file)).size, 0) <= 8 * 1024 * 1024)
  assert.ok(reader.countries.length > 30 && new Set(reader.countries).size === reader.countries.length)
  for (const [height, width] of [[384, 640], [32, 32], [96, 320]] as const) {
    const grids = await models.detect(new Float32Array(height * width), height, width)
    assert.equal(grids.map(({ stride, rows, columns, values }) => [stride, rows, columns, values.length]), STRIDES.map(stride => [stride, height / stride, width / stride, GRID_CHANNELS * height * width / stride / stride]))
  }
  for (const count of [1, 3]) {
    const { characters, country, kind } = await models.read(new Float32Array(count * READER_HEIGHT * READER_WIDTH), count)
    assert.equal([characters.length, country.length, kind.length], [count * READER_COLUMNS * READER_CLASSES, count * (reader.countries.length + 1), count * KINDS.length])
  }
  await models.dispose()
})

x('a plate is read alike alone and among others', async () => {
  const models = await loadModels()
  const plates = Float32Array.from({ length: 3 * READER_HEIGHT * READER_WIDTH }, (_, at) => ((at * 7919) % 255) / 127.5 - 1)
  const together = (await models.read(plates, 3)).characters
  const alone = (await models.read(plates.slice(READER_HEIGHT * READER_WIDTH, 2 * READER_HEIGHT * READER_WIDTH), 1)).characters
  alone.forEach((value, at) => assert.ok(Math.abs(value - together[READER_COLUMNS * READER_CLASSES + at]!) < 1e-2))
  await models.dispose()
})

x('one changed byte of the weights is seen', async () => {
  for (const file of ['reader.onnx', 'detector.onnx']) {
    assert.is(await codeOf(folder => { const path = join(folder, file); const weights = readFileSync(path); weights[weights.length >> 1]! ^= 1; writeFileSync(path, weights) }), 'model-changed')
    assert.is(await codeOf(folder => truncateSync(join(folder, file), 1000)), 'model-changed')
    assert.is(await codeOf(folder => rmSync(join(folder, file))), 'model-missing')
  }
})

x('models.json must be there and be right', async () => {
  assert.is(await codeOf(folder => rmSync(join(folder, 'models.json'))), 'model-missing')
  assert.is(await codeOf(folder => writeFileSync(join(folder, 'models.json'), '{')), 'model-broken')
  assert.is(await codeOf(folder => setAbout(folder, { ...aboutOf(folder), detector: undefined })), 'model-broken')
  assert.is(await codeOf(folder => setAbout(folder, { ...aboutOf(folder), reader: { ...aboutOf(folder).reader, file: '../../etc/passwd' } })), 'model-broken')
  assert.is(await codeOf(folder => setAbout(folder, { ...aboutOf(folder), reader: { ...aboutOf(folder).reader, temperature: { characters: 0, country: 1, kind: 1 } } })), 'model-broken')
})

x('weights that are no model, or another one, are broken, whatever their hash', async () => {
  assert.is(await codeOf(folder => rewrite(folder, () => Buffer.from('not a model'))), 'model-broken')
  assert.is(await codeOf(folder => rewrite(folder, weights => weights.subarray(0, weights.length >> 1))), 'model-broken')
  assert.is(await codeOf(folder => rewrite(folder, () => readFileSync(join(folder, 'detector.onnx'))), true), 'model-broken')
  assert.is(await codeOf(folder => setAbout(folder, { ...aboutOf(folder), reader: { ...aboutOf(folder).reader, countries: ['LV'] } }), true), 'model-broken', 'another number of countries')
})

x('a network that answers with numbers that are none is broken, and never reads a plate', async () => {
  // Bytes of ones are no number in float32, at whatever place in a weight they begin.
  const poisoned = async (share: number): Promise<string> => await codeOf(folder => rewrite(folder, weights => weights.fill(0xff, Math.floor(weights.length * share), Math.floor(weights.length * share) + 4096)), true)
  assert.is(await poisoned(0.9), 'model-broken')
})

x.run()
