/**
 * A node's clock in virtual time: it may be wrong by `skew`, and it stops with the node, so that nothing of a dead node
 * ever runs again.
 */
import type { Duration, Instant } from '../protocol/instant.ts'
import type { Clock } from '../node/runtime/ports.ts'
import type { Scheduler } from './scheduler.ts'

export class SimulatedClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #skew: () => Duration
  readonly #isOver: () => boolean

  constructor (scheduler: Scheduler, skew: () => Duration, isOver: () => boolean) {
    this.#scheduler = scheduler
    this.#skew = skew
    this.#isOver = isOver
  }

  now (): Instant { return this.#scheduler.now() + this.#skew() }

  after (wait: Duration, run: () => void): () => void {
    return this.#isOver() ? () => {} : this.#scheduler.schedule(wait, () => { if (!this.#isOver()) run() })
  }
}
