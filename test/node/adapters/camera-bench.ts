/** For tests of sources: a clock that runs fast, notes that are remembered, and folders that go. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../node/adapters/system-clock.ts'
import type { SourceFault, SourceNotes } from '../../../node/recognition/sources.ts'
import type { Clock } from '../../../node/runtime/ports.ts'

/** Waits are a fiftieth as long; what time it is stays true. */
export const fastClock: Clock = { now: systemClock.now, after: (wait, run) => systemClock.after(wait / 50, run) }

export class NotesTaken implements SourceNotes {
  /** A fault, or `ok` where it recovered; repetitions once. */
  readonly said: (SourceFault | 'ok')[] = []
  lost = 0
  readonly #hear: (what: SourceFault | 'ok') => void
  constructor (hear: (what: SourceFault | 'ok') => void = () => {}) { this.#hear = hear }
  fault (fault: SourceFault): void { this.#say(fault) }
  recovered (): void { this.#say('ok') }
  dropped (count: number): void { this.lost += count }
  #say (what: SourceFault | 'ok'): void {
    if (this.said.at(-1) !== what) this.said.push(what)
    this.#hear(what)
  }
}

export const temporary = (): { path: string, [Symbol.dispose] (): void } => {
  const path = mkdtempSync(join(tmpdir(), 'tiltas-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
