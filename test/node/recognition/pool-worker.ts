/** A worker that does as the first byte of its picture says: the pool's tests start it instead of the real one. */
import { parentPort } from 'node:worker_threads'
import type { Task } from '../../../node/recognition/pool.ts'

export const DOES = { answer: 1, refuse: 2, throw: 3, exit: 4, hang: 5, neverAnswer: 6, unknownCode: 7, wait: 8 } as const

parentPort?.on('message', ({ id, picture }: Task) => {
  const what = (picture as Uint8Array)[0]
  const answer = (): void => parentPort!.postMessage({ id, look: { width: (picture as Uint8Array)[1], height: (picture as Uint8Array).buffer.byteLength, plates: [], rejected: {} } })
  if (what === DOES.answer) answer()
  if (what === DOES.refuse) parentPort!.postMessage({ id, code: 'picture-broken' })
  if (what === DOES.unknownCode) parentPort!.postMessage({ id, code: 'nonsense' })
  if (what === DOES.throw) throw new Error('as told')
  if (what === DOES.exit) process.exit(3)
  if (what === DOES.hang) for (;;) ;
  if (what === DOES.wait) setTimeout(answer, 30)
})
