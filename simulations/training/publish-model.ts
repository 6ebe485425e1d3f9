/**
 * Puts a trained model where the product looks for it, and its SHA-256 and figures into models.json, whose other part stays as
 * it is:
 *
 *     node simulations/training/publish-model.ts reader FILE [--characters 1] [--country 1] [--kind 1]
 *
 * The options are the temperatures that `reader.py calibrate` found. Files are written beside their names and then renamed, weights
 * first, so that nobody ever sees half of one.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { COUNTRIES } from '../pictures/plate-looks.ts'

const MODELS = join(import.meta.dirname, '..', '..', 'node', 'recognition', 'models')

const { values, positionals: [model, file] } = parseArgs({
  allowPositionals: true,
  options: { characters: { type: 'string', default: '1' }, country: { type: 'string', default: '1' }, kind: { type: 'string', default: '1' } }
})
if (model !== 'reader' || file === undefined) throw new Error('say reader, and which file')

const weights = readFileSync(file)
replace(join(MODELS, 'reader.onnx'), weights)
const aboutPath = join(MODELS, 'models.json')
const about: Record<string, unknown> = existsSync(aboutPath) ? JSON.parse(readFileSync(aboutPath, 'utf8')) : { version: '1' }
about.reader = {
  file: 'reader.onnx',
  sha256: createHash('sha256').update(weights).digest('hex'),
  countries: COUNTRIES,
  temperature: { characters: Number(values.characters), country: Number(values.country), kind: Number(values.kind) }
}
replace(aboutPath, Buffer.from(JSON.stringify(about, null, 2) + '\n'))

function replace (path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.reader-part`, bytes)
  renameSync(`${path}.reader-part`, path)
}
