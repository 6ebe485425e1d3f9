/**
 * How soon a node with a long history is ready, and what it weighs at rest: a log of a million leaves and a hundred
 * thousand hits, written by the node itself before (accepted parcels and collected reads, through machine, vault and
 * store), then started in a fresh process. `npm run bench startup`, or with `--leaves N --hits N`; ends with one JSON line.
 */
import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { digestOf, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import type { Command } from '../../protocol/commands.ts'
import { positionHash, type ParcelHeader } from '../../protocol/delivery/frames.ts'
import type { OpenedItem } from '../../protocol/events.ts'
import { parsePersonId, type Digest } from '../../protocol/identifiers.ts'
import { encodeJson } from '../../protocol/messages/encoding.ts'
import { typOf, type HitMessage, type Verified } from '../../protocol/messages/message.ts'
import { foundTestFederation, LT_NATIONAL, LT_POLICE, LV_LUDZA, LV_NATIONAL, ringOf } from '../support/founded.ts'
import { enact } from '../support/enact.ts'
import { startRealNode, type RealNode, type RealNodeSpec } from '../support/real-node.ts'
import { entryOf, grantOf, nowSeconds } from '../stories/support/terms.ts'

interface Task { readonly what: 'fill' | 'start', readonly spec: RealNodeSpec, readonly leaves: number, readonly hits: number }
interface Measured { readonly openToReadyMs: number, readonly processToReadyMs: number, readonly restingRssMb: number, readonly rssAfterReadingMb: number, readonly leaves: number, readonly hitsOnPage: number }

const RUNS = 3
const REST_MS = 3000
const HITS_PER_PARCEL = 100
/** Events given before the driver is waited for. */
const COLLECTIONS_AT_ONCE = 20_000

if (process.send !== undefined) process.once('message', (task: Task) => { void (task.what === 'fill' ? fill(task) : measure(task)).then(result => process.send!(result ?? {}, () => process.exit(0))) })
else await bench()

// ── a history ────────────────────────────────────────────────────────────────────────────────────────────────────

async function fill ({ spec, leaves, hits }: Task): Promise<void> {
  const real = await startRealNode(spec)
  const tell = async (role: 'LIST_OWNER', command: object): Promise<void> => {
    const result = await real.service.command({ personId: parsePersonId('p-1'), role, agency: LT_POLICE }, command as Command)
    if (!result.ok) throw new Error(result.code)
  }
  await enact(real.service.command, LT_POLICE, grantOf(LT_POLICE, { id: 'g-in', direction: 'ingress', kinds: ['hit'], partner: { nation: 'LV' } }))
  await tell('LIST_OWNER', { do: 'entry.put', agency: LT_POLICE, entry: entryOf('E-1', 'ABC123', { country: 'LT', furtherHits: true }) })
  await acceptHits(real, hits)
  for (let left = leaves - real.node.driver.state.log.edge.size; left > 0; left -= COLLECTIONS_AT_ONCE) {
    for (let i = 0; i < Math.min(left, COLLECTIONS_AT_ONCE); i++) real.node.driver.give({ type: 'reads-collected', controller: LT_POLICE, count: 10, root: digestOf(utf8ToBytes(`${left} ${i}`)) })
    await real.node.driver.idle()
  }
  await real.stop()
}

async function acceptHits ({ node }: RealNode, count: number): Promise<void> {
  const incarnation = toBase64url(new Uint8Array(randomBytes(16)))
  let prev: Digest | '' = ''
  for (let seq = 1; (seq - 1) * HITS_PER_PARCEL < count; seq++) {
    const items = Array.from({ length: Math.min(HITS_PER_PARCEL, count - (seq - 1) * HITS_PER_PARCEL) }, hitItem)
    const header: ParcelHeader = { incarnation, seq, prev, from: LV_LUDZA, to: LT_POLICE, class: 'urgent', exp: nowSeconds() + 86_400, digests: items.map(({ digest }) => digest) }
    prev = positionHash(header)
    node.driver.give({ type: 'parcel-opened', link: 'bench', peer: LV_NATIONAL, streamClass: 'urgent', header, items, entropy: new Uint8Array(randomBytes(32)) })
    await node.driver.room()
  }
  await node.driver.idle()
}

const id = (): string => toBase64url(new Uint8Array(randomBytes(16)))
const encodePart = (text: string): string => Buffer.from(text).toString('base64url')

/** As opened from a parcel: the size and form of a real one; its signature is random, since nothing verifies it again. */
function hitItem (): OpenedItem {
  const now = nowSeconds()
  const message = {
    type: 'hit/1', id: id(), iss: LV_LUDZA, aud: LT_POLICE, iat: now, exp: now + 86_400, hitId: id(), revision: 1, entryRef: 'E-1', plate: { text: 'ABC123', country: 'LT', countryConfidence: 900 }, match: 'exact', verification: 'none',
    confidence: 950, observedAt: now, clock: 'good', area: { precision: 'road', nation: 'LV', nuts3: 'LV005', municipality: 'LV-058', road: 'LV:A13' }, siteRef: 's1', direction: 'inbound', vehicle: { class: 'car', colour: 'grey' }, ordinal: 1,
    action: 'seize', evaluation: 'X4', handling: { code: 'H1' }, purpose: 'investigation', legalBasis: 'lv-lt-2006/art-1', thirdCountry: 'prohibited', retainUntil: now + 30 * 86_400, evidence: digestOf(utf8ToBytes('evidence')),
    policy: { grant: 'g-hits@1', hash: digestOf(utf8ToBytes('grant')) }
  } as unknown as Verified<HitMessage>
  const header = `{"alg":"EdDSA","iat":${now},"kid":"${digestOf(utf8ToBytes('kid'))}","typ":"${typOf('hit/1')}"}`
  const jws = `${encodePart(header)}.${encodePart(encodeJson(message as never))}.${randomBytes(64).toString('base64url')}`
  return { digest: createHash('sha256').update(jws).digest('base64url') as Digest, message, jws, k: new Uint8Array(randomBytes(32)) }
}

// ── the start ────────────────────────────────────────────────────────────────────────────────────────────────────

async function measure ({ spec }: Task): Promise<Measured> {
  const began = performance.now()
  const real = await startRealNode(spec)
  const { log } = await real.service.status()
  const ready = performance.now()
  await new Promise(resolve => setTimeout(resolve, REST_MS))
  const resting = process.memoryUsage().rss
  const page = await real.service.hits({ personId: parsePersonId('p-1'), role: 'OFFICER', agency: LT_POLICE }, LT_POLICE, { code: 'system-check' }, { limit: 500 }) as { hits: unknown[] }
  const afterReading = process.memoryUsage().rss
  await real.stop()
  const megabytes = (bytes: number): number => Math.round(bytes / 1e6)
  return { openToReadyMs: Math.round(ready - began), processToReadyMs: Math.round(ready), restingRssMb: megabytes(resting), rssAfterReadingMb: megabytes(afterReading), leaves: log.size, hitsOnPage: page.hits.length }
}

async function inChild<Result> (task: Task): Promise<Result> {
  const child = fork(import.meta.filename, { execArgv: ['--disable-warning=ExperimentalWarning'], serialization: 'advanced' })
  const ended = once(child, 'exit')
  child.send(task)
  const [result] = await Promise.race([once(child, 'message'), ended.then(([code]) => { throw new Error(`${task.what} ended with ${code}`) })]) as [Result]
  await ended
  return result
}

async function bench (): Promise<void> {
  const { values } = parseArgs({ options: { leaves: { type: 'string', default: '1000000' }, hits: { type: 'string', default: '100000' } } })
  const folder = mkdtempSync(join(tmpdir(), 'tiltas-bench-'))
  try {
    const federation = await foundTestFederation()
    const spec: RealNodeSpec = { self: LT_NATIONAL, folder, secrets: ringOf(federation, LT_NATIONAL), statements: federation.statements, pins: federation.pins, listen: '/ip4/127.0.0.1/tcp/0', addresses: {} }
    const about = { spec, leaves: Number(values.leaves), hits: Number(values.hits) }
    console.log(`startup: a history of ${about.leaves} leaves and ${about.hits} hits is written first`)
    const before = performance.now()
    await inChild({ what: 'fill', ...about })
    console.log(`  written in ${Math.round((performance.now() - before) / 1000)} s`)
    const runs: Measured[] = []
    for (let run = 0; run < RUNS; run++) runs.push(await inChild<Measured>({ what: 'start', ...about }))
    const middle = (of: (one: Measured) => number): number => runs.map(of).sort((a, b) => a - b)[RUNS >> 1]!
    const result = { bench: 'startup', leaves: runs[0]!.leaves, hits: about.hits, openToReadyMs: middle(one => one.openToReadyMs), processToReadyMs: middle(one => one.processToReadyMs), restingRssMb: middle(one => one.restingRssMb), rssAfterReadingMb: middle(one => one.rssAfterReadingMb) }
    console.log(`  ready after ${result.openToReadyMs} ms (goal 3,000), ${result.processToReadyMs} ms after the process began; at rest ${result.restingRssMb} MB (goal 250), ${result.rssAfterReadingMb} MB after a page of ${runs[0]!.hitsOnPage} hits; medians of ${RUNS}`)
    console.log(JSON.stringify(result))
  } finally { rmSync(folder, { recursive: true, force: true }) }
}
