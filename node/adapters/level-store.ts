/**
 * The store on LevelDB. LevelDB hands back flipped bits, and skips damaged batches at start, without a word; so every value
 * carries a digest over its key and itself, and every batch a number: a value that changed or a batch that is missing is an
 * error. (Only the very last batches cannot be told from ones that a power cut never let finish.)
 * Invariant: a commit resolves after its fsync; after a failed one nothing works any more, since nobody knows what the disk
 * holds until the store is opened anew.
 *
 *   value   digest (16, the first half of SHA-256 over key ‖ 00 ‖ content) ‖ content
 */
import { hash } from 'node:crypto'
import { Level } from 'level'
import { u64be } from '../../protocol/bytes.ts'
import { StoreError, type Store, type StoreKey, type StoreScan, type StoreWrite } from '../runtime/ports.ts'
import { ensureStoreKey, rangeOf } from '../runtime/store-keys.ts'
import { ensureOwnFolder, isOutOfSpace } from './durable-files.ts'

const FORMAT_VERSION = 1
const DIGEST_BYTES = 16
/** Own records sort before every key that a caller can write. */
const OWN_PREFIX = '\x00'
const FORMAT_KEY = `${OWN_PREFIX}format`
const MARK_PREFIX = `${OWN_PREFIX}batch/`
const MARK_PREFIX_END = `${OWN_PREFIX}batch0`
/** How many batches back a missing one is noticed; LevelDB's own log, where they can vanish, holds about as many. */
const MARKS_KEPT = 32_768
/** Writes that share one fsync, unless a single commit brings more. */
const WRITES_PER_BATCH_MAX = 8192
/** LevelDB counts in 32 bits. */
const SCAN_LIMIT_MAX = 2 ** 31 - 1
/** What a scan fetches at a time. */
const SCAN_STEP_BYTES = 1024 * 1024
const SNAPSHOT_PAGE = 1000
/** Larger than LevelDB's own choice, so that a stream of batches waits less for its tables to be merged. */
const DATABASE_OPTIONS = { keyEncoding: 'utf8', valueEncoding: 'view', writeBufferSize: 32 * 1024 * 1024, maxFileSize: 16 * 1024 * 1024, compression: false, cacheSize: 32 * 1024 * 1024 } as const

type Database = Level<string, Uint8Array>
type Operation = { type: 'put', key: string, value: Uint8Array } | { type: 'del', key: string }
interface WaitingCommit { readonly operations: Operation[], readonly resolve: () => void, readonly reject: (error: StoreError) => void }

/** A store that can be read as it is at one instant, while it goes on being written. */
export interface SnapshotStore extends Store { snapshot (): AsyncGenerator<{ key: StoreKey, value: Uint8Array }> }

/** @throws StoreError `locked` when somebody has it open, `newer` when a later version wrote it, `corrupt`, `full`, `failed` */
export async function openLevelStore (folder: string): Promise<SnapshotStore> {
  try {
    await ensureOwnFolder(folder)
    return await openDatabase(new Level(folder, DATABASE_OPTIONS))
  } catch (error) { throw storeError(error, 'opening the store failed') }
}

async function openDatabase (database: Database): Promise<LevelStore> {
  try {
    await database.open()
    await ensureFormat(database)
    return new LevelStore(database, await lastBatch(database))
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The format record is the first that a store writes. */
async function ensureFormat (database: Database): Promise<void> {
  const bytes = await database.get(FORMAT_KEY)
  if (bytes === undefined) {
    if ((await database.keys({ limit: 1 }).all()).length > 0) throw new StoreError('corrupt', 'the format record is missing')
    return database.batch([putOf(FORMAT_KEY, u64be(FORMAT_VERSION))], { sync: true })
  }
  const version = readNumber(contentOf(FORMAT_KEY, bytes))
  if (version > FORMAT_VERSION) throw new StoreError('newer', `the store has format ${version}; this version of the software knows formats up to ${FORMAT_VERSION}`)
}

/** The number of the last batch. @throws StoreError `corrupt` when one before it, of the last MARKS_KEPT, is missing */
async function lastBatch (database: Database): Promise<number> {
  const marks = await database.iterator({ gte: MARK_PREFIX, lt: MARK_PREFIX_END }).all()
  const numbers = new Set(marks.map(([key, bytes]) => readNumber(contentOf(key, bytes))))
  let last = 0
  for (const number of numbers) last = Math.max(last, number)
  for (let number = Math.max(1, last - MARKS_KEPT + 1); number < last; number++) {
    if (!numbers.has(number)) throw new StoreError('corrupt', `batch ${number} of ${last} is missing`, { key: markKey(number) })
  }
  return last
}

const markKey = (number: number): string => MARK_PREFIX + String(number % MARKS_KEPT).padStart(5, '0')
const readNumber = (bytes: Uint8Array): number => Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))

class LevelStore implements SnapshotStore {
  readonly #database: Database
  #batches: number
  readonly #waiting: WaitingCommit[] = []
  /** The batch under way, if any. */
  #writing: Promise<void> | undefined
  #ended: StoreError | undefined

  constructor (database: Database, batches: number) {
    this.#database = database
    this.#batches = batches
  }

  async get (key: StoreKey): Promise<Uint8Array | undefined> { return (await this.getMany([key]))[0] }

  async getMany (keys: readonly StoreKey[]): Promise<(Uint8Array | undefined)[]> {
    this.#ensureWorking()
    for (const key of keys) ensureStoreKey(key)
    const found = await this.#read(() => this.#database.getMany([...keys]))
    return found.map((bytes, i) => bytes && contentOf(keys[i]!, bytes))
  }

  async scan (range: StoreScan): Promise<{ key: StoreKey, value: Uint8Array }[]> {
    this.#ensureWorking()
    const { from, to } = rangeOf(range)
    const limit = Math.min(range.limit, SCAN_LIMIT_MAX)
    if (limit === 0 || from >= to) return []
    const found = await this.#read(() => this.#database.iterator({ gte: from, lt: to, reverse: range.reverse === true, limit, highWaterMarkBytes: SCAN_STEP_BYTES }).all())
    return found.map(([key, bytes]) => ({ key, value: contentOf(key, bytes) }))
  }

  /** Every pair as of the first call, in the order of the keys; what LevelDB keeps for it is let go at the end. */
  async * snapshot (): AsyncGenerator<{ key: StoreKey, value: Uint8Array }> {
    this.#ensureWorking()
    // An iterator of LevelDB sees the database as it was when it was made.
    const pairs = this.#database.iterator({ gte: ' ', highWaterMarkBytes: SCAN_STEP_BYTES })
    try {
      for (let page = await this.#read(() => pairs.nextv(SNAPSHOT_PAGE)); page.length > 0; page = await this.#read(() => pairs.nextv(SNAPSHOT_PAGE))) {
        for (const [key, bytes] of page) yield { key, value: contentOf(key, bytes) }
      }
    } finally { await pairs.close() }
  }

  async commit (writes: readonly StoreWrite[]): Promise<void> {
    this.#ensureWorking()
    if (writes.length === 0) return
    const operations = writes.map(operationOf)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Waits for the commits under way. */
  async close (): Promise<void> {
    this.#ended ??= new StoreError('failed', 'the store is closed')
    await this.#writing
    await this.#database.close()
  }

  async #writeAll (): Promise<void> {
    while (this.#waiting.length > 0) {
      const commits = this.#takeBatch()
      try {
        await this.#writeBatch(commits)
        for (const { resolve } of commits) resolve()
      } catch (error) { this.#fail(storeError(error, 'a commit failed'), commits) }
    }
    this.#writing = undefined
  }

  /** Those that came while the last batch was written: one fsync for all of them. */
  #takeBatch (): WaitingCommit[] {
    let count = 0; let writes = 0
    while (count < this.#waiting.length && (count === 0 || writes < WRITES_PER_BATCH_MAX)) writes += this.#waiting[count++]!.operations.length
    return this.#waiting.splice(0, count)
  }

  #writeBatch (commits: readonly WaitingCommit[]): Promise<void> {
    const number = ++this.#batches
    const operations = commits.length === 1 ? commits[0]!.operations : commits.flatMap(commit => commit.operations)
    operations.push(putOf(markKey(number), u64be(number)))
    return this.#database.batch(operations, { sync: true })
  }

  #fail (error: StoreError, commits: readonly WaitingCommit[]): void {
    this.#ended = error
    for (const { reject } of [...commits, ...this.#waiting.splice(0)]) reject(error)
  }

  async #read<T> (run: () => Promise<T>): Promise<T> {
    try { return await run() } catch (error) { throw storeError(error, 'a read failed') }
  }

  #ensureWorking (): void {
    if (this.#ended !== undefined) throw this.#ended
  }
}

function operationOf (write: StoreWrite): Operation {
  ensureStoreKey(write.key)
  return write.op === 'put' ? putOf(write.key, write.value) : { type: 'del', key: write.key }
}

/**
 * Key, a zero and the content in one piece of memory, hashed in one call (far cheaper than two); then the digest takes
 * the place of the key's end.
 */
function putOf (key: string, content: Uint8Array): Operation {
  const contentAt = Math.max(DIGEST_BYTES, key.length + 1)
  const joined = Buffer.allocUnsafe(contentAt + content.length)
  joined.write(key, contentAt - 1 - key.length, 'latin1')
  joined[contentAt - 1] = 0
  joined.set(content, contentAt)
  const digest = hash('sha256', joined.subarray(contentAt - 1 - key.length), 'binary')
  joined.write(digest, contentAt - DIGEST_BYTES, DIGEST_BYTES, 'latin1')
  return { type: 'put', key, value: joined.subarray(contentAt - DIGEST_BYTES) }
}

/** @throws StoreError `corrupt`, naming the key, when content and digest do not belong together under it */
function contentOf (key: string, bytes: Uint8Array): Uint8Array {
  const content = new Uint8Array(bytes.buffer, bytes.byteOffset + Math.min(DIGEST_BYTES, bytes.length), Math.max(0, bytes.length - DIGEST_BYTES))
  const digest = digestOf(key, content)
  let different = bytes.length < DIGEST_BYTES ? 1 : 0
  for (let i = 0; i < DIGEST_BYTES; i++) different |= bytes[i]! ^ digest.charCodeAt(i)
  if (different !== 0) throw new StoreError('corrupt', `the value of ${key} does not fit its digest`, { key })
  return content
}

/** As text of one character a byte, which node makes in a fifth of the time of a buffer. */
function digestOf (key: string, content: Uint8Array): string {
  const joined = Buffer.allocUnsafe(key.length + 1 + content.length)
  joined.write(key, 'latin1')
  joined[key.length] = 0
  joined.set(content, key.length + 1)
  return hash('sha256', joined, 'binary')
}

/** LevelDB tells what happened by codes, and the system's reason in its text only. */
function storeError (error: unknown, message: string): StoreError {
  if (error instanceof StoreError) return error
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = (cause as { code?: unknown }).code
  if (code === 'LEVEL_LOCKED') return new StoreError('locked', 'the store is in use by another process', { cause })
  if (code === 'LEVEL_CORRUPTION') return new StoreError('corrupt', message, { cause })
  return new StoreError(isOutOfSpace(cause) ? 'full' : 'failed', message, { cause })
}
