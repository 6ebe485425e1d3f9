/**
 * Record keys in files beside the store, one folder, readable by their owner only. The store's lock covers it too, so it
 * is opened after the store and by nobody else. A backup copies the store first and these files after it: then every
 * record of the backup has its key. Invariant: after a failed write nothing works any more until it is opened anew.
 */
import { readFile, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8ToBytes } from '../../protocol/bytes.ts'
import { RECORD_KEY_BYTES, RETENTION_MONTH } from '../../keys/records.ts'
import { StoreError, type RecordKeySlot, type RecordKeys } from '../runtime/ports.ts'
import { NEW_SUFFIX, ensureOwnFolder, isOutOfSpace, replaceFile } from './durable-files.ts'
import { RecordKeyMonth, SEGMENT_FILE } from './record-key-month.ts'

/** Read together and cached: 4 KB, a page of the file. */
const PAGE_SLOTS = 128
const PAGES_CACHED_MAX = 1024
/** Names the first month that is not dropped, so that a dropped month never begins again at slot 0. */
const DROPPED_FILE = 'dropped-before'

/** @throws StoreError `full` or `failed` */
export async function openFileRecordKeys (folder: string): Promise<RecordKeys> {
  try {
    await ensureOwnFolder(folder)
    const names = await readdir(folder)
    for (const name of names) if (name.endsWith(NEW_SUFFIX)) await unlink(join(folder, name))
    const droppedBefore = names.includes(DROPPED_FILE) ? await readFile(join(folder, DROPPED_FILE), 'latin1') : ''
    const keys = new FileRecordKeys(folder, await openMonths(folder, names), droppedBefore)
    // Once more, in case that a crash came in between.
    if (droppedBefore !== '') await keys.dropBefore(droppedBefore)
    return keys
  } catch (error) { throw storeError(error, 'opening the record keys failed') }
}

async function openMonths (folder: string, names: readonly string[]): Promise<Map<string, RecordKeyMonth>> {
  const segments = new Map<string, number>()
  for (const name of names) {
    const [, month, segment] = SEGMENT_FILE.exec(name) ?? []
    if (month !== undefined) segments.set(month, Math.max(segments.get(month) ?? 0, Number(segment) + 1))
  }
  return new Map(await Promise.all([...segments].map(async ([month, count]) => [month, await RecordKeyMonth.open(folder, month, count)] as const)))
}

class FileRecordKeys implements RecordKeys {
  readonly #folder: string
  readonly #months: Map<string, RecordKeyMonth>
  /** Pages by month and number, the one used longest ago first. */
  readonly #pages = new Map<string, Promise<Uint8Array>>()
  #droppedBefore: string
  #ended: StoreError | undefined

  constructor (folder: string, months: Map<string, RecordKeyMonth>, droppedBefore: string) {
    this.#folder = folder
    this.#months = months
    this.#droppedBefore = droppedBefore
  }

  async take (month: string, count: number): Promise<{ slot: number, key: Uint8Array }[]> {
    ensureMonth(month)
    if (month < this.#droppedBefore) throw new RangeError('the keys of this month are dropped')
    return this.#guard(() => this.#monthOf(month).take(count))
  }

  async get ({ month, slot }: RecordKeySlot): Promise<Uint8Array | undefined> {
    ensureMonth(month)
    this.#ensureWorking()
    if (this.#months.get(month)?.has(slot) !== true) return undefined
    const bytes = await this.#page(month, Math.floor(slot / PAGE_SLOTS))
    const at = (slot % PAGE_SLOTS) * RECORD_KEY_BYTES
    const key = bytes.slice(at, at + RECORD_KEY_BYTES)
    return key.length < RECORD_KEY_BYTES || key.every(byte => byte === 0) ? undefined : key
  }

  async erase (slots: readonly RecordKeySlot[]): Promise<void> {
    const byMonth = new Map<string, number[]>()
    for (const { month, slot } of slots) {
      ensureMonth(month)
      if (!byMonth.get(month)?.push(slot)) byMonth.set(month, [slot])
    }
    await this.#guard(() => Promise.all([...byMonth].map(([month, numbers]) => this.#monthOf(month).erase(numbers))))
    for (const { month, slot } of slots) this.#pages.delete(pageName(month, Math.floor(slot / PAGE_SLOTS)))
  }

  async dropBefore (month: string): Promise<void> {
    ensureMonth(month)
    if (month > this.#droppedBefore) {
      this.#droppedBefore = month
      await this.#guard(() => replaceFile(join(this.#folder, DROPPED_FILE), utf8ToBytes(month)))
    }
    const old = [...this.#months].filter(([name]) => name < month)
    await this.#guard(() => Promise.all(old.map(([, keys]) => keys.drop())))
    for (const [name] of old) this.#months.delete(name)
    for (const name of this.#pages.keys()) if (name < month) this.#pages.delete(name)
  }

  async close (): Promise<void> {
    this.#ended ??= new StoreError('failed', 'the record keys are closed')
    await Promise.all([...this.#months.values()].map(month => month.settled()))
    this.#pages.clear()
  }

  #monthOf (month: string): RecordKeyMonth {
    const known = this.#months.get(month)
    if (known !== undefined) return known
    const made = new RecordKeyMonth(this.#folder, month, 0)
    this.#months.set(month, made)
    return made
  }

  #page (month: string, number: number): Promise<Uint8Array> {
    const name = pageName(month, number)
    const page = this.#pages.get(name) ?? this.#readPage(name, month, number)
    this.#pages.delete(name)
    this.#pages.set(name, page)
    if (this.#pages.size > PAGES_CACHED_MAX) this.#pages.delete(this.#pages.keys().next().value!)
    return page
  }

  async #readPage (name: string, month: string, number: number): Promise<Uint8Array> {
    try { return await this.#monthOf(month).read(number * PAGE_SLOTS, (number + 1) * PAGE_SLOTS) } catch (error) {
      this.#pages.delete(name)
      throw storeError(error, 'reading record keys failed')
    }
  }

  /** A write that fails leaves the files unknown; a mistake of the caller (RangeError) does not. */
  async #guard<T> (run: () => Promise<T>): Promise<T> {
    this.#ensureWorking()
    try { return await run() } catch (error) {
      if (error instanceof RangeError) throw error
      this.#ended ??= storeError(error, 'a step on the record keys failed')
      throw this.#ended
    }
  }

  #ensureWorking (): void {
    if (this.#ended !== undefined) throw this.#ended
  }
}

const pageName = (month: string, number: number): string => `${month}/${number}`

/** Months become file names. */
function ensureMonth (month: string): void {
  if (!RETENTION_MONTH.test(month)) throw new TypeError('a month is written 2026-11')
}

const storeError = (error: unknown, message: string): StoreError =>
  error instanceof StoreError ? error : new StoreError(isOutOfSpace(error) ? 'full' : 'failed', message, { cause: error })
