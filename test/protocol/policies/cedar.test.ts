import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Digest } from '../../../protocol/identifiers.ts'
import { askCedar, CEDAR_SLOTS_MAX, isCedarLost, validationErrors, type CedarRequest, type CedarSet } from '../../../protocol/policies/cedar.ts'

const test = suite('protocol/policies/cedar')

const request = (changes: Partial<CedarRequest> = {}): CedarRequest => ({
  principal: { type: 'Agency', id: 'lt:utena-police' }, memberOf: { type: 'Nation', id: 'LT' }, resource: { type: 'Agency', id: 'lv:state-police' },
  action: 'send hotlist.share', context: { category: { __entity: { type: 'Category', id: 'evidence' } } }, ...changes
})
const set = (name: string, policies: CedarSet['policies']): CedarSet => ({ hash: name.padEnd(43, '_') as Digest, policies })
const PERMIT = 'permit (principal in Nation::"LT", action, resource);'
const DENIED = { ok: true, permittedBy: [] }
const ERRED = { ok: false, why: 'erred' }

test('names those that permit, sorted', () => {
  assert.equal(askCedar(set('sorted', { b: PERMIT, a: PERMIT, c: 'permit (principal in Nation::"EE", action, resource);' }), request()), { ok: true, permittedBy: ['a', 'b'] })
})

test('a forbid wins', () => {
  assert.equal(askCedar(set('forbid', { a: PERMIT, b: 'forbid (principal, action, resource);' }), request()), DENIED)
})

test('an erring forbid is no permit, nor is an erring permit beside a good one', () => {
  const erring = 'when { context.category in Category::"evidence" && context.nothing == 1 };'
  assert.equal(askCedar(set('erring-forbid', { a: PERMIT, b: `forbid (principal, action, resource) ${erring}` }), request()), ERRED)
  assert.equal(askCedar(set('erring-permit', { a: PERMIT, b: `permit (principal, action, resource) ${erring}` }), request()), ERRED)
})

test('what does not parse, and requests beside the schema, are no permit', () => {
  assert.equal(askCedar(set('unparsable', { a: PERMIT, b: 'permit (' }), request()), ERRED)
  assert.equal(askCedar(set('fine', { a: PERMIT }), request({ action: 'send everything' })), ERRED)
  assert.equal(askCedar(set('fine', { a: PERMIT }), request({ context: {} })), ERRED)
  assert.equal(askCedar(set('fine', { a: PERMIT }), request({ context: { category: { __entity: { type: 'Category', id: 'no such' } } } })), ERRED)
  assert.equal(askCedar(set('fine', { a: PERMIT }), request({ context: { ...request().context, more: 'x' } })), ERRED)
  assert.equal(askCedar(set('fine', { a: PERMIT }), request()), { ok: true, permittedBy: ['a'] })
})

test('deep nesting is refused before the engine sees it', () => {
  const deep = `permit (principal, action, resource) when { ${'('.repeat(5000)}true${')'.repeat(5000)} };`
  assert.equal(validationErrors({ deep }), ['brackets nest too deep'])
  assert.not(isCedarLost())
  assert.equal(validationErrors({ fine: PERMIT }), [])
})

test('more sets than slots: each keeps its own answer', () => {
  const many = Array.from({ length: CEDAR_SLOTS_MAX + 20 }, (_, i) => set(`many-${i}`, { [`p${i}`]: i % 2 === 0 ? PERMIT : 'permit (principal in Nation::"EE", action, resource);' }))
  for (let round = 0; round < 2; round++) {
    many.forEach((one, i) => assert.equal(askCedar(one, request()), i % 2 === 0 ? { ok: true, permittedBy: [`p${i}`] } : DENIED))
  }
})

test('a set that does not parse takes no slot from another', () => {
  assert.equal(askCedar(set('before', { a: PERMIT }), request()), { ok: true, permittedBy: ['a'] })
  for (let i = 0; i < CEDAR_SLOTS_MAX; i++) assert.equal(askCedar(set(`bad-${i}`, { a: 'permit (' }), request()), ERRED)
  assert.equal(askCedar(set('before', { a: PERMIT }), request()), { ok: true, permittedBy: ['a'] })
})

test.run()
