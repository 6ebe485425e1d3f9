/** What is published as JSON Schema is what the code checks with. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeFrame, encodeParcel, parseFrame, type Frame, type ParcelHeader } from '../../protocol/delivery/frames.ts'
import { FRAME_SCHEMAS, SCHEMAS_FOLDER, publishedSchemas } from '../publish-schemas.ts'

const test = suite('published schemas')
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)

test('the committed files are those that the code makes', () => {
  const made = publishedSchemas()
  assert.equal(readdirSync(SCHEMAS_FOLDER).sort(), [...made.keys()].sort(), 'run test/publish-schemas.ts')
  for (const [name, text] of made) assert.is(readFileSync(join(SCHEMAS_FOLDER, name), 'utf8'), text, `${name}: run test/publish-schemas.ts`)
})

test('every object is closed: an unknown field is refused, in messages, frames and statements alike', () => {
  const openObjects = (value: unknown, path: string): string[] => {
    if (typeof value !== 'object' || value === null) return []
    const schema = value as { type?: unknown, additionalProperties?: unknown, propertyNames?: unknown }
    const own = schema.type === 'object' && schema.additionalProperties !== false && schema.propertyNames === undefined ? [path] : []
    return [...own, ...Object.entries(value).flatMap(([key, part]) => openObjects(part, `${path}/${key}`))]
  }
  for (const [name, text] of publishedSchemas()) assert.equal(openObjects(JSON.parse(text), name), [])
})

// ── frames, whose schemas are written out twice ──────────────────────────────────────────────────────────────────

const base64url = (length: number) => fc.stringMatching(new RegExp(`^[A-Za-z0-9_-]{${length}}$`))
const digest = base64url(43)
const seq = fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER))
const position = fc.record({ incarnation: base64url(22), seq, hash: fc.oneof(digest, fc.constant('')) })
const versions = fc.array(fc.constantFrom('hit/1', 'receipt/1', ''), { maxLength: 64 })
const agency = fc.constantFrom('lv:state-police', 'lt:utena-police', 'lv:a')
const BODIES: { readonly [Kind in keyof typeof FRAME_SCHEMAS]: fc.Arbitrary<object> } = {
  'hello': fc.record({ v: fc.constant(1), node: fc.constantFrom('lv/national', 'lt/site-7'), versions, at: fc.option(position) }),
  'welcome': fc.record({ v: fc.constant(1), versions, holds: fc.option(position) }),
  'acknowledgement': position,
  'parcel-header': fc.record({
    incarnation: base64url(22), seq: fc.integer({ min: 1 }), prev: fc.oneof(digest, fc.constant('')), from: agency, to: agency,
    class: fc.constantFrom('urgent', 'normal', 'bulk'), exp: fc.nat(), digests: fc.array(digest, { minLength: 1, maxLength: 100 })
  })
}

/** Values that one field or another does not allow. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1, 2, Number.MAX_SAFE_INTEGER, 253_402_300_800, '', 'lv', 'urgent', 'LV/national', 'lv:', [], {}, { seq: 1 }),
  base64url(21), base64url(22), base64url(43), base64url(44), fc.array(digest, { minLength: 101, maxLength: 101 }), fc.array(fc.constant('x'), { minLength: 65, maxLength: 65 }), fc.constant(['x'.repeat(41)])
)
const field = (body: object, key: string): unknown => (body as { readonly [key: string]: unknown })[key]
/** A body as it is, or with one field changed, missing or new; also one level down. */
function mutated (body: object): fc.Arbitrary<object> {
  const keys = Object.keys(body)
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
  const inner = keys.flatMap(key => { const value = field(body, key); return isObject(value) ? [{ key, value }] : [] })
  return fc.oneof(
    fc.constant(body),
    fc.tuple(fc.constantFrom(...keys, 'unknown'), odd).map(([key, value]) => ({ ...body, [key]: value })),
    fc.constantFrom(...keys).map(key => Object.fromEntries(Object.entries(body).filter(([name]) => name !== key))),
    ...inner.map(({ key, value }) => mutated(value).map(changed => ({ ...body, [key]: changed })))
  )
}

const parse = (kind: keyof typeof FRAME_SCHEMAS, body: object) => kind === 'parcel-header'
  ? parseFrame(encodeParcel(body as ParcelHeader, new Uint8Array([65])))
  : parseFrame(encodeFrame({ kind, body } as Frame))

for (const kind of Object.keys(BODIES) as (keyof typeof FRAME_SCHEMAS)[]) {
  test(`the published schema of ${kind} takes and refuses what the parser takes and refuses`, () => {
    let taken = 0; let refused = 0
    fc.assert(fc.property(BODIES[kind].chain(mutated), body => {
      const published = FRAME_SCHEMAS[kind].safeParse(body).success
      if (published) taken++
      else refused++
      assert.is(parse(kind, body) !== undefined, published)
    }), { seed, numRuns: 400 })
    assert.ok(taken > 20 && refused > 20, `${taken} taken, ${refused} refused`)
  })
}

test.run()
