/**
 * The RecordKeys port on a simulated disk. As in the real files, making a block of keys durable reserves its slots; so a
 * crash wastes slots and never gives one twice. A restored backup may: it never knew of them.
 */
import { RETENTION_MONTH, RECORD_KEY_BYTES } from '../keys/records.ts'
import { StoreError, type RecordKeySlot, type RecordKeys } from '../node/runtime/ports.ts'
import type { Random } from './random.ts'
import type { SimulatedFile } from './disk.ts'

const BLOCK_SLOTS = 64

/** The durable keys of each month by slot; undefined where erased. */
export class RecordKeyFiles {
  readonly months: Map<string, (Uint8Array | undefined)[]>
  droppedBefore = ''

  constructor (months = new Map<string, (Uint8Array | undefined)[]>(), droppedBefore = '') {
    this.months = months
    this.droppedBefore = droppedBefore
  }

  copy (): RecordKeyFiles { return new RecordKeyFiles(new Map([...this.months].map(([month, keys]) => [month, [...keys]])), this.droppedBefore) }

  add (month: string, keys: readonly Uint8Array[]): void { this.months.set(month, [...this.months.get(month) ?? [], ...keys]) }

  erase (slots: readonly RecordKeySlot[]): void {
    for (const { month, slot } of slots) {
      const keys = this.months.get(month)
      if (keys !== undefined && slot < keys.length) keys[slot] = undefined
    }
  }

  dropBefore (month: string): void {
    if (month > this.droppedBefore) this.droppedBefore = month
    for (const name of this.months.keys()) if (name < month) this.months.delete(name)
  }
}

interface ReadyKeys { slot: number, readonly keys: Uint8Array[] }

export class SimulatedRecordKeys implements RecordKeys {
  readonly #files: RecordKeyFiles
  readonly #random: Random
  readonly #file: SimulatedFile
  readonly #read: () => Promise<void>
  /** Durable and not handed out; `slot` is that of the first. */
  readonly #ready = new Map<string, ReadyKeys>()
  #isClosed = false

  constructor (files: RecordKeyFiles, random: Random, file: SimulatedFile, read: () => Promise<void>) {
    this.#files = files
    this.#random = random
    this.#file = file
    this.#read = read
  }

  async take (month: string, count: number): Promise<{ slot: number, key: Uint8Array }[]> {
    this.#ensureWorking(month)
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError('a count is an integer from 0')
    if (month < this.#files.droppedBefore) throw new RangeError('the keys of this month are dropped')
    const ready = this.#readyOf(month)
    while (ready.keys.length < count) await this.#extend(month, ready, count - ready.keys.length)
    return ready.keys.splice(0, count).map(key => ({ slot: ready.slot++, key }))
  }

  async get ({ month, slot }: RecordKeySlot): Promise<Uint8Array | undefined> {
    this.#ensureWorking(month)
    await this.#read()
    return this.#files.months.get(month)?.[slot]?.slice()
  }

  async erase (slots: readonly RecordKeySlot[]): Promise<void> {
    for (const { month, slot } of slots) {
      this.#ensureWorking(month)
      const ready = this.#ready.get(month)
      if (!Number.isSafeInteger(slot) || slot < 0) throw new RangeError('a slot is an integer from 0')
      if (ready !== undefined && slot >= ready.slot && slot < ready.slot + ready.keys.length) throw new RangeError('this slot was never handed out')
    }
    if (slots.length > 0) await this.#file.write(() => this.#files.erase(slots))
  }

  async dropBefore (month: string): Promise<void> {
    this.#ensureWorking(month)
    await this.#file.write(() => this.#files.dropBefore(month))
    for (const name of this.#ready.keys()) if (name < month) this.#ready.delete(name)
  }

  async close (): Promise<void> {
    this.#isClosed = true
    await this.#file.settled()
  }

  #readyOf (month: string): ReadyKeys {
    const known = this.#ready.get(month)
    if (known !== undefined) return known
    const made = { slot: this.#files.months.get(month)?.length ?? 0, keys: [] }
    this.#ready.set(month, made)
    return made
  }

  /** Takes that wait at the same time each make their own block; all of them go to whoever comes first. */
  async #extend (month: string, ready: ReadyKeys, missing: number): Promise<void> {
    const count = Math.ceil(missing / BLOCK_SLOTS) * BLOCK_SLOTS
    const keys = Array.from({ length: count }, () => this.#random.bytes(RECORD_KEY_BYTES))
    await this.#file.write(() => this.#files.add(month, keys.map(key => key.slice())))
    ready.keys.push(...keys)
  }

  #ensureWorking (month: string): void {
    if (this.#isClosed) throw new StoreError('failed', 'the record keys are closed')
    if (this.#file.failure !== undefined) throw this.#file.failure
    if (!RETENTION_MONTH.test(month)) throw new TypeError('a month is written 2026-11')
  }
}
