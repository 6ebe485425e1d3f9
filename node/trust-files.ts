/** The trust list on disk: signed statements as they came, and this node's own pins, which win over everything. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { STATEMENT_BYTES_MAX } from '../keys/statements.ts'
import { foldTrust, type TrustPins } from '../keys/trust-list.ts'
import type { TrustView } from '../keys/trust-view.ts'
import { digest, nationId } from '../protocol/messages/message.ts'
import { NATION_ID, type Digest, type NationId } from '../protocol/identifiers.ts'

export const PINS_FILE = 'pins.json'
export const STATEMENT_SUFFIX = '.jws'
const STATEMENT_FILES_MAX = 10_000

export const pinsSchema = z.strictObject({
  federation: digest.optional(),
  nations: z.record(z.string().regex(NATION_ID), digest),
  deny: z.array(z.string().max(100)).default([]),
  allow: z.array(nationId).default([])
})
export type PinsFile = z.infer<typeof pinsSchema>

/** Statements and pins of the files and folders that the config names. @throws Error that names the file */
export function readTrust (paths: readonly string[]): TrustView {
  const missing = paths.find(path => !existsSync(path))
  if (missing !== undefined) throw new Error(`${missing} is not there: \`trust\` in tiltas.yaml names the folder of statements, made by \`tiltas init\` and filled by \`tiltas join\``)
  const files = paths.flatMap(path => statSync(path).isDirectory() ? readdirSync(path).sort().map(name => join(path, name)) : [path])
  if (files.length > STATEMENT_FILES_MAX) throw new Error(`more than ${STATEMENT_FILES_MAX} files of statements`)
  const pins: TrustPins[] = files.filter(file => file.endsWith(PINS_FILE)).map(readPins)
  const statements = files.filter(file => file.endsWith(STATEMENT_SUFFIX)).map(readStatementFile)
  return foldTrust(statements, {
    nations: new Map(pins.flatMap(one => [...one.nations])),
    ...(pins[0]?.federation !== undefined && { federation: pins[0].federation }),
    deny: new Set(pins.flatMap(one => [...one.deny ?? []])), allow: new Set(pins.flatMap(one => [...one.allow ?? []]))
  })
}

function readStatementFile (file: string): Uint8Array {
  if (statSync(file).size > STATEMENT_BYTES_MAX) throw new Error(`${file} is larger than STATEMENT_BYTES_MAX`)
  return new Uint8Array(readFileSync(file))
}

export function readPinsFile (file: string): PinsFile {
  const parsed = pinsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success) throw new Error(`${file}: ${parsed.error.issues[0]!.path.join('.')} is not as prescribed`)
  return parsed.data
}

function readPins (file: string): TrustPins {
  const { federation, nations, deny, allow } = readPinsFile(file)
  return { ...(federation !== undefined && { federation }), nations: new Map(Object.entries(nations) as [NationId, Digest][]), deny: new Set(deny), allow: new Set(allow) }
}
