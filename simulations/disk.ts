/**
 * One node's disk: the Store and RecordKeys ports on a virtual scheduler, with the faults that a real disk has. Invariant:
 * what a promise said to be durable is there after a crash; what it did not may be or not, but each write whole, in the
 * order of the writes, and never a later one without an earlier one. A write that failed may be there after all.
 *
 * A crash leaves the promises of the dead node unsettled for ever, as they would be; a store opened afterwards reads what
 * was durable. Everything is drawn from the random that is passed in, so the same seed and calls give the same disk.
 */
import { SECOND, type Duration } from '../protocol/instant.ts'
import { SortedRecords, copyWrites } from '../node/runtime/memory-store.ts'
import { StoreError, type RecordKeys, type Store, type StoreKey, type StoreScan, type StoreWrite } from '../node/runtime/ports.ts'
import { ensureStoreKey } from '../node/runtime/store-keys.ts'
import type { Random } from './random.ts'
import { RecordKeyFiles, SimulatedRecordKeys } from './record-keys.ts'

export interface DiskScheduler { schedule (after: Duration, run: () => void): () => void }

/** Durations in ms, everything else per mille. */
export interface DiskFaults {
  /** An fsync takes this long, and up to `jitter` more. */
  readonly sync: Duration
  readonly jitter: Duration
  /** Reads take up to this long; 0: they answer at once, which is faster to simulate. */
  readonly read: Duration
  /** Fsyncs that take `slowSync` more. */
  readonly slow: number
  readonly slowSync: Duration
  /** Fsyncs that fail, half of them although the data did reach the disk. */
  readonly fails: number
  /** Writes that find no space. */
  readonly full: number
}
export const STEADY_DISK: DiskFaults = { sync: 2, jitter: 3, read: 0, slow: 0, slowSync: 0, fails: 0, full: 0 }
export const FAILING_DISK: DiskFaults = { sync: 2, jitter: 20, read: 5, slow: 30, slowSync: 2 * SECOND, fails: 2, full: 1 }

/** What is durable. */
interface DiskImage { readonly records: SortedRecords, readonly rotten: Set<StoreKey>, readonly keys: RecordKeyFiles }
/** A backup; only a disk can read it. */
export interface DiskSnapshot { readonly image: DiskImage }

const emptyImage = (): DiskImage => ({ records: new SortedRecords(), rotten: new Set(), keys: new RecordKeyFiles() })
const copyImage = ({ records, rotten, keys }: DiskImage): DiskImage => ({ records: records.copy(), rotten: new Set(rotten), keys: keys.copy() })

export class SimulatedDisk {
  readonly #scheduler: DiskScheduler
  readonly #random: Random
  readonly #keyRandom: Random
  #faults: DiskFaults
  #image = emptyImage()
  /** What the node that lives now has open. Each crash ends one life, and everything in it. */
  #life = new DiskLife()

  constructor (scheduler: DiskScheduler, random: Random, faults: DiskFaults = STEADY_DISK) {
    this.#scheduler = scheduler
    this.#random = random.fork('disk')
    this.#keyRandom = random.fork('record-keys')
    this.#faults = faults
  }

  setFaults (faults: DiskFaults): void { this.#faults = faults }

  /** @throws StoreError `locked` while another store of the same life is open */
  async openStore (): Promise<Store> {
    const life = this.#life
    if (life.store?.isOpen === true) throw new StoreError('locked', 'the store is in use')
    life.store = new SimulatedStore(this.#image, this.#newFile(life), () => this.#read(life))
    return life.store
  }

  async openRecordKeys (): Promise<RecordKeys> {
    const life = this.#life
    return new SimulatedRecordKeys(this.#image.keys, this.#keyRandom, this.#newFile(life), () => this.#read(life))
  }

  /** Power is gone. Of each file's writes that were not durable, the first few may have reached the disk, or none. */
  crash (): void {
    const { files } = this.#life
    this.#life.isOver = true
    this.#life = new DiskLife()
    for (const file of files) file.crash()
  }

  /** A backup of what is durable now. */
  snapshot (): DiskSnapshot { return { image: copyImage(this.#image) } }

  /** Crashes, then puts an old backup in place. The same backup can be restored again, also to another disk. */
  restore ({ image }: DiskSnapshot): void {
    this.crash()
    this.#image = copyImage(image)
  }

  /** Bits of a durable value flip; false when there is none. Writing it again heals it. */
  corrupt (key: StoreKey): boolean {
    if (this.#image.records.get(key) === undefined) return false
    this.#image.rotten.add(key)
    return true
  }

  #newFile (life: DiskLife): SimulatedFile {
    const file = new SimulatedFile(life, this.#scheduler, this.#random, () => this.#faults)
    life.files.push(file)
    return file
  }

  async #read (life: DiskLife): Promise<void> {
    if (life.isOver) return never()
    if (this.#faults.read === 0) return
    const wait = this.#random.integer(this.#faults.read + 1)
    // When the node dies meanwhile, nobody is left to be told.
    return new Promise(resolve => { this.#scheduler.schedule(wait, () => { if (!life.isOver) resolve() }) })
  }
}

class DiskLife {
  isOver = false
  store: SimulatedStore | undefined
  readonly files: SimulatedFile[] = []
}

export const never = (): Promise<never> => new Promise(() => {})

interface WaitingWrite { readonly apply: () => void, readonly resolve: () => void, readonly reject: (error: StoreError) => void }

/** What is written in order and made durable by fsync: writes that come while one runs share the next. */
export class SimulatedFile {
  readonly #life: DiskLife
  readonly #scheduler: DiskScheduler
  readonly #random: Random
  readonly #faults: () => DiskFaults
  #syncing: WaitingWrite[] = []
  #waiting: WaitingWrite[] = []
  #failure: StoreError | undefined

  constructor (life: DiskLife, scheduler: DiskScheduler, random: Random, faults: () => DiskFaults) {
    this.#life = life
    this.#scheduler = scheduler
    this.#random = random
    this.#faults = faults
  }

  get failure (): StoreError | undefined { return this.#failure }

  /** `apply` changes the durable image, all at once. Resolves when it is durable; after a failure everything fails. */
  write (apply: () => void): Promise<void> {
    if (this.#life.isOver) return never()
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ apply, resolve, reject })
      if (this.#syncing.length === 0) this.#startSync()
    })
  }

  /** Resolves when nothing is being written. */
  async settled (): Promise<void> { if (this.#syncing.length > 0) await this.write(() => {}).catch(() => {}) }

  /** Keeps the first few of the writes under way, each whole. */
  crash (): void {
    const writes = [...this.#syncing, ...this.#waiting]
    const kept = this.#random.integer(writes.length + 1)
    for (const { apply } of writes.slice(0, kept)) apply()
    this.#syncing = []
    this.#waiting = []
  }

  #startSync (): void {
    const { sync, jitter, slow, slowSync } = this.#faults()
    this.#syncing = this.#waiting
    this.#waiting = []
    const wait = sync + this.#random.integer(jitter + 1) + (this.#random.chance(slow) ? slowSync : 0)
    this.#scheduler.schedule(wait, () => { if (!this.#life.isOver) this.#endSync() })
  }

  #endSync (): void {
    const { fails, full } = this.#faults()
    const isFull = this.#random.chance(full); const isFailing = this.#random.chance(fails); const isKept = this.#random.chance(500)
    if (isFull) return this.#fail(new StoreError('full', 'no space is left on the disk'))
    if (!isFailing || isKept) for (const { apply } of this.#syncing) apply()
    if (isFailing) return this.#fail(new StoreError('failed', 'an fsync failed'))
    for (const { resolve } of this.#syncing) resolve()
    this.#syncing = []
    if (this.#waiting.length > 0) this.#startSync()
  }

  #fail (error: StoreError): void {
    this.#failure = error
    for (const { reject } of [...this.#syncing, ...this.#waiting]) reject(error)
    this.#syncing = []
    this.#waiting = []
  }
}

class SimulatedStore implements Store {
  readonly #image: DiskImage
  readonly #file: SimulatedFile
  readonly #read: () => Promise<void>
  #isClosing = false
  /** Until it is closed and nothing is being written any more. */
  isOpen = true

  constructor (image: DiskImage, file: SimulatedFile, read: () => Promise<void>) {
    this.#image = image
    this.#file = file
    this.#read = read
  }

  async get (key: StoreKey): Promise<Uint8Array | undefined> { return (await this.getMany([key]))[0] }

  async getMany (keys: readonly StoreKey[]): Promise<(Uint8Array | undefined)[]> {
    this.#ensureWorking()
    keys.forEach(ensureStoreKey)
    await this.#read()
    return keys.map(key => this.#valueOf(key))
  }

  async scan (range: StoreScan): Promise<{ key: StoreKey, value: Uint8Array }[]> {
    this.#ensureWorking()
    await this.#read()
    return this.#image.records.keys(range).map(key => ({ key, value: this.#valueOf(key)! }))
  }

  async commit (writes: readonly StoreWrite[]): Promise<void> {
    this.#ensureWorking()
    const copied = copyWrites(writes)
    if (copied.length === 0) return
    return this.#file.write(() => {
      this.#image.records.apply(copied)
      for (const { key } of copied) this.#image.rotten.delete(key)
    })
  }

  async close (): Promise<void> {
    this.#isClosing = true
    await this.#file.settled()
    this.isOpen = false
  }

  #valueOf (key: StoreKey): Uint8Array | undefined {
    if (this.#image.rotten.has(key)) throw new StoreError('corrupt', `the value of ${key} does not fit its digest`, { key })
    const value = this.#image.records.get(key)
    return value && value.slice()
  }

  #ensureWorking (): void {
    if (this.#isClosing) throw new StoreError('failed', 'the store is closed')
    if (this.#file.failure !== undefined) throw this.#file.failure
  }
}
