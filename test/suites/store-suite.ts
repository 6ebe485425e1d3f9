/**
 * The contract of the Store port, for every version of it. A world is one place where a store lives; it says how to open
 * it again and, where it can, how to damage it.
 */
import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import type { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError, type Store, type StoreKey, type StoreScan, type StoreWrite } from '../../node/runtime/ports.ts'
import { seeded } from '../keys/seeded.ts'

export interface StoreWorld {
  /** A store at this world's place. */
  open (): Promise<Store>
  /** Flips bits of the durable value of this key; nobody has the store open. Absent where values cannot be reached. */
  readonly corrupt?: (key: StoreKey, value: Uint8Array) => Promise<void>
  /** False when nothing outlives the store object. */
  readonly isPersistent: boolean
  close (): Promise<void>
}

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
export const put = (key: StoreKey, value: Uint8Array | string): StoreWrite => ({ op: 'put', key, value: typeof value === 'string' ? bytesOf(value) : value })
const remove = (key: StoreKey): StoreWrite => ({ op: 'delete', key })
/** The error of a promise, or undefined when it resolved. */
export const errorOf = (promise: Promise<unknown>): Promise<Error | undefined> => promise.then(() => undefined, (error: Error) => error)
export async function assertCode (promise: Promise<unknown>, code: StoreError['code'], what: string): Promise<StoreError> {
  const error = await errorOf(promise)
  assert.instance(error, StoreError, `${what}: ${String(error)}`)
  assert.is((error as StoreError).code, code, what)
  return error as StoreError
}
const keysOf = async (store: Store, range: StoreScan): Promise<StoreKey[]> => (await store.scan(range)).map(({ key }) => key)
const randomBytes = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))

export function storeSuite (test: ReturnType<typeof suite>, makeWorld: () => Promise<StoreWorld>, numRuns: number): void {
  const withStore = (what: string, run: (store: Store, world: StoreWorld) => Promise<void>): void => test(what, async () => {
    const world = await makeWorld()
    const store = await world.open()
    try { await run(store, world) } finally {
      await store.close()
      await world.close()
    }
  })

  withStore('a commit is read back at once, byte for byte', async store => {
    const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    await store.commit([put('a', allBytes), put('b', ''), put('c', randomBytes(3))])
    assert.equal(await store.get('a'), allBytes)
    assert.equal(await store.get('b'), new Uint8Array(0))
    assert.is((await store.get('c'))!.length, 3)
    assert.is(await store.get('d'), undefined)
  })

  withStore('values are plain bytes that nobody else can change', async store => {
    const value = bytesOf('before')
    const committed = store.commit([put('a', value)])
    value.fill(0)
    await committed
    const read = (await store.get('a'))!
    assert.is(read.constructor, Uint8Array)
    assert.equal(read, bytesOf('before'))
    read.fill(0)
    assert.equal(await store.get('a'), bytesOf('before'))
  })

  withStore('a big value comes back whole', async store => {
    const big = randomBytes(3 * 1024 * 1024 + 1)
    await store.commit([put('big', big), put('small', 'x')])
    assert.ok(Buffer.from(big).equals((await store.get('big'))!))
    assert.ok(Buffer.from(big).equals((await store.scan({ prefix: 'b', limit: 1 }))[0]!.value))
  })

  withStore('getMany keeps the order asked for, with holes and repetitions', async store => {
    await store.commit([put('a', '1'), put('b', '2'), put('c', '3')])
    const found = await store.getMany(['c', 'none', 'a', 'c'])
    assert.equal(found, [bytesOf('3'), undefined, bytesOf('1'), bytesOf('3')])
    assert.equal(await store.getMany([]), [])
  })

  withStore('the last write of a key in a commit wins, and a delete deletes', async store => {
    await store.commit([put('a', '1'), put('a', '2'), put('b', '1'), remove('b'), remove('never'), remove('c'), put('c', '9')])
    assert.equal(await store.getMany(['a', 'b', 'c']), [bytesOf('2'), undefined, bytesOf('9')])
    await store.commit([remove('a')])
    assert.equal(await keysOf(store, { prefix: '', limit: 9 }), ['c'])
    await store.commit([])
  })

  withStore('commits made at the same time happen in their order', async store => {
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit([put('last', String(i)), put(`each/${String(i).padStart(2, '0')}`, String(i))])))
    assert.equal(await store.get('last'), bytesOf('49'))
    assert.is((await store.scan({ prefix: 'each/', limit: 100 })).length, 50)
  })

  withStore('a scan goes by code units, both ways, page by page', async store => {
    const keys = ['A', 'Z', 'a', 'a ', 'a!', 'a/', 'a/1', 'a/10', 'a/2', 'a0', 'a~', 'a~~', 'b', '~', '~~']
    await store.commit([...keys].reverse().map(key => put(key, key)))
    assert.equal(await keysOf(store, { prefix: '', limit: 100 }), keys)
    assert.equal(await keysOf(store, { prefix: '', limit: 100, reverse: true }), [...keys].reverse())
    assert.equal(await keysOf(store, { prefix: 'a/', limit: 100 }), ['a/', 'a/1', 'a/10', 'a/2'])
    assert.equal(await keysOf(store, { prefix: 'a~', limit: 100, reverse: true }), ['a~~', 'a~'])
    assert.equal(await keysOf(store, { prefix: '~', limit: 100 }), ['~', '~~'])
    assert.equal((await store.scan({ prefix: 'a/1', limit: 1 })), [{ key: 'a/1', value: bytesOf('a/1') }])
    for (const reverse of [false, true]) {
      const paged: StoreKey[] = []
      for (let after: StoreKey | undefined; ; after = paged.at(-1)) {
        const page = await keysOf(store, { prefix: 'a', limit: 4, reverse, ...(after === undefined ? {} : { after }) })
        assert.ok(page.length <= 4)
        paged.push(...page)
        if (page.length < 4) break
      }
      const within = keys.filter(key => key.startsWith('a'))
      assert.equal(paged, reverse ? within.reverse() : within)
    }
  })

  withStore('a scan stays in its prefix, wherever it is told to begin', async store => {
    await store.commit(['a/1', 'b/1', 'b/2', 'b/3', 'c/1'].map(key => put(key, key)))
    assert.equal(await keysOf(store, { prefix: 'b/', after: 'a/1', limit: 9 }), ['b/1', 'b/2', 'b/3'])
    assert.equal(await keysOf(store, { prefix: 'b/', after: 'c/1', limit: 9 }), [])
    assert.equal(await keysOf(store, { prefix: 'b/', after: 'b/2', limit: 9 }), ['b/3'])
    assert.equal(await keysOf(store, { prefix: 'b/', after: 'b/25', limit: 9 }), ['b/3'])
    assert.equal(await keysOf(store, { prefix: 'b/', after: 'c/1', limit: 9, reverse: true }), ['b/3', 'b/2', 'b/1'])
    assert.equal(await keysOf(store, { prefix: 'b/', after: 'a/1', limit: 9, reverse: true }), [])
    assert.equal(await keysOf(store, { prefix: 'b/', after: 'b/2', limit: 9, reverse: true }), ['b/1'])
    assert.equal(await keysOf(store, { prefix: 'b/', limit: 0 }), [])
    assert.equal(await keysOf(store, { prefix: 'd', limit: 9 }), [])
    assert.is((await keysOf(store, { prefix: '', limit: Number.MAX_SAFE_INTEGER })).length, 5)
  })

  withStore('malformed keys and limits are a mistake of the caller', async store => {
    for (const key of ['', 'ä', 'a\n', 'a\x00', 'a\x7f', 'x'.repeat(1025)]) {
      assert.instance(await errorOf(store.commit([put('good', ''), put(key, '')])), TypeError, JSON.stringify(key))
      assert.instance(await errorOf(store.get(key)), TypeError)
    }
    for (const limit of [-1, 0.5, NaN]) assert.instance(await errorOf(store.scan({ prefix: '', limit })), TypeError)
    assert.instance(await errorOf(store.scan({ prefix: '\x00', limit: 1 })), TypeError)
    assert.is(await store.get('good'), undefined)
    await store.commit([put('x'.repeat(1024), '')])
  })

  withStore('a closed store refuses everything', async store => {
    const last = store.commit([put('a', '1')])
    const closed = store.close()
    await assertCode(store.commit([put('b', '1')]), 'failed', 'commit')
    await last
    await closed
    await assertCode(store.get('a'), 'failed', 'get')
    await assertCode(store.getMany([]), 'failed', 'getMany')
    await assertCode(store.scan({ prefix: '', limit: 1 }), 'failed', 'scan')
    await store.close()
  })

  withStore('any commits and scans agree with a plain list', async store => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '~', ' '), minLength: 1, maxLength: 5 })
    const write = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }) })
    const range = fc.record({ prefix: fc.oneof(fc.constant(''), key), after: fc.option(key, { nil: undefined }), limit: fc.nat(6), reverse: fc.boolean() })
    const model = new Map<StoreKey, Uint8Array>()
    await fc.assert(fc.asyncProperty(fc.array(write, { maxLength: 12 }), fc.array(range, { maxLength: 6 }), async (writes, ranges) => {
      await store.commit(writes.map(({ key, value }) => value === undefined ? remove(key) : put(key, value)))
      for (const { key, value } of writes) value === undefined ? model.delete(key) : model.set(key, value)
      for (const asked of ranges) assert.equal(await store.scan(asked), scanOf(model, asked))
    }), seeded({ numRuns, endOnFailure: true }))
  })

  const withWorld = (what: string, run: (world: StoreWorld) => Promise<void>): void => test(what, async () => {
    const world = await makeWorld()
    try { await run(world) } finally { await world.close() }
  })

  withWorld('what was committed is there when the store is opened again; only one has it open', async world => {
    if (!world.isPersistent) return
    const first = await world.open()
    await first.commit([put('a', '1')])
    await assertCode(world.open(), 'locked', 'a second store')
    await first.commit([put('b', '2'), remove('a')])
    await first.close()
    const second = await world.open()
    assert.equal(await second.scan({ prefix: '', limit: 9 }), [{ key: 'b', value: bytesOf('2') }])
    await second.close()
  })

  withWorld('a value that changed on the disk is an error that names its key', async world => {
    if (world.corrupt === undefined) return
    const value = randomBytes(200)
    const first = await world.open()
    await first.commit([put('out/1', 'good'), put('out/2', value), put('out/3', 'good')])
    await first.close()
    await world.corrupt('out/2', value)
    const store = await world.open()
    for (const read of [() => store.get('out/2'), () => store.getMany(['out/1', 'out/2']), () => store.scan({ prefix: 'out/', limit: 9 })]) {
      assert.is((await assertCode(read(), 'corrupt', 'reading it')).key, 'out/2')
    }
    assert.equal(await store.getMany(['out/1', 'out/3']), [bytesOf('good'), bytesOf('good')])
    await store.commit([put('out/2', value)])
    assert.equal(await store.get('out/2'), value)
    await store.close()
  })
}

function scanOf (model: ReadonlyMap<StoreKey, Uint8Array>, { prefix, after, limit, reverse }: StoreScan): { key: StoreKey, value: Uint8Array }[] {
  const keys = [...model.keys()].filter(key => key.startsWith(prefix)).sort()
  if (reverse === true) keys.reverse()
  const wanted = keys.filter(key => after === undefined || (reverse === true ? key < after : key > after)).slice(0, limit)
  return wanted.map(key => ({ key, value: model.get(key)! }))
}
