/**
 * Virtual time: what is to happen, in order, and no waiting between. Everything that one callback set off in promises is
 * over before the next one runs, so the order of events is a function of the seed alone. Invariant: callbacks of one
 * instant run in the order in which they were scheduled; nothing is ever scheduled in the past.
 *
 * A tick of Node's queue runs only when no promise job is left, hence a job that asks for a tick waits for all of them.
 * It costs a fraction of a microsecond; timers and sockets would starve meanwhile, and a simulation has none.
 */
import type { Duration, Instant } from '../protocol/instant.ts'

interface Planned { readonly at: Instant, readonly number: number, run: (() => void) | undefined }

const isBefore = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.number < b.number)

export class Scheduler {
  #now: Instant
  #number = 0
  readonly #heap: Planned[] = []
  /** Callbacks that ran. */
  count = 0

  constructor (now: Instant) { this.#now = now }

  now (): Instant { return this.#now }

  /** The returned function cancels. @throws RangeError for a time that has passed */
  schedule (after: Duration, run: () => void): () => void {
    if (!(after >= 0)) throw new RangeError('nothing is scheduled in the past')
    const planned: Planned = { at: this.#now + after, number: this.#number++, run }
    this.#push(planned)
    return () => { planned.run = undefined }
  }

  /** Resolves when all that was planned up to `until` is done and the time is `until`. Rejects when a callback throws. */
  runUntil (until: Instant): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => process.nextTick(turn)
      const turn = (): void => {
        try {
          if (!this.#runNext(until)) { this.#now = Math.max(this.#now, until); resolve(); return }
        } catch (error) { reject(error); return }
        queueMicrotask(settle)
      }
      queueMicrotask(settle)
    })
  }

  #runNext (until: Instant): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop()
      if (next.run === undefined) continue
      this.#now = next.at
      this.count++
      next.run()
      return true
    }
    return false
  }

  #push (planned: Planned): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(planned, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = planned
  }

  #pop (): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (!isBefore(heap[below]!, last)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}
