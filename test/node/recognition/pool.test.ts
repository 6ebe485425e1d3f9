import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RecognitionError } from '../../../node/recognition/errors.ts'
import type { Look } from '../../../node/recognition/look.ts'
import { WAITING_MAX, WAITING_PER_CAMERA_MAX, createPool, type RecogniserPool } from '../../../node/recognition/pool.ts'
import { DOES } from './pool-worker.ts'

const x = suite('pool')
const program = new URL('./pool-worker.ts', import.meta.url)
const create = (workers = 1, lookMsMax?: number): RecogniserPool => createPool({ workers, program, ...(lookMsMax === undefined ? {} : { lookMsMax }) })

const look = (pool: RecogniserPool, does: keyof typeof DOES, mark = 0, camera = 'a'): Promise<Look> => pool.look(Uint8Array.from([DOES[does], mark]), { camera })
const codeOf = async (looking: Promise<Look>): Promise<string> => await looking.then(() => 'looked', (error: unknown) => error instanceof RecognitionError ? error.code : String(error))

x('each picture gets its own answer, with one worker or several', async () => {
  for (const workers of [1, 3]) {
    await using pool = create(workers)
    const widths = await Promise.all([1, 2, 3, 4].map(async mark => (await look(pool, 'answer', mark, `camera-${mark}`)).width))
    assert.equal(widths, [1, 2, 3, 4])
    assert.equal({ ...pool.counts(), workers: 0 }, { workers: 0, waiting: 0, answered: 4, dropped: 0, failed: 0 })
  }
})

x('a refusal keeps its code; a code that nobody knows is a failure', async () => {
  await using pool = create()
  assert.equal([await codeOf(look(pool, 'refuse')), await codeOf(look(pool, 'unknownCode'))], ['picture-broken', 'recogniser-failed'])
})

x('a worker that throws or dies costs its picture and no other', async () => {
  await using pool = create()
  for (const end of ['throw', 'exit'] as const) {
    const [dead, next] = [look(pool, end), look(pool, 'answer', 9)]
    assert.is(await codeOf(dead), 'recogniser-failed')
    assert.is((await next).width, 9)
  }
  assert.is(pool.counts().failed, 2)
})

x('a worker that hangs is replaced, be it busy or silent', async () => {
  await using pool = create(1, 5000)
  for (const end of ['hang', 'neverAnswer'] as const) {
    assert.is(await codeOf(look(pool, end)), 'recogniser-failed')
    assert.is((await look(pool, 'answer', 7)).width, 7)
  }
})

x('many failures in a row end nothing', async () => {
  await using pool = create()
  for (let at = 0; at < 6; at++) assert.is(await codeOf(look(pool, 'throw')), 'recogniser-failed')
  assert.is(await codeOf(look(pool, 'answer')), 'looked')
})

x('of one camera the newest wait: its oldest is dropped, and others\' are not', async () => {
  await using pool = create()
  const first = look(pool, 'wait', 1)
  const other = look(pool, 'answer', 50, 'b')
  const flood = Array.from({ length: 6 }, (_, at) => codeOf(look(pool, 'answer', 10 + at)))
  assert.equal(await Promise.all(flood), [...Array(6 - WAITING_PER_CAMERA_MAX).fill('frame-dropped'), ...Array(WAITING_PER_CAMERA_MAX).fill('looked')])
  assert.equal([(await first).width, (await other).width, pool.counts().dropped], [1, 50, 6 - WAITING_PER_CAMERA_MAX])
})

x('all cameras together wait in a bounded queue', async () => {
  await using pool = create()
  const outcomes = Array.from({ length: WAITING_MAX + 5 }, (_, at) => codeOf(look(pool, at === 0 ? 'wait' : 'answer', 0, `camera-${at}`)))
  assert.is(pool.counts().waiting, WAITING_MAX)
  assert.is((await Promise.all(outcomes)).filter(code => code === 'frame-dropped').length, 4)
})

x('a view of a large buffer is sent alone', async () => {
  await using pool = create()
  const large = new Uint8Array(1_000_000)
  large[500] = DOES.answer
  assert.is((await pool.look(large.subarray(500, 510), { camera: 'a' })).height, 10)
})

x('a stopped pool refuses, what was under way as well', async () => {
  const pool = create()
  const underWay = [look(pool, 'neverAnswer'), look(pool, 'answer')].map(codeOf)
  await pool[Symbol.asyncDispose]()
  assert.equal([...await Promise.all(underWay), await codeOf(look(pool, 'answer'))], Array(3).fill('recogniser-stopped'))
  await pool[Symbol.asyncDispose]()
})

x('a pool that nobody disposes of does not keep the process', async () => {
  await look(create(), 'answer')
})

x.run()
