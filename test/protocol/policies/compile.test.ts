import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { validationErrors } from '../../../protocol/policies/cedar.ts'
import { compileGrant, compileRule } from '../../../protocol/policies/compile.ts'
import { grantSchema, refOf, type Grant } from '../../../protocol/policies/grant.ts'
import { anyGrant, grant, plainGrant, printSeed } from './samples.ts'

const seed = printSeed()
const test = suite('protocol/policies/compile')

test('an expert can read it', () => {
  assert.is(compileGrant(grant({ siteGroups: ['roads'], unverified: 'allow' })), `@id("g-hits@3")
@legalBasis("lv-lt-2006/art-1")
@purpose("detection")
@precision("nuts3")
@retentionDays("30")
@handling("H1")
@thirdCountry("prohibited")
@furtherHits("false")
@from("2026-12-01")
@until("2027-06-19")
permit (
  principal == Agency::"lt:utena-police",
  action in [Action::"send hit", Action::"send hit.update", Action::"send hit.withdraw"],
  resource == Agency::"lv:state-police"
)
when { !(action in Action::"tell of an entry") || [Category::"stolen-vehicle", Category::"stolen-plate"].contains(context.category) }
when { !(action in Action::"tell of a sighting") || ["roads"].contains(context.siteGroup) }
when { !(action in Action::"tell of a sighting") || context.match == Match::"exact" || context.verification != Verification::"none" };`)
})

test('every grant compiles to a policy that validates against the schema', () => {
  fc.assert(fc.property(fc.array(anyGrant, { minLength: 1, maxLength: 20 }), grants => {
    const policies = Object.fromEntries(grants.flatMap((one, i) => [[`a${i}`, compileGrant(one)], [`r${i}`, compileRule(one)]]))
    assert.equal(validationErrors(policies), [])
  }), { seed, numRuns: 40 })
})

test('the validator would say so if one did not', () => {
  for (const bad of ['permit (principal, action == Action::"send nothing", resource);', 'permit (principal, action, resource) when { context.colour == "red" };',
    compileRule(grant()).replace('stolen-vehicle', 'stolen-bicycle'), 'permit (', '']) {
    assert.ok((validationErrors({ bad }) ?? []).length > 0, bad)
  }
})

const HOSTILE = ['")', '"', '\\', '\\"', '\n', '\r', '") permit (principal, action, resource); //', '"]; forbid', '@id("x")', '\u2028', '\u0000', '/*', '${x}', '"\n}; permit(principal,action,resource);', '\u202e', 'ā"']
const FIELDS: readonly ((text: string) => object)[] = [
  text => ({ id: text }), text => ({ id: `g-${text}` }), text => ({ agency: text }), text => ({ agency: `lv:${text}` }), text => ({ partner: { agency: `lt:${text}` } }), text => ({ partner: { nation: text } }),
  text => ({ direction: text }), text => ({ kinds: [text] }), text => ({ kinds: ['hit', text] }), text => ({ categories: [text] }), text => ({ categories: text }), text => ({ siteGroups: [text] }), text => ({ siteGroups: text }),
  text => ({ precision: text }), text => ({ purpose: text }), text => ({ legalBasis: text }), text => ({ legalBasis: `led/${text}` }), text => ({ handling: text }), text => ({ thirdCountry: text }), text => ({ unverified: text }),
  text => ({ version: text }), text => ({ retentionDays: text }), text => ({ furtherHits: text }), text => ({ from: text }), text => ({ until: text })
]

test('hostile text is refused in every field by the schema', () => {
  for (const field of FIELDS) for (const text of HOSTILE) assert.not(grantSchema.safeParse({ ...plainGrant, ...field(text) }).success, JSON.stringify(field(text)))
})

test('the words of H3 never reach the policy', () => {
  const rule = compileGrant(grant({ handling: 'H3', handlingText: 'plain', handlingLang: 'en' }))
  for (const text of HOSTILE) {
    const parsed = grantSchema.safeParse({ ...plainGrant, handling: 'H3', handlingText: text, handlingLang: 'en' })
    if (parsed.success) assert.is(compileGrant(parsed.data), rule)
  }
})

/** Everything outside string literals: the shape that decides. */
const shapeOf = (text: string): string => text.replace(/"[^"]*"/g, '""')

test('even past the schema, no text changes the shape: it is refused, or nothing but its own literal differs', () => {
  const base = { ...grant({ siteGroups: ['roads'] }), categories: ['evidence'], kinds: ['hotlist.withdraw'] } as unknown as Grant
  let refused = 0
  fc.assert(fc.property(fc.constantFrom(...FIELDS), fc.oneof(fc.constantFrom(...HOSTILE), fc.string(), fc.string({ unit: 'binary' })), (field, text) => {
    const forged = { ...base, kinds: ['hit'], siteGroups: ['roads'], ...field(text) } as unknown as Grant
    const honest = { ...base, kinds: ['hit'], siteGroups: ['roads'], ...field('x') } as unknown as Grant
    try {
      const compiled = compileGrant(forged)
      assert.is(shapeOf(compiled), shapeOf(compileGrant(honest)))
      assert.is(compiled.split('permit (').length, 2)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      refused++
    }
  }), { seed, numRuns: 3000 })
  assert.ok(refused > 500, `only ${refused} refused`)
})

test('what is written for the reader names the version', () => {
  fc.assert(fc.property(anyGrant, one => { assert.ok(compileGrant(one).startsWith(`@id("${refOf(one)}")\n`)) }), { seed, numRuns: 100 })
})

test.run()
