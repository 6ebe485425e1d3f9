/** The store in memory: the contract, and its order when it is large. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MemoryStore, SortedRecords } from '../../../node/runtime/memory-store.ts'
import { Random } from '../../../simulations/random.ts'
import { put, storeSuite } from '../../suites/store-suite.ts'

const test = suite('memory store')
storeSuite(test, async () => ({ open: async () => new MemoryStore(), isPersistent: false, close: async () => {} }), 200)

test('thousands of keys stay in order while they come and go, and copies stay apart', () => {
  const random = new Random('memory store')
  const names = random.shuffle(Array.from({ length: 6000 }, (_, i) => `k/${String(i).padStart(5, '0')}`))
  const records = new SortedRecords()
  records.apply(names.map(key => put(key, key)))
  const everything = { prefix: '', limit: 10_000 }
  assert.equal(records.keys(everything), [...names].sort())
  const copy = records.copy()
  const gone = new Set(names.slice(0, 4500))
  records.apply([...gone].map(key => ({ op: 'delete', key })))
  const left = names.filter(key => !gone.has(key)).sort()
  assert.equal(records.keys(everything), left)
  assert.equal(records.keys({ ...everything, reverse: true }), [...left].reverse())
  for (let i = 0; i < 300; i++) {
    const after = random.pick(names); const limit = random.integer(20)
    assert.equal(records.keys({ prefix: 'k/', after, limit }), left.filter(key => key > after).slice(0, limit))
    assert.equal(records.keys({ prefix: 'k/', after, limit, reverse: true }), left.filter(key => key < after).reverse().slice(0, limit))
  }
  assert.is(copy.keys(everything).length, 6000)
  records.apply(left.map(key => ({ op: 'delete', key })))
  assert.equal(records.keys(everything), [])
  records.apply([put('one', '1')])
  assert.equal(records.keys(everything), ['one'])
})

test.run()
