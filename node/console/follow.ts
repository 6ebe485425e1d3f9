/**
 * Hits as they come, one JSON object a line: `{"hit":…}`, `{"heartbeat":ms}` or, last, `{"error":…}`.
 * A heartbeat opens the stream and fills every silence, so that an empty screen can tell quiet from broken.
 * The next hit is asked for only after the reader took the last line.
 */
import type { Duration } from '../../protocol/instant.ts'
import type { Clock } from '../runtime/ports.ts'
import { errorAnswer } from './answers.ts'
import type { HitView } from './service.ts'

const line = (value: object): string => JSON.stringify(value) + '\n'

export async function * followLines (hits: AsyncIterable<HitView>, clock: Clock, heartbeatEvery: Duration, signal: AbortSignal): AsyncGenerator<string> {
  const iterator = hits[Symbol.asyncIterator]()
  const ended = new Promise<'ended'>(resolve => {
    if (signal.aborted) resolve('ended')
    signal.addEventListener('abort', () => resolve('ended'), { once: true })
  })
  try {
    yield line({ heartbeat: clock.now() })
    let next = iterator.next()
    while (!signal.aborted) {
      const silence = wait(clock, heartbeatEvery)
      const first = await Promise.race([next, silence.over, ended]).finally(silence.cancel)
      if (first === 'ended') return
      if (first === 'silent') { yield line({ heartbeat: clock.now() }); continue }
      if (first.done === true) return
      yield line({ hit: first.value })
      next = iterator.next()
    }
  } catch (thrown) {
    yield line({ error: errorAnswer(thrown).body })
  } finally {
    // Not awaited: an iterator that is still waiting for a hit would hold the stream open.
    iterator.return?.()?.catch(() => {})
  }
}

function wait (clock: Clock, duration: Duration): { over: Promise<'silent'>, cancel: () => void } {
  let cancel = (): void => {}
  const over = new Promise<'silent'>(resolve => { cancel = clock.after(duration, () => resolve('silent')) })
  return { over, cancel }
}
