/** Waits between tries at a camera: doubled each time up to a limit, with chance in them so that many cameras do not try in step. */
import { MINUTE, SECOND, type Duration } from '../../protocol/instant.ts'
import type { Clock, Entropy } from '../runtime/ports.ts'

export const CAMERA_RETRY_MIN: Duration = SECOND
export const CAMERA_RETRY_MAX: Duration = MINUTE

export interface RetryWaits {
  /** Resolves after the next wait, or at once when the signal ends it. */
  next (): Promise<void>
  wait (wait: Duration): Promise<void>
  reset (): void
}

export function retryWaits (clock: Clock, entropy: Entropy, signal: AbortSignal): RetryWaits {
  let wait = CAMERA_RETRY_MIN
  const pause = (time: Duration): Promise<void> => pauseFor(clock, time, signal)
  return {
    next () {
      // Half of it for certain, the other half by chance.
      const time = wait / 2 + wait / 2 * (entropy.bytes(1)[0]! / 255)
      wait = Math.min(wait * 2, CAMERA_RETRY_MAX)
      return pause(time)
    },
    wait: pause,
    reset () { wait = CAMERA_RETRY_MIN }
  }
}

export const pauseFor = (clock: Clock, wait: Duration, signal: AbortSignal): Promise<void> => new Promise(resolve => {
  if (signal.aborted) return resolve()
  const cancel = clock.after(wait, () => { signal.removeEventListener('abort', end); resolve() })
  const end = (): void => { cancel(); resolve() }
  signal.addEventListener('abort', end, { once: true })
})
