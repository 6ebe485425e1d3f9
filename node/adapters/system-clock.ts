/** The machine's clocks: wall time for what is written down, the monotonic one for waits. */
import type { Duration } from '../../protocol/instant.ts'
import type { Clock } from '../runtime/ports.ts'

/** A longer timer would overflow and fire at once; longer waits are made of several. */
const TIMER_WAIT_MAX: Duration = 2 ** 31 - 1

/** setTimeout counts on the monotonic clock, so setting the wall clock moves no wait. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after (wait, run) {
    let timer: NodeJS.Timeout
    const start = (left: Duration): void => {
      const part = Math.min(Math.max(0, left), TIMER_WAIT_MAX)
      timer = setTimeout(() => left > part ? start(left - part) : run(), part)
    }
    start(wait)
    return () => clearTimeout(timer)
  }
}
