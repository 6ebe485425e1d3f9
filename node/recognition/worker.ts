/**
 * The program of one recogniser thread: it has its own models and decoder, and answers one picture at a time. Whatever
 * goes wrong with a picture is answered as a code; only a fault of ours ends the thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { loadModels } from '../adapters/onnx-models.ts'
import { decodePicture } from '../adapters/sharp-pictures.ts'
import { RecognitionError } from './errors.ts'
import { isImage, type GrayImage } from './image.ts'
import type { Models } from './models.ts'
import type { Answer, Task } from './pool.ts'
import { recognise, type Picture } from './recognise.ts'

const { models: folder } = workerData as { readonly models: string | undefined }
let loaded: Promise<Models> | undefined

/** Loaded once; what failed is tried again with the next picture. */
function models (): Promise<Models> {
  loaded ??= loadModels(folder).catch((error: unknown) => { loaded = undefined; throw error })
  return loaded
}

async function answer ({ id, picture, request }: Task): Promise<Answer> {
  try {
    return { id, look: await recognise(await models(), await pixelsOf(picture), request) }
  } catch (error) {
    if (error instanceof RecognitionError) return { id, code: error.code }
    throw error
  }
}

async function pixelsOf (picture: Uint8Array | GrayImage): Promise<Picture> {
  if (picture instanceof Uint8Array) return await decodePicture(picture)
  if (!isImage(picture)) throw new RecognitionError('picture-broken')
  return { image: picture, width: picture.width, height: picture.height }
}

parentPort!.on('message', async (task: Task) => { parentPort!.postMessage(await answer(task)) })
