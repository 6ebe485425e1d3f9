/**
 * A Store in memory, for tests and tools, and the ordered records that the simulated disk is made of. Nothing in it
 * survives the process. Values are copied on their way in and out, so no caller can change what is stored.
 */
import { StoreError, type Store, type StoreKey, type StoreScan, type StoreWrite } from './ports.ts'
import { ensureStoreKey, rangeOf } from './store-keys.ts'

/** Keys in one run of the order; a run that grows beyond it is cut in two. */
const RUN_LENGTH_MAX = 1024

/** How many of the sorted texts come before `key`. */
function countBelow (length: number, textAt: (i: number) => string, key: string): number {
  let low = 0; let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (textAt(middle) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Records in the order of their keys: a map, and beside it the keys in sorted runs. */
export class SortedRecords {
  readonly #values: Map<StoreKey, Uint8Array>
  readonly #runs: StoreKey[][]

  constructor (values = new Map<StoreKey, Uint8Array>(), runs: StoreKey[][] = []) {
    this.#values = values
    this.#runs = runs
  }

  get (key: StoreKey): Uint8Array | undefined { return this.#values.get(key) }

  apply (writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      if (write.op === 'put') this.#put(write.key, write.value)
      else this.#delete(write.key)
    }
  }

  keys (range: StoreScan): StoreKey[] {
    const { from, to } = rangeOf(range)
    const keys: StoreKey[] = []
    if (range.reverse === true) this.#collectDown(from, to, range.limit, keys)
    else this.#collectUp(from, to, range.limit, keys)
    return keys
  }

  /** Independent of this one from now on. */
  copy (): SortedRecords { return new SortedRecords(new Map(this.#values), this.#runs.map(run => run.slice())) }

  #put (key: StoreKey, value: Uint8Array): void {
    if (!this.#values.has(key)) this.#place(key)
    this.#values.set(key, value)
  }

  #place (key: StoreKey): void {
    if (this.#runs.length === 0) this.#runs.push([])
    const at = this.#runAt(key)
    const run = this.#runs[at]!
    run.splice(countBelow(run.length, i => run[i]!, key), 0, key)
    if (run.length > RUN_LENGTH_MAX) this.#runs.splice(at + 1, 0, run.splice(RUN_LENGTH_MAX / 2))
  }

  #delete (key: StoreKey): void {
    if (!this.#values.delete(key)) return
    const at = this.#runAt(key)
    const run = this.#runs[at]!
    run.splice(countBelow(run.length, i => run[i]!, key), 1)
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** The run that holds `key`, or where it belongs: the last one whose first key is not above it. */
  #runAt (key: StoreKey): number {
    const below = countBelow(this.#runs.length, i => this.#runs[i]![0]!, key)
    return this.#runs[below]?.[0] === key ? below : Math.max(0, below - 1)
  }

  #collectUp (from: StoreKey, to: StoreKey, limit: number, keys: StoreKey[]): void {
    for (let at = this.#runAt(from); at < this.#runs.length; at++) {
      const run = this.#runs[at]!
      for (let i = countBelow(run.length, n => run[n]!, from); i < run.length; i++) {
        if (keys.length >= limit || run[i]! >= to) return
        keys.push(run[i]!)
      }
    }
  }

  #collectDown (from: StoreKey, to: StoreKey, limit: number, keys: StoreKey[]): void {
    for (let at = Math.min(this.#runAt(to), this.#runs.length - 1); at >= 0; at--) {
      const run = this.#runs[at]!
      for (let i = countBelow(run.length, n => run[n]!, to) - 1; i >= 0; i--) {
        if (keys.length >= limit || run[i]! < from) return
        keys.push(run[i]!)
      }
    }
  }
}

/** The writes with their values copied. @throws TypeError for a malformed key */
export function copyWrites (writes: readonly StoreWrite[]): StoreWrite[] {
  return writes.map(write => {
    ensureStoreKey(write.key)
    return write.op === 'put' ? { ...write, value: new Uint8Array(write.value) } : write
  })
}

export class MemoryStore implements Store {
  readonly #records = new SortedRecords()
  #isClosed = false

  async get (key: StoreKey): Promise<Uint8Array | undefined> { return (await this.getMany([key]))[0] }

  async getMany (keys: readonly StoreKey[]): Promise<(Uint8Array | undefined)[]> {
    this.#ensureOpen()
    keys.forEach(ensureStoreKey)
    return keys.map(key => this.#copyOf(key))
  }

  async scan (range: StoreScan): Promise<{ key: StoreKey, value: Uint8Array }[]> {
    this.#ensureOpen()
    return this.#records.keys(range).map(key => ({ key, value: this.#copyOf(key)! }))
  }

  async commit (writes: readonly StoreWrite[]): Promise<void> {
    this.#ensureOpen()
    this.#records.apply(copyWrites(writes))
  }

  async close (): Promise<void> { this.#isClosed = true }

  #copyOf (key: StoreKey): Uint8Array | undefined {
    const value = this.#records.get(key)
    return value && value.slice()
  }

  #ensureOpen (): void {
    if (this.#isClosed) throw new StoreError('failed', 'the store is closed')
  }
}
