/**
 * Reads matched a second on one core against a million entries, exact and look-alike, and what the entries weigh.
 * `node --expose-gc test/bench/match.ts [--entries N] [--reads N] [--seed N]`; ends with one JSON line.
 * Plates are random in the regular forms of Latvia and Lithuania; one read in fifty is of a listed plate, one in fifty
 * of a listed plate with one character changed inside its look-alike class.
 */
import { parseArgs } from 'node:util'
import type { AgencyId, EntryRef, NationId } from '../../protocol/identifiers.ts'
import { EntryTable } from '../../node/hotlist/entry-table.ts'
import { LOOK_ALIKE_CLASSES } from '../../node/hotlist/normalise.ts'
import { PlateIndex } from '../../node/hotlist/plate-index.ts'
import { randomOf } from './random.ts'

const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' }, reads: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } } })
const entryCount = Number(values.entries); const readCount = Number(values.reads); const seed = Number(values.seed)
console.log(`seed ${seed}`)

const LV = 'LV' as NationId; const LT = 'LT' as NationId
const NOW = 1_800_000_000
const letters = 'ABCDEFGHIJKLMNOPRSTUVZ'
const next = randomOf(seed)
const pick = (text: string): string => text[Math.floor(next() * text.length)]!
const digits = (count: number): string => String(Math.floor(next() * 10 ** count)).padStart(count, '0')
const plateOf = (country: NationId): string => country === LT ? pick(letters) + pick(letters) + pick(letters) + digits(3) : pick(letters) + pick(letters) + String(1 + Math.floor(next() * 9999))

const CLASS_OF = new Map(LOOK_ALIKE_CLASSES.flatMap(members => [...members].map(member => [member, members] as const)))
function misread (plate: string): string {
  const at = [...plate].findIndex(character => CLASS_OF.has(character))
  if (at < 0) return plate
  const members = CLASS_OF.get(plate[at]!)!
  return plate.slice(0, at) + members[(members.indexOf(plate[at]!) + 1) % members.length] + plate.slice(at + 1)
}

async function bytesInUse (): Promise<{ rss: number, own: number }> {
  // Buffers given up while growing are unmapped by a background thread of the collector.
  for (let i = 0; i < 4; i++) { globalThis.gc?.(); await new Promise(resolve => setTimeout(resolve, 100)) }
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { rss, own: heapUsed + arrayBuffers }
}

const sampled: { plate: string, country: NationId }[] = []
function fill (index: PlateIndex, table: EntryTable, count: number): void {
  for (let i = 0; i < count; i++) {
    const country = i % 2 === 0 ? LV : LT; const plate = plateOf(country); const until = NOW + 1 + (i % 1000)
    const handle = table.put({ owner: `${country.toLowerCase()}:agency-${i % 36}` as AgencyId, ref: `2026/${String(i).padStart(9, '0')}` as EntryRef, category: 'stolen-vehicle', action: 'seize', until })
    index.place(handle, plate, country, until)
    if (i % 100 === 0) sampled.push({ plate, country })
  }
}
// A small list first, thrown away: what the engine itself takes to run this is not what entries weigh.
fill(new PlateIndex(), new EntryTable(), Math.ceil(entryCount / 20))
sampled.length = 0
const before = await bytesInUse()
const index = new PlateIndex(); const table = new EntryTable()
const placing = process.hrtime.bigint()
fill(index, table, entryCount)
const placedSeconds = Number(process.hrtime.bigint() - placing) / 1e9
const after = await bytesInUse()

const reads = Array.from({ length: readCount }, (_, i): { plate: string, country: NationId | undefined } => {
  const listed = sampled[Math.floor(next() * sampled.length)]!
  if (i % 50 === 0) return listed
  if (i % 50 === 1) return { plate: misread(listed.plate), country: listed.country }
  const country = next() < 0.5 ? LV : LT
  return { plate: plateOf(country), country: i % 10 === 2 ? undefined : country }
})

function matchAll (): { seconds: number, exact: number, lookAlike: number } {
  let exact = 0; let lookAlike = 0
  const began = process.hrtime.bigint()
  for (const { plate, country } of reads) {
    for (const found of index.match(plate, country, NOW)) {
      if (table.get(found.handle) === undefined) throw new Error('a match without an entry')
      if (found.kind === 'exact') exact++; else lookAlike++
    }
  }
  return { seconds: Number(process.hrtime.bigint() - began) / 1e9, exact, lookAlike }
}
matchAll()
const rounds = [matchAll(), matchAll(), matchAll()].sort((a, b) => a.seconds - b.seconds)
const { seconds, exact, lookAlike } = rounds[1]!
const result = {
  bench: 'match', seed, entries: index.size, reads: readCount, readsPerSecond: Math.round(readCount / seconds),
  exact, lookAlike, bytesPerEntry: Math.round((after.own - before.own) / entryCount), rssBytesPerEntry: Math.round((after.rss - before.rss) / entryCount),
  placedPerSecond: Math.round(entryCount / placedSeconds)
}
console.log(`${result.readsPerSecond} reads/s on one core against ${result.entries} entries (exact ${exact}, look-alike ${lookAlike}; median of 3)`)
console.log(`${result.bytesPerEntry} bytes an entry in heap and buffers, ${result.rssBytesPerEntry} resident; ${result.placedPerSecond} entries placed/s`)
console.log(JSON.stringify(result))
