/**
 * Recognisers on threads of their own, so that the node's loop never waits for a picture. Each worker has its own copy of
 * the models and looks at one picture at a time. A worker that dies or does not answer in time is replaced when the next
 * picture comes, and that costs the picture it had and no other. Waiting pictures are few: of one camera the newest
 * matter, so its oldest one gives way, and whoever asked is told.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { RecognitionError, isRecognitionErrorCode, type RecognitionErrorCode } from './errors.ts'
import type { GrayImage } from './image.ts'
import type { Look, LookRequest, Recogniser } from './look.ts'

export const WORKERS_MAX = 4
/** Waiting pictures of one camera, and of all of them together. */
export const WAITING_PER_CAMERA_MAX = 2
export const WAITING_MAX = 128
/** A picture that takes longer has a worker that hangs: decoding alone gives up earlier. */
export const LOOK_MS_MAX = 60_000

export interface PoolOptions {
  /** Else one for each core but one, at most WORKERS_MAX. */
  readonly workers?: number
  /** Folder of models.json and the weights; else those that come with the product. */
  readonly models?: string
  readonly lookMsMax?: number
  /** The program of a worker. */
  readonly program?: URL
}

export interface PoolCounts {
  readonly workers: number
  readonly waiting: number
  /** Pictures answered, those that were refused too. */
  readonly answered: number
  readonly dropped: number
  /** Workers that failed or hung. */
  readonly failed: number
}

export interface RecogniserPool extends Recogniser, AsyncDisposable { readonly counts: () => PoolCounts }

/** To a worker. */
export interface Task { readonly id: number, readonly picture: Uint8Array | GrayImage, readonly request: LookRequest }
/** From a worker. */
export type Answer = { readonly id: number, readonly look: Look } | { readonly id: number, readonly code: RecognitionErrorCode }

interface Waiting { readonly task: Task, readonly resolve: (look: Look) => void, readonly reject: (error: RecognitionError) => void }
interface Seat { worker?: Worker, busy?: Waiting & { readonly timer: NodeJS.Timeout } }

/** A worker starts with its first picture; what is wrong with the models is answered to every look. */
export function createPool ({ workers, models, lookMsMax = LOOK_MS_MAX, program = new URL('./worker.ts', import.meta.url) }: PoolOptions = {}): RecogniserPool {
  const seats: Seat[] = Array.from({ length: Math.max(workers ?? Math.min(availableParallelism() - 1, WORKERS_MAX), 1) }, () => ({}))
  const waiting: Waiting[] = []
  const counts = { answered: 0, dropped: 0, failed: 0 }
  let isStopped = false
  let nextId = 1

  const start = (seat: Seat): Worker => {
    const worker = new Worker(program, { workerData: { models } })
    worker.on('message', (answer: Answer) => { if (seat.worker === worker) settle(seat, answer) })
    for (const end of ['error', 'exit'] as const) worker.on(end, () => { if (seat.worker === worker) fail(seat) })
    return worker
  }

  const serve = (): void => {
    for (const seat of seats.filter(({ busy }) => busy === undefined)) {
      const next = waiting.shift()
      if (next === undefined) return
      const worker = seat.worker ??= start(seat)
      seat.busy = { ...next, timer: setTimeout(() => fail(seat), lookMsMax) }
      worker.ref()
      worker.postMessage(next.task)
    }
  }

  /** An idle worker keeps no process alive. */
  const release = (seat: Seat): void => {
    clearTimeout(seat.busy?.timer)
    delete seat.busy
    seat.worker?.unref()
  }

  const settle = (seat: Seat, answer: Answer): void => {
    const { busy } = seat
    if (busy === undefined || answer.id !== busy.task.id) return
    release(seat)
    counts.answered++
    if ('look' in answer) busy.resolve(answer.look)
    else busy.reject(new RecognitionError(isRecognitionErrorCode(answer.code) ? answer.code : 'recogniser-failed'))
    serve()
  }

  const fail = (seat: Seat): void => {
    const { busy, worker } = seat
    release(seat)
    delete seat.worker
    void worker?.terminate()
    counts.failed++
    busy?.reject(new RecognitionError('recogniser-failed'))
    serve()
  }

  const drop = (mayGo: (one: Waiting) => boolean): void => {
    const [oldest] = waiting.splice(waiting.findIndex(mayGo), 1)
    counts.dropped++
    oldest!.reject(new RecognitionError('frame-dropped'))
  }

  const enqueue = (one: Waiting): void => {
    const isSameCamera = ({ task }: Waiting): boolean => task.request.camera === one.task.request.camera
    if (waiting.filter(isSameCamera).length >= WAITING_PER_CAMERA_MAX) drop(isSameCamera)
    else if (waiting.length >= WAITING_MAX) drop(() => true)
    waiting.push(one)
    serve()
  }

  return {
    look: (picture, request) => new Promise((resolve, reject) => {
      if (isStopped) reject(new RecognitionError('recogniser-stopped'))
      else enqueue({ task: { id: nextId++, picture: alone(picture), request }, resolve, reject })
    }),
    counts: () => ({ workers: seats.length, waiting: waiting.length, ...counts }),
    async [Symbol.asyncDispose] () {
      isStopped = true
      const left = [...waiting.splice(0), ...seats.flatMap(({ busy }) => busy ?? [])]
      for (const { reject } of left) reject(new RecognitionError('recogniser-stopped'))
      const running = seats.flatMap(({ worker }) => worker ?? [])
      for (const seat of seats) { release(seat); delete seat.worker }
      await Promise.all(running.map(worker => worker.terminate()))
    }
  }
}

/** A view of a larger buffer would be sent with all of it. */
function alone (picture: Uint8Array | GrayImage): Uint8Array | GrayImage {
  if (picture instanceof Uint8Array) return picture.byteLength === picture.buffer.byteLength ? picture : Uint8Array.from(picture)
  return { width: picture.width, height: picture.height, data: alone(picture.data) as Uint8Array }
}
