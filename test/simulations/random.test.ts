/** Seeded chance: the same everywhere, streams apart, fair. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Random } from '../../simulations/random.ts'

const test = suite('random')
const draw = <T>(count: number, one: () => T): T[] => Array.from({ length: count }, one)

test('the same seed gives the same draws, on every machine', () => {
  // Made by another implementation, which gives 11520, 0, 5927040, 70819200 from the state 1, 2, 3, 4.
  const random = new Random(42)
  assert.equal(draw(4, () => random.uint32()), [2049088421, 2610246000, 2111129822, 2261693416])
  assert.equal(draw(6, () => random.exponential(1000)), [402, 309, 565, 813, 2100, 3525])
  const [a, b] = [new Random('x'), new Random('x')]
  assert.equal(draw(100, () => a.integer(1000)), draw(100, () => b.integer(1000)))
  assert.not.equal(draw(10, () => new Random(1).uint32()), draw(10, () => new Random(2).uint32()))
})

test('a fork does not depend on what was drawn, and is like no other', () => {
  const fresh = new Random(7); const used = new Random(7)
  draw(1000, () => used.uint32())
  used.fork('disk').uint32()
  const expected = draw(50, ((fork) => () => fork.uint32())(fresh.fork('network')))
  assert.equal(draw(50, ((fork) => () => fork.uint32())(used.fork('network'))), expected)
  const others = [fresh, fresh.fork('disk'), fresh.fork('network').fork('network'), new Random(8).fork('network')]
  for (const other of others) assert.not.equal(draw(50, () => other.uint32()), expected)
})

test('integers are fair and in range', () => {
  const random = new Random('fair')
  for (const max of [1, 2, 7, 1000, 2 ** 31 + 1]) {
    const drawn = draw(20_000, () => random.integer(max))
    assert.ok(drawn.every(n => Number.isInteger(n) && n >= 0 && n < max))
    // Both halves, and each of seven, within five standard deviations of their share.
    assert.ok(max === 1 || Math.abs(drawn.filter(n => n < max / 2).length - 20_000 * Math.ceil(max / 2) / max) < 5 * Math.sqrt(20_000) / 2)
  }
  for (const bad of [0, -1, 0.5, NaN, 2 ** 32 + 1]) assert.throws(() => random.integer(bad), (error: Error) => error instanceof RangeError)
  const between = draw(2000, () => random.between(-3, 3))
  assert.equal([...new Set(between)].sort((a, b) => a - b), [-3, -2, -1, 0, 1, 2, 3])
})

test('chance keeps its promise, and draws once whatever it is', () => {
  const random = new Random('chance')
  assert.is(draw(5000, () => random.chance(0)).filter(Boolean).length, 0)
  assert.is(draw(5000, () => random.chance(1000)).filter(Boolean).length, 5000)
  const some = draw(20_000, () => random.chance(250)).filter(Boolean).length
  assert.ok(Math.abs(some - 5000) < 5 * 62, String(some))
  const [off, on] = [new Random('same'), new Random('same')]
  draw(100, () => off.chance(0))
  draw(100, () => on.chance(900))
  assert.is(off.uint32(), on.uint32())
})

test('waits are exponential', () => {
  const random = new Random('waits')
  const waits = draw(40_000, () => random.exponential(10_000))
  const mean = waits.reduce((sum, wait) => sum + wait) / waits.length
  assert.ok(Math.abs(mean - 10_000) < 5 * 50, String(mean))
  for (const [share, atLeast] of [[0.5, 6931], [0.1, 23_026], [0.01, 46_052]] as const) {
    const found = waits.filter(wait => wait >= atLeast).length / waits.length
    assert.ok(Math.abs(found - share) < 5 * Math.sqrt(share * (1 - share) / waits.length), `${share}: ${found}`)
  }
})

test('bytes, picks and shuffles', () => {
  const random = new Random('bytes')
  for (const length of [0, 1, 3, 4, 5, 33]) assert.is(random.bytes(length).length, length)
  assert.is(new Set(random.bytes(5000)).size, 256)
  const items = [...'abcdef']
  assert.equal(random.shuffle(items).sort(), items)
  assert.is(new Set(draw(200, () => random.shuffle(items).join(''))).size > 100, true)
  assert.is(new Set(draw(200, () => random.pick(items))).size, 6)
  assert.throws(() => random.pick([]), (error: Error) => error instanceof RangeError)
})

test.run()
