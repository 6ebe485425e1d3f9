/**
 * Pictures that somebody puts into a folder (a camera by FTP, a folder that is shared): each is read once, oldest first,
 * when it is complete, also across restarts. Invariants: a picture counts as read only after the loop came back for the
 * next one, so that a crash costs no picture (it may cost one look twice); what is remembered of a picture is a digest of
 * its name, size and time, because vendors put plates into names.
 *
 *   progress file: one line for each picture, 22 characters of base64url; rewritten without those that are gone
 */
import { createHash } from 'node:crypto'
import { appendFile, lstat, open, readFile, readdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SECOND, type Duration } from '../../protocol/instant.ts'
import { FRAME_BYTES_MAX, pictureTypeOf, type Frame, type FrameSource, type SourceNotes } from '../recognition/sources.ts'
import type { Clock } from '../runtime/ports.ts'
import { OWNER_ONLY_FILE, ensureOwnFolder, replaceFile } from './durable-files.ts'
import { pauseFor } from './retry-waits.ts'

export const FOLDER_INTERVAL: Duration = SECOND
/** Pictures of one folder that are looked at in one round, and remembered; the rest waits. */
export const FOLDER_PICTURES_MAX = 100_000
/** Lines of pictures that are gone before the progress file is written anew. */
const STALE_LINES_MAX = 4096
const MARK = /^[A-Za-z0-9_-]{22}$/
/** Hidden files, and names that programs give to what they have not finished. */
const UNFINISHED = /^\.|\.(?:tmp|part|partial|crdownload|filepart|!?ut)$|~$/i
const PICTURE = /\.(?:jpe?g|png|webp)$/i

export interface FolderOptions {
  readonly folder: string
  /** Where it is written down which pictures were read. */
  readonly progressFile: string
  /** Takes each picture away once it is read. */
  readonly remove?: boolean
  readonly interval?: Duration
}

interface Found { readonly name: string, readonly size: number, readonly mtimeMs: number, readonly mark: string }

export class PictureFolder implements FrameSource {
  readonly #options: FolderOptions
  readonly #clock: Clock
  readonly #marks = new Set<string>()
  #lines = 0
  #isGone = false

  constructor (options: FolderOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  async * frames (signal: AbortSignal, notes: SourceNotes): AsyncGenerator<Frame> {
    await this.#loadMarks()
    let before = new Set<string>()
    while (!signal.aborted) {
      const found = await this.#scan(notes)
      for (const picture of found) {
        if (signal.aborted) return
        // Complete when it was there, just so, a round ago.
        if (!before.has(picture.mark) || this.#marks.has(picture.mark)) continue
        const frame = await this.#read(picture, notes)
        if (frame !== undefined) yield frame
        await this.#done(picture)
      }
      before = new Set(found.map(({ mark }) => mark))
      await this.#compact(before)
      await pauseFor(this.#clock, this.#options.interval ?? FOLDER_INTERVAL, signal)
    }
  }

  /** Oldest first. A folder that cannot be read is empty, and a fault. */
  async #scan (notes: SourceNotes): Promise<Found[]> {
    try {
      const names = (await readdir(this.#options.folder)).filter(name => PICTURE.test(name) && !UNFINISHED.test(name)).sort().slice(0, FOLDER_PICTURES_MAX)
      const found: Found[] = []
      for (const name of names) {
        const about = await lstat(join(this.#options.folder, name)).catch(() => undefined)
        if (about?.isFile() === true) found.push({ name, size: about.size, mtimeMs: about.mtimeMs, mark: markOf(name, about.size, about.mtimeMs) })
      }
      if (this.#isGone) notes.recovered()
      this.#isGone = false
      return found.sort((a, b) => a.mtimeMs - b.mtimeMs || (a.name < b.name ? -1 : 1))
    } catch {
      notes.fault('no-folder')
      this.#isGone = true
      return []
    }
  }

  /** The file's own time dates it: it was written on this machine's clock. */
  async #read ({ name, size, mtimeMs }: Found, notes: SourceNotes): Promise<Frame | undefined> {
    const fault = size === 0 ? 'empty' : size > FRAME_BYTES_MAX ? 'too-large' : undefined
    const picture = fault === undefined ? await readFile(join(this.#options.folder, name)).catch(() => undefined) : undefined
    if (picture !== undefined && pictureTypeOf(picture) !== undefined) {
      notes.recovered()
      return { picture, receivedAt: Math.min(Math.round(mtimeMs), this.#clock.now()) }
    }
    notes.dropped(1)
    notes.fault(fault ?? 'not-a-picture')
    return undefined
  }

  async #done (picture: Found): Promise<void> {
    this.#marks.add(picture.mark)
    this.#lines++
    const handle = await open(this.#options.progressFile, 'a', OWNER_ONLY_FILE)
    try {
      await appendFile(handle, `${picture.mark}\n`)
      await handle.datasync()
    } finally { await handle.close() }
    if (this.#options.remove === true) await unlink(join(this.#options.folder, picture.name)).catch(() => {})
  }

  async #loadMarks (): Promise<void> {
    await ensureOwnFolder(dirname(this.#options.progressFile))
    const text = await readFile(this.#options.progressFile, 'latin1').catch(() => '')
    // A line that a power cut left half written names no picture.
    for (const line of text.split('\n')) if (MARK.test(line)) this.#marks.add(line)
    this.#lines = this.#marks.size
    await replaceFile(this.#options.progressFile, Buffer.from(textOf(this.#marks)))
  }

  async #compact (present: ReadonlySet<string>): Promise<void> {
    const stale = this.#lines - present.size
    if (stale < STALE_LINES_MAX) return
    for (const mark of this.#marks) if (!present.has(mark)) this.#marks.delete(mark)
    await replaceFile(this.#options.progressFile, Buffer.from(textOf(this.#marks)))
    this.#lines = this.#marks.size
  }
}

const textOf = (marks: Iterable<string>): string => [...marks].map(mark => `${mark}\n`).join('')
const markOf = (name: string, size: number, mtimeMs: number): string =>
  createHash('sha256').update(`${name}\0${size}\0${mtimeMs}`).digest('base64url').slice(0, 22)
