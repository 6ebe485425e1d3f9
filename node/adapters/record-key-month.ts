/**
 * The record keys of one retention month, in segment files of at most SEGMENT_SLOTS keys, so that an erasure rewrites
 * little. Invariant: what lies in the files when they are opened counts as used. So extending a file reserves its slots,
 * and no slot is handed out twice, whatever happens between; what a restart leaves unused is wasted.
 *
 *   `2026-11.00003.keys`   32 bytes a slot, no header; slot n of the month lies in segment ⌊n / 65,536⌋; zeros: erased
 */
import { randomFillSync } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { RECORD_KEY_BYTES } from '../../keys/records.ts'
import { NEW_SUFFIX, syncFolder, withFile, writeAll } from './durable-files.ts'

/** Slots that one extension adds; a segment holds a whole number of them. */
export const BLOCK_SLOTS = 4096
export const SEGMENT_SLOTS = 16 * BLOCK_SLOTS
/** With fewer slots than this at hand, the next block is made in the background. */
const SLOTS_AHEAD_MIN = BLOCK_SLOTS / 2
const BLOCK_BYTES = BLOCK_SLOTS * RECORD_KEY_BYTES
const OPEN_OR_CREATE = constants.O_RDWR | constants.O_CREAT

export const SEGMENT_FILE = /^(\d{4}-\d{2})\.(\d{5,})\.keys$/
const segmentName = (month: string, segment: number): string => `${month}.${String(segment).padStart(5, '0')}.keys`
export const segmentOf = (slot: number): number => Math.floor(slot / SEGMENT_SLOTS)
const offsetOf = (slot: number): number => (slot % SEGMENT_SLOTS) * RECORD_KEY_BYTES

export class RecordKeyMonth {
  readonly #folder: string
  readonly #month: string
  /** The next slot to hand out, and the end of those made. */
  #next: number
  #end: number
  /** Blocks from which slots are still to be handed out; the first holds `#next`. */
  readonly #blocks: Uint8Array[] = []
  #extending: Promise<void> | undefined
  #isDropped = false
  /** Changes to the files, one after the other; after one that failed, all fail. */
  #turn: Promise<void> = Promise.resolve()
  #doomed = new Set<number>()
  #nextErasure: Promise<void> | undefined

  /** `segments`: how many files the month has, without gaps at its end. */
  static async open (folder: string, month: string, segments: number): Promise<RecordKeyMonth> {
    if (segments === 0) return new RecordKeyMonth(folder, month, 0)
    const { size } = await stat(join(folder, segmentName(month, segments - 1)))
    return new RecordKeyMonth(folder, month, (segments - 1) * SEGMENT_SLOTS + Math.ceil(size / BLOCK_BYTES) * BLOCK_SLOTS)
  }

  constructor (folder: string, month: string, used: number) {
    this.#folder = folder
    this.#month = month
    this.#next = used
    this.#end = used
  }

  /** @throws RangeError when the count is not an integer from 0, or the month is dropped meanwhile */
  async take (count: number): Promise<{ slot: number, key: Uint8Array }[]> {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError('a count is an integer from 0')
    while (this.#end - this.#next < count) await this.#extend()
    const taken = Array.from({ length: count }, () => this.#takeOne())
    // A failure shows at the take that needs the block.
    if (this.#end - this.#next < SLOTS_AHEAD_MIN) this.#extend().catch(() => {})
    return taken
  }

  /** True when the files hold this slot, erased or not. */
  has (slot: number): boolean { return Number.isInteger(slot) && slot >= 0 && slot < this.#end && !this.#isDropped }

  /** The bytes of slots `from` up to, not including, `to`, all of one segment; none when the file is gone. */
  async read (from: number, to: number): Promise<Uint8Array> {
    const bytes = new Uint8Array((to - from) * RECORD_KEY_BYTES)
    try {
      return await withFile(this.#pathOf(segmentOf(from)), 'r', async handle => {
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, offsetOf(from))
        return bytes.subarray(0, bytesRead)
      })
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return bytes.subarray(0, 0)
      throw error
    }
  }

  /** Erasures that come while another one is under way share the next rewriting. */
  async erase (slots: readonly number[]): Promise<void> {
    for (const slot of slots) this.#ensureTaken(slot)
    for (const slot of slots) this.#doomed.add(slot)
    this.#nextErasure ??= this.#inTurn(async () => {
      const doomed = this.#doomed
      this.#doomed = new Set()
      this.#nextErasure = undefined
      await this.#rewriteWithout(doomed)
    })
    return this.#nextErasure
  }

  /** Erases the whole month, which is of no use afterwards. */
  drop (): Promise<void> {
    this.#isDropped = true
    return this.#inTurn(async () => {
      for (let segment = 0; segment < this.#segments(); segment++) await this.#dropSegment(segment)
      await syncFolder(this.#folder)
    })
  }

  /** Resolves when nothing changes the files any more. */
  async settled (): Promise<void> { await this.#turn.catch(() => {}) }

  #takeOne (): { slot: number, key: Uint8Array } {
    const slot = this.#next++
    const at = (slot % BLOCK_SLOTS) * RECORD_KEY_BYTES
    const key = this.#blocks[0]!.subarray(at, at + RECORD_KEY_BYTES)
    if (this.#next % BLOCK_SLOTS === 0) this.#blocks.shift()
    return { slot, key }
  }

  #extend (): Promise<void> {
    this.#extending ??= this.#inTurn(() => this.#appendBlock()).finally(() => { this.#extending = undefined })
    return this.#extending
  }

  async #appendBlock (): Promise<void> {
    if (this.#isDropped) throw new RangeError('the keys of this month are dropped')
    const block = randomFillSync(new Uint8Array(BLOCK_BYTES))
    await withFile(this.#pathOf(segmentOf(this.#end)), OPEN_OR_CREATE, async handle => {
      await writeAll(handle, block, offsetOf(this.#end))
      await handle.datasync()
    })
    if (this.#end % SEGMENT_SLOTS === 0) await syncFolder(this.#folder)
    this.#blocks.push(block)
    this.#end += BLOCK_SLOTS
  }

  async #rewriteWithout (doomed: ReadonlySet<number>): Promise<void> {
    const bySegment = new Map<number, number[]>()
    for (const slot of doomed) bySegment.set(segmentOf(slot), [...bySegment.get(segmentOf(slot)) ?? [], slot])
    for (const [segment, slots] of bySegment) await this.#rewriteSegment(segment, slots)
  }

  /**
   * A new file, so that a power cut cannot hurt the keys beside those erased. Then the erased ones are overwritten in the
   * file that it replaced, so that free blocks do not keep them where the file system overwrites in place.
   */
  async #rewriteSegment (segment: number, slots: readonly number[]): Promise<void> {
    const path = this.#pathOf(segment)
    const replaced = await open(path, 'r+').catch(ignoreMissing)
    if (replaced === undefined) return
    try {
      const bytes = await readFile(path)
      for (const slot of slots) bytes.fill(0, offsetOf(slot), offsetOf(slot) + RECORD_KEY_BYTES)
      await withFile(path + NEW_SUFFIX, 'w', async fresh => {
        await writeAll(fresh, bytes, 0)
        await fresh.sync()
      })
      await rename(path + NEW_SUFFIX, path)
      await syncFolder(this.#folder)
      await writeAll(replaced, bytes, 0)
      await replaced.datasync()
      bytes.fill(0)
    } finally { await replaced.close() }
  }

  async #dropSegment (segment: number): Promise<void> {
    const path = this.#pathOf(segment)
    const dropped = await open(path, 'r+').catch(ignoreMissing)
    if (dropped === undefined) return
    try {
      await writeAll(dropped, new Uint8Array((await dropped.stat()).size), 0)
      await dropped.datasync()
    } finally { await dropped.close() }
    await unlink(path)
  }

  /** A slot that is made but not handed out would be handed out without a key. */
  #ensureTaken (slot: number): void {
    if (!Number.isSafeInteger(slot) || slot < 0) throw new RangeError('a slot is an integer from 0')
    if (slot >= this.#next && slot < this.#end) throw new RangeError('this slot was never handed out')
  }

  #segments (): number { return Math.ceil(this.#end / SEGMENT_SLOTS) }
  #pathOf (segment: number): string { return join(this.#folder, segmentName(this.#month, segment)) }

  #inTurn (run: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(run)
    this.#turn.catch(() => {})
    return this.#turn
  }
}

function ignoreMissing (error: unknown): undefined {
  if ((error as { code?: unknown }).code !== 'ENOENT') throw error
}
