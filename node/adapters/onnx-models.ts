/**
 * The trained models on ONNX Runtime's CPU kernels, one thread each: a pool of workers uses the other cores. Weights are
 * hashed before they are parsed, and what comes out is checked for shape and for numbers that are none, so that a
 * damaged model is an error and never a plate.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { RecognitionError } from '../recognition/errors.ts'
import {
  GRID_CHANNELS, KINDS, READER_CLASSES, READER_COLUMNS, READER_HEIGHT, READER_WIDTH, STRIDES, modelsFileSchema, type Grid, type Models, type ModelsFile
} from '../recognition/models.ts'

/** The weights that come with the product. */
export const MODELS_FOLDER = join(import.meta.dirname, '../recognition/models')
const MODELS_FILE = 'models.json'
const SESSION: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all', logSeverityLevel: 4
}

/** Throws a RecognitionError `model-missing`, `model-changed` or `model-broken`. */
export async function loadModels (folder = MODELS_FOLDER): Promise<Models> {
  const about = await readModelsFile(folder)
  const [reader, detector] = [await openSession(folder, about.reader), await openSession(folder, about.detector)]
  return {
    about,
    async detect (picture, height, width) {
      const out = await run(detector, 'picture', new Tensor('float32', picture, [1, 1, height, width]))
      return STRIDES.map((stride): Grid => {
        const [rows, columns] = [height / stride, width / stride]
        return { stride, rows, columns, values: checked(out[`s${stride}`], [1, GRID_CHANNELS, rows, columns]) }
      })
    },
    async read (plates, count) {
      const out = await run(reader, 'plates', new Tensor('float32', plates, [count, 1, READER_HEIGHT, READER_WIDTH]))
      return {
        characters: checked(out['characters'], [count, READER_COLUMNS, READER_CLASSES]),
        country: checked(out['country'], [count, about.reader.countries.length + 1]),
        kind: checked(out['kind'], [count, KINDS.length])
      }
    },
    async dispose () { await Promise.all([reader.release(), detector.release()]) }
  }
}

async function readModelsFile (folder: string): Promise<ModelsFile> {
  const text = (await readModel(folder, MODELS_FILE)).toString('utf8')
  try {
    return modelsFileSchema.parse(JSON.parse(text))
  } catch (cause) { throw new RecognitionError('model-broken', { cause }) }
}

async function readModel (folder: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, file))
  } catch (cause) { throw new RecognitionError('model-missing', { cause }) }
}

async function openSession (folder: string, { file, sha256 }: { readonly file: string, readonly sha256: string }): Promise<InferenceSession> {
  const weights = await readModel(folder, file)
  if (createHash('sha256').update(weights).digest('hex') !== sha256) throw new RecognitionError('model-changed')
  try {
    return await InferenceSession.create(weights, SESSION)
  } catch (cause) { throw new RecognitionError('model-broken', { cause }) }
}

async function run (session: InferenceSession, name: string, input: Tensor): Promise<InferenceSession.ReturnType> {
  try {
    return await session.run({ [name]: input })
  } catch (cause) { throw new RecognitionError('model-broken', { cause }) }
}

function checked (tensor: Tensor | undefined, shape: readonly number[]): Float32Array {
  const isRight = tensor?.type === 'float32' && tensor.dims.length === shape.length && tensor.dims.every((size, at) => size === shape[at])
  if (!isRight) throw new RecognitionError('model-broken')
  const values = tensor.data as Float32Array
  if (!areFinite(values)) throw new RecognitionError('model-broken')
  return values
}

/** A number that is none, or has no end, differs from itself by something else than nothing. */
function areFinite (values: Float32Array): boolean {
  for (let at = 0; at < values.length; at++) if (values[at]! - values[at]! !== 0) return false
  return true
}
