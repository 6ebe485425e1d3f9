/** The tree as RFC 6962 section 2.1 writes it, recursive and slow, for the real one to be compared with; and what these tests share. */
import { createHash, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'

const sha256 = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest())

export function referenceRoot (entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256()
  if (entries.length === 1) return sha256(Uint8Array.of(0), entries[0]!)
  let k = 1
  while (k * 2 < entries.length) k *= 2
  return sha256(Uint8Array.of(1), referenceRoot(entries.slice(0, k)), referenceRoot(entries.slice(k)))
}

export const entryOf = (index: number): Uint8Array => new Uint8Array(Buffer.from(`record ${index}`))
export const entriesUpTo = (size: number): Uint8Array[] => Array.from({ length: size }, (_, index) => entryOf(index))

export const fromText64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at % bytes.length, bytes[at % bytes.length]! ^ 1)

/** One object a line of `test/vectors/log/`. */
export const vectors = <Line>(name: string): Line[] =>
  readFileSync(new URL(`../../vectors/log/${name}`, import.meta.url), 'utf8').trimEnd().split('\n').map(line => JSON.parse(line) as Line)

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31 - 1))
console.log(`seed ${seed}`)
/** Parameters of every property here: the printed seed, which `SEED=` brings back. */
export const runs = (numRuns: number): { seed: number, numRuns: number } => ({ seed, numRuns })
