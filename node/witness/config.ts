/**
 * `witness.yaml`: what a witness is told by whoever runs it. A witness can run alone, at a data-protection authority or a
 * university: it needs no place in any trust list, and knows logs by their keys only.
 */
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { isKeyName, parseVerifierKey, type VerifierKey } from '../../protocol/log/note.ts'
import { ConfigDocument, ConfigError, PROBLEMS_MAX } from '../config-file.ts'
import { isLoopback } from '../config.ts'
import { WITNESSED_LOGS_MAX } from './witness.ts'

export const WITNESS_FILE = 'witness.yaml'
const path = z.string('is text: put it in quotes').min(1, 'is empty').max(1024, 'is longer than 1024 characters')
const vkey = z.string('is text: put it in quotes').refine(text => parseVerifierKey(text) !== undefined, 'is not a key as `tiltas log keys` prints it').transform(text => parseVerifierKey(text)!)
const schema = z.strictObject({
  /** A URL without scheme, as outsiders know it: `witness.dvi.example`. */
  name: z.string().refine(isKeyName, 'is written like witness.example, without spaces or +'),
  data: path,
  keyRing: z.strictObject({ file: path, passphraseFile: path }),
  host: z.string().max(253).default('127.0.0.1'),
  port: z.int().min(0).max(65_535),
  tls: z.strictObject({ cert: path, key: path }).optional(),
  /** The keys of the logs that it watches, in C2SP's vkey form; several of one log must all have signed. */
  logs: z.array(vkey).max(WITNESSED_LOGS_MAX * 2).default([])
})
export type WitnessConfig = z.output<typeof schema> & { readonly file: string }

/** Paths are absolute in the answer. @throws ConfigError */
export function loadWitnessConfig (file: string): WitnessConfig {
  const document = new ConfigDocument(file)
  const parsed = schema.safeParse(document.value)
  if (!parsed.success) throw new ConfigError(parsed.error.issues.slice(0, PROBLEMS_MAX).map(issue => document.problem(document.has(issue.path) ? 'wrong-value' : 'missing-key', issue.path, `\`${issue.path.join('.')}\``, `: ${issue.message}`)))
  const config = parsed.data
  if (!isLoopback(config.host) && config.tls === undefined) throw new ConfigError([document.problem('unsafe', ['host'], '`host`', ': a witness for other machines needs `tls` with `cert` and `key`')])
  const at = (relative: string): string => resolve(dirname(file), relative)
  return {
    ...config, file: resolve(file), data: at(config.data), keyRing: { file: at(config.keyRing.file), passphraseFile: at(config.keyRing.passphraseFile) },
    ...(config.tls !== undefined && { tls: { cert: at(config.tls.cert), key: at(config.tls.key) } })
  }
}

/** Logs by origin, each with all its keys. */
export function logsOf (keys: readonly VerifierKey[]): Map<string, VerifierKey[]> {
  const logs = new Map<string, VerifierKey[]>()
  for (const key of keys) logs.set(key.name, [...logs.get(key.name) ?? [], key])
  return logs
}
