import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { authenticate, sourceOfToken, sourceSchema, tokenHashOf, type Source } from '../../../node/ingest/source.ts'
import { source, TOKEN } from './fixtures.ts'

const other: Source = { ...source, id: 'other', tokenHash: tokenHashOf('another token') }
const sources = [source, other]
const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

const test = suite('source')

test('a token speaks for its own source only', () => {
  assert.is(sourceOfToken(sources, TOKEN), source)
  assert.is(sourceOfToken(sources, 'another token'), other)
  for (const token of ['', TOKEN + ' ', TOKEN.toUpperCase(), source.tokenHash]) assert.is(sourceOfToken(sources, token), undefined)
})

test('the header carries it as Bearer', () => {
  assert.is(authenticate(sources, `Bearer ${TOKEN}`, false), source)
  assert.is(authenticate(sources, `bearer ${TOKEN}`, false), source)
  for (const header of [undefined, '', TOKEN, 'Bearer', 'Bearer ', `Bearer ${TOKEN} x`, `Token ${TOKEN}`, `Bearer ${'a'.repeat(10_240)}`]) {
    assert.is(authenticate(sources, header, true), undefined, String(header).slice(0, 30))
  }
})

test('Basic only where it is allowed, with the id of the same source', () => {
  assert.is(authenticate(sources, basic(source.id, TOKEN), true), source)
  assert.is(authenticate(sources, basic(source.id, TOKEN), false), undefined)
  for (const header of [basic(other.id, TOKEN), basic('', TOKEN), basic(source.id, ''), basic(source.id, 'wrong'), 'Basic ', 'Basic ::', 'Basic ' + Buffer.from('nocolon').toString('base64')]) {
    assert.is(authenticate(sources, header, true), undefined, header)
  }
})

test('a configuration with an unknown field, no camera or a bare token is refused', () => {
  assert.ok(sourceSchema.safeParse(source).success)
  for (const wrong of [{ ...source, token: TOKEN }, { ...source, cameras: [] }, { ...source, tokenHash: TOKEN }, { ...source, controller: 'utena' }, { ...source, regime: 'none' }]) {
    assert.not.ok(sourceSchema.safeParse(wrong).success)
  }
})

test.run()
