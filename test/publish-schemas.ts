/**
 * The published JSON Schema (draft 2020-12) of everything that goes over the wire or is signed, made from the schemas that
 * the code checks with. Run as a program it writes `protocol/schemas/`; a test checks that what is committed is the same.
 * A schema says the shape. What it cannot say (canonical spelling, key lengths, signatures, powers) is in prose.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { agencyStatement, fedRoot, nationRoot, revocationList } from '../keys/statements.ts'
import { NODE_ID } from '../protocol/identifiers.ts'
import { PARCEL_MESSAGES_MAX } from '../protocol/limits.ts'
import { leaf } from '../protocol/log/leaf.ts'
import { MESSAGE_SCHEMAS, agencyId, digest, seconds } from '../protocol/messages/message.ts'
import { STREAM_CLASSES } from '../protocol/messages/vocabulary.ts'
import { grantSchema } from '../protocol/policies/grant.ts'

export const SCHEMAS_FOLDER = join(import.meta.dirname, '..', 'protocol', 'schemas')

// The bodies of frames are written out here a second time: protocol/delivery/frames.ts is their only parser and keeps its
// schemas to itself. test/protocol/schemas.test.ts holds both against each other, field by field.
const incarnation = z.string().regex(/^[A-Za-z0-9_-]{22}$/)
const seq = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const hash = z.union([digest, z.literal('')])
const position = z.strictObject({ incarnation, seq, hash })
const versions = z.array(z.string().max(40)).max(64)
export const FRAME_SCHEMAS = {
  'hello': z.strictObject({ v: z.literal(1), node: z.string().regex(NODE_ID), versions, at: position.nullable() }),
  'welcome': z.strictObject({ v: z.literal(1), versions, holds: position.nullable() }),
  'acknowledgement': position,
  'parcel-header': z.strictObject({
    incarnation, seq: seq.min(1), prev: hash, from: agencyId, to: agencyId, class: z.enum(STREAM_CLASSES), exp: seconds,
    digests: z.array(digest).min(1).max(PARCEL_MESSAGES_MAX)
  })
} as const

const PUBLISHED: readonly (readonly [name: string, title: string, schema: z.ZodType])[] = [
  ...Object.entries(MESSAGE_SCHEMAS).map(([type, schema]) => [`message.${type.replace('/', '.')}`, `Message ${type}: the payload of its JWS`, schema] as const),
  ...Object.entries(FRAME_SCHEMAS).map(([kind, schema]) => [`frame.${kind}`, `Frame: ${kind}`, schema] as const),
  ['grant', 'Grant: one rule of a sharing policy, as people write it', grantSchema],
  ['leaf.1', 'Leaf of a transparency log', leaf],
  ['statement.fed-root.1', 'Statement fed-root/1: the payload of its JWS', fedRoot],
  ['statement.nation-root.1', 'Statement nation-root/1: the payload of its JWS', nationRoot],
  ['statement.agency', 'Statement of an agency: the payload of its JWS (OpenID Federation entity statement)', agencyStatement],
  ['statement.revocations.1', 'Statement revocations/1: the payload of its JWS', revocationList]
]

function textOf (name: string, title: string, schema: z.ZodType): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return JSON.stringify({ $schema, $id: `urn:tiltas:schema:${name}`, title, ...rest }, null, 2) + '\n'
}

/** Text by file name. */
export const publishedSchemas = (): Map<string, string> => new Map(PUBLISHED.map(([name, title, schema]) => [`${name}.json`, textOf(name, title, schema)]))

function publish (): void {
  mkdirSync(SCHEMAS_FOLDER, { recursive: true })
  const schemas = publishedSchemas()
  for (const name of readdirSync(SCHEMAS_FOLDER)) if (name.endsWith('.json') && !schemas.has(name)) rmSync(join(SCHEMAS_FOLDER, name))
  for (const [name, text] of schemas) writeFileSync(join(SCHEMAS_FOLDER, name), text)
}

if (import.meta.main) publish()
