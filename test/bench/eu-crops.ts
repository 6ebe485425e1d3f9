/**
 * Plates that people read off real pictures, through the real ingest door and against a hotlist: is every listed
 * (country, text) found exactly once, and nothing else? `node test/bench/eu-crops.ts --csv FILE [--seed N]`, FILE with
 * the columns file,x,y,w,h,text,country,note. Each row is posted over loopback HTTP as a read, once bare and once in
 * Plate Recognizer's own body; the first exact hit of an entry counts, further ones are further reads of the same car.
 * Then the same rows go through the whole network of two nations and a site, where the owner must have exactly one hit
 * of each. Scores only: plates of real cars are never printed. Exits 1 when a listed plate is missed or another one hit.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import Fastify from 'fastify'
import type { AgencyId, EntryRef, NationId } from '../../protocol/identifiers.ts'
import { EntryTable } from '../../node/hotlist/entry-table.ts'
import { matchRead, type EntryMatch } from '../../node/hotlist/match.ts'
import { normalisePlate } from '../../node/hotlist/normalise.ts'
import { PlateIndex } from '../../node/hotlist/plate-index.ts'
import type { Read } from '../../node/ingest/read.ts'
import { ingestRoutes } from '../../node/ingest/routes.ts'
import { sourceSchema, tokenHashOf } from '../../node/ingest/source.ts'
import { scoreOnNetwork } from './eu-crops-network.ts'
import { randomOf } from './random.ts'

const LISTED = 30
const { values } = parseArgs({ options: { csv: { type: 'string' }, seed: { type: 'string', default: '1' } } })
if (values.csv === undefined) throw new Error('--csv FILE is missing')
const seed = Number(values.seed)
console.log(`seed ${seed}`)

interface Row { readonly text: string, readonly country: NationId | undefined }
const [header, ...lines] = readFileSync(values.csv, 'utf8').trim().split(/\r?\n/).map(line => line.split(','))
const column = (name: string): number => header!.indexOf(name)
const rows: Row[] = lines.map(line => ({ text: line[column('text')]!, country: (line[column('country')] || undefined) as NationId | undefined }))
const labelled = rows.filter(row => row.country !== undefined)
const nameless = rows.filter(row => row.country === undefined)
const keyOf = ({ country, text }: Row): string => `${country} ${normalisePlate(text)}`

const next = randomOf(seed)
const distinct = [...new Map(labelled.map(row => [keyOf(row), row])).values()]
const listed: Row[] = []
while (listed.length < LISTED && distinct.length > 0) listed.push(...distinct.splice(Math.floor(next() * distinct.length), 1))

const index = new PlateIndex(); const entries = new EntryTable()
const refOf = (row: Row): EntryRef => createHash('sha256').update(keyOf(row)).digest('hex').slice(0, 16) as EntryRef
const until = Math.floor(Date.now() / 1000) + 3600
for (const row of listed) {
  const handle = entries.put({ owner: 'lv:state-police' as AgencyId, ref: refOf(row), category: 'stolen-vehicle', action: 'seize', until })
  index.place(handle, normalisePlate(row.text)!, row.country, until)
}

const token = randomBytes(32).toString('base64url')
const source = sourceSchema.parse({
  id: 'bench', controller: 'lt:utena-police', regime: 'LED', tokenHash: tokenHashOf(token),
  cameras: [{ id: 'camera-1', siteRef: 's1', siteGroup: 'bench', place: {}, direction: 'unknown' }]
})
let received: Read[] = []
const app = Fastify()
await app.register(ingestRoutes({
  sources: [source], clock: { now: Date.now }, idKey: randomBytes(16).toString('hex'), accept: async reads => { received.push(...reads) }
}))
const address = await app.listen({ host: '127.0.0.1', port: 0 })

const bare = ({ text, country }: Row): unknown => ({ camera: 'camera-1', plate: text, ...(country === undefined ? {} : { country }), confidence: 0.9, deviceTime: new Date().toISOString() })
const vendors = ({ text, country }: Row): unknown => ({
  hook: { target: address, id: 'camera-1', event: 'recognition', filename: 'camera-1/0.jpg' },
  data: {
    camera_id: 'camera-1', timestamp: new Date().toISOString(), timestamp_local: new Date().toISOString(),
    results: [{
      box: { xmin: 0, ymin: 0, xmax: 200, ymax: 50 }, plate: text.toLowerCase(), region: { code: (country ?? '').toLowerCase(), score: country === undefined ? 0 : 0.9 },
      score: 0.9, dscore: 0.9, candidates: [{ plate: text.toLowerCase(), score: 0.9 }], vehicle: { score: 0.5, type: 'Sedan' }, direction: 90
    }]
  }
})
const FORMS = [
  { name: 'bare', url: '/ingest/reads', wrap: bare, type: 'application/json', encode: JSON.stringify },
  { name: 'Plate Recognizer', url: '/ingest/plate-recognizer', wrap: vendors, type: 'application/x-www-form-urlencoded', encode: (body: unknown) => `json=${encodeURIComponent(JSON.stringify(body))}` }
] as const
type Form = typeof FORMS[number]

/** What each row met, and how many rows the door did not take. */
async function send (form: Form, some: readonly Row[]): Promise<{ met: { row: Row, found: EntryMatch[] }[], refused: number }> {
  const met: { row: Row, found: EntryMatch[] }[] = []; let refused = 0
  for (const row of some) {
    received = []
    const response = await fetch(address + form.url, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': form.type }, body: form.encode(form.wrap(row)) })
    await response.arrayBuffer()
    if (response.status !== 200 || received.length !== 1) refused++
    for (const read of received) met.push({ row, found: matchRead(read, index, entries, Date.now()) })
  }
  return { met, refused }
}

const listedRefs = new Set(listed.map(refOf))
async function score (form: Form): Promise<boolean> {
  const { met, refused } = await send(form, labelled)
  const hits = new Map<EntryRef, number>(); let wrong = 0; let lookAlikes = 0; let unsure = 0
  for (const { row, found } of met) {
    for (const { ref, kind, countryKnown } of found) {
      if (kind === 'look-alike') lookAlikes++
      else if (ref !== refOf(row)) wrong++
      else hits.set(ref, (hits.get(ref) ?? 0) + 1)
      if (!countryKnown) unsure++
    }
  }
  const once = [...listedRefs].filter(ref => hits.has(ref)).length
  const further = [...hits.values()].reduce((sum, count) => sum + count - 1, 0)
  console.log(`${form.name}: ${labelled.length} reads with a country, ${refused} refused; ${once} of ${listedRefs.size} listed hit exactly once, ${further} further reads folded in, ` +
    `${wrong} wrong hits, ${lookAlikes} look-alikes for a person, ${unsure} with the country unsure`)
  const apart = await send(form, nameless)
  const flagged = apart.met.flatMap(({ found }) => found)
  console.log(`${form.name}, apart: ${nameless.length} reads without a country, ${apart.refused} refused; ${flagged.length} matches, ${flagged.filter(found => !found.countryKnown).length} of them flagged`)
  return once === listedRefs.size && wrong === 0 && refused === 0 && flagged.every(found => !found.countryKnown)
}

const results: boolean[] = []
for (const form of FORMS) results.push(await score(form))
await app.close()

const network: { [form: string]: Awaited<ReturnType<typeof scoreOnNetwork>> } = {}
for (const form of FORMS) {
  const score = await scoreOnNetwork({ ...form, wrap: row => form.wrap(row as Row) }, listed.map(row => ({ ref: refOf(row), row })), labelled, nameless)
  network[form.name] = score
  results.push(score.ok)
  console.log(`${form.name}, two nations and a site: ${score.posted} reads with a country, ${score.refused} refused; ${score.once} of ${listedRefs.size} listed are exactly one hit at their owner, ${score.wrong} other hits, ` +
    `${score.waiting} look-alikes wait for a person; apart: ${score.apart.posted} reads without a country, ${score.apart.hits} more hits; logs ${score.logsVerify ? 'verify' : 'DO NOT VERIFY'}`)
}
console.log(JSON.stringify({ bench: 'eu-crops', seed, rows: rows.length, distinct: new Set(labelled.map(keyOf)).size, listed: listedRefs.size, network, ok: results.every(Boolean) }))
process.exitCode = results.every(Boolean) ? 0 : 1
