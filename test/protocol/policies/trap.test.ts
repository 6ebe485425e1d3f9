/** In a process of its own: it breaks the WebAssembly instance for good, as hostile policy text would, and looks at what is left. */
import { checkParsePolicySet } from '@cedar-policy/cedar-wasm/nodejs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isCedarLost, validationErrors } from '../../../protocol/policies/cedar.ts'
import { PolicyEngine } from '../../../protocol/policies/decide.ts'
import { BEGIN, grant, question } from './samples.ts'

const test = suite('protocol/policies/trap')

test('once the engine has trapped, every new decision is a denial with its reason, and nothing throws', () => {
  const engine = new PolicyEngine()
  engine.put(grant())
  const before = engine.decide(question(), BEGIN)
  assert.ok(before.allowed)

  assert.throws(() => checkParsePolicySet({ staticPolicies: `permit (principal, action, resource) when { ${'('.repeat(5000)}true${')'.repeat(5000)} };` }))

  const after = engine.decide(question({ category: 'stolen-plate' }), BEGIN)
  assert.is(after.allowed, false)
  assert.is(after.reason.code, 'engine-failed')
  assert.equal(after.grants, [])
  assert.is(after.obligations, undefined)
  assert.ok(isCedarLost())
  assert.is(validationErrors({ a: 'permit (principal, action, resource);' }), undefined)

  assert.equal(engine.decide(question(), BEGIN), before, 'what was decided before the trap still holds')
  engine.put(grant({ id: 'g-new', categories: ['stolen-plate'] }))
  assert.is(engine.decide(question(), BEGIN).reason.code, 'engine-failed')
  assert.is(engine.decide(question({ kind: 'receipt' }), BEGIN).allowed, true)
})

test.run()
