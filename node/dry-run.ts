/**
 * A dry run over what this home node still holds: candidates as they came in, hits that were received, entries that are
 * shared. It reads the store page by page, forgets each plate at once, and tells how far it is; the leaf of the
 * consultation was written before it begins. What was erased cannot be replayed, and the answer says so.
 */
import type { EntryInForce } from '../protocol/hits/project.ts'
import { questionOfHit } from '../protocol/hits/receive.ts'
import { shareQuestion } from '../protocol/hotlist/entries.ts'
import type { AgencyId, EntryRef, MessageId } from '../protocol/identifiers.ts'
import { DAY, toUnixSeconds, type Instant } from '../protocol/instant.ts'
import { payloadOf } from '../protocol/messages/jws.ts'
import type { Candidate, HitMessage } from '../protocol/messages/message.ts'
import { comparedAt, DryRun, policiesAfter, type DryRunCounts } from '../protocol/policies/dry-run.ts'
import type { Verification } from '../protocol/messages/vocabulary.ts'
import type { Grant } from '../protocol/policies/grant.ts'
import { keyOf, type CandidateRecord, type HeldEntryRecord, type HitStateRecord, type OwnEntryRecord, type ReceivedRecord } from '../protocol/records.ts'
import type { NodeState } from '../protocol/state.ts'
import type { Records } from './runtime/records.ts'
import { every } from './runtime/recover.ts'

/** Candidates of one agency that a dry run replays; the oldest beyond it are left out, and the answer says so. */
export const DRY_RUN_CANDIDATES_MAX = 200_000
const PAGE = 1000

export interface DryRunAsked { readonly agency: AgencyId, readonly days: number, readonly put: readonly Grant[], readonly end: readonly string[] }
export interface DryRunResult extends DryRunCounts {
  readonly agency: AgencyId
  /** Both policies as at this moment, unix seconds. */
  readonly comparedAt: number
  /**
   * Unix seconds. `from`: as far back as anything can be left, from `askedFrom` on; `first` and `last` of what was replayed.
   * `complete`: nothing within the time asked for was erased, left out, or without its entry.
   */
  readonly window: { readonly askedFrom: number, readonly from: number, readonly to: number, readonly first?: number, readonly last?: number, readonly complete: boolean }
  readonly replayed: { readonly candidates: number, readonly hits: number, readonly entries: number }
  /** Not replayed: erased since, without their entry (erased too), or beyond DRY_RUN_CANDIDATES_MAX. */
  readonly left: { readonly erased: number, readonly withoutEntry: number, readonly beyondLimit: number }
}

interface Parts { readonly records: Records, readonly state: NodeState, readonly now: Instant }
/** Of one candidate, as little as the replay needs: there may be hundreds of thousands. `stale`: its entry was not in force then. */
interface Kept { readonly at: Instant, readonly candidate: Candidate, readonly verification: Verification, readonly takenBack: boolean, readonly stale: boolean }

/** Lets everything else that the process has to do go first. */
const breathe = (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

/** `progress` is told of the records that were looked at so far. */
export async function runDry ({ records, state, now }: Parts, { agency, days, put, end }: DryRunAsked, progress: (done: number) => void): Promise<DryRunResult> {
  const since = now - days * DAY
  const at = comparedAt(put, toUnixSeconds(now))
  const run = new DryRun(state.policies, policiesAfter(state.policies, agency, { put, end }, at), at)
  let done = 0
  const count = (n: number): void => { progress(done += n) }
  const { kept, erased, beyondLimit } = await readCandidates(records, agency, since, count)
  const withoutEntry = await replayCandidates(records, run, kept, count)
  const hits = await replayHits(records, run, agency, since, count)
  const entries = await replayShares(records, run, agency, toUnixSeconds(now), count)
  const from = Math.max(since, await keptFrom(records))
  return {
    agency, comparedAt: at, ...run.result(),
    window: {
      askedFrom: toUnixSeconds(since), from: toUnixSeconds(from), to: toUnixSeconds(now), complete: from <= since && erased + withoutEntry + beyondLimit === 0,
      ...(kept.length > 0 && { first: toUnixSeconds(kept[0]!.at), last: toUnixSeconds(kept.at(-1)!.at) })
    },
    replayed: { candidates: kept.length - withoutEntry, hits, entries }, left: { erased, withoutEntry, beyondLimit }
  }
}

/** Record keys go by the month: what ended before it is gone. */
async function keptFrom (records: Records): Promise<Instant> {
  const month = (await records.get<{ before: string }>(keyOf.erased))?.before
  return month === undefined ? 0 : Date.parse(`${month}-01T00:00:00Z`)
}

/** Oldest first. A candidate whose text is gone may have come in at any time, so each counts as erased. */
async function readCandidates (records: Records, agency: AgencyId, since: Instant, count: (n: number) => void): Promise<{ kept: Kept[], erased: number, beyondLimit: number }> {
  let kept: Kept[] = []; let erased = 0; let beyondLimit = 0
  const slim = new Slimmer()
  for await (const page of pages<CandidateRecord>(records, 'candidate/')) {
    const own = page.flatMap(({ key, record }) => record?.agency === agency ? [{ id: key.slice(key.lastIndexOf('/') + 1) as MessageId, record }] : [])
    const received = await records.getMany<ReceivedRecord>(own.map(({ id }) => keyOf.received(id)))
    own.forEach(({ record }, i) => {
      const text = received[i]
      if (text === undefined) erased++
      else if (text.at >= since) kept.push({ at: text.at, candidate: slim.candidate(candidateIn(text.jws)), verification: record.verification ?? 'none', takenBack: record.state === 'rejected', stale: record.because === 'stale-entry' })
    })
    count(page.length)
    if (kept.length > 1.25 * DRY_RUN_CANDIDATES_MAX) { beyondLimit += kept.length - DRY_RUN_CANDIDATES_MAX; kept = newest(kept) }
  }
  return { kept: newest(kept), erased, beyondLimit: beyondLimit + Math.max(0, kept.length - DRY_RUN_CANDIDATES_MAX) }
}

const newest = (kept: Kept[]): Kept[] => kept.sort((a, b) => a.at - b.at || (a.candidate.id < b.candidate.id ? -1 : 1)).slice(-DRY_RUN_CANDIDATES_MAX)

async function * pages<Record> (records: Records, prefix: string): AsyncGenerator<{ key: string, record: Record | undefined }[]> {
  for (let after: string | undefined; ;) {
    const page: { key: string, record: Record | undefined }[] = await records.scan<Record>({ prefix, limit: PAGE, ...(after !== undefined && { after }) })
    yield page
    if (page.length < PAGE) return
    after = page.at(-1)!.key
  }
}

/** What we accepted and kept is read as the platform reads it: far quicker than byte by byte, where it counts. */
const candidateIn = (jws: string): Candidate => JSON.parse(Buffer.from(jws.slice(jws.indexOf('.') + 1, jws.lastIndexOf('.')), 'base64url').toString('utf8')) as Candidate

/** A match without its plate, its vehicle and what nothing depends on; parts that are equal are one object. */
class Slimmer {
  readonly #parts = new Map<string, unknown>()

  candidate ({ type, id, iss, entry, match, observedAt, clock, siteRef, siteGroup, place, direction, exercise }: Candidate): Candidate {
    const agency = this.#one(iss)
    return {
      type, id, iss: agency, aud: agency, iat: observedAt, exp: observedAt, readId: id, receivedAt: observedAt, observedAt, confidence: 0, evidence: 'none', plate: NO_PLATE,
      entry: this.#one(entry), place: this.#one(place), siteRef: this.#one(siteRef), siteGroup: this.#one(siteGroup), match: this.#one(match), clock: this.#one(clock), direction: this.#one(direction),
      ...(exercise === true && { exercise })
    }
  }

  #one<Part> (part: Part): Part {
    const key = JSON.stringify(part)
    const known = this.#parts.get(key) as Part | undefined
    if (known === undefined) this.#parts.set(key, part)
    return known ?? part
  }
}
const NO_PLATE = { text: '', countryConfidence: 0 } as Candidate['plate']

/** Answers how many could not be decided, because nothing says any more what their entry was. */
async function replayCandidates (records: Records, run: DryRun, kept: readonly Kept[], count: (n: number) => void): Promise<number> {
  const entries = new EntryBook(records)
  let without = 0
  for (const [i, { candidate, verification, takenBack, stale }] of kept.entries()) {
    const entry = await entries.entry(candidate.entry.owner, candidate.entry.ref)
    if (entry === undefined) without++
    else if (!stale) run.addSighting({ candidate, entry, identity: { id: candidate.id, hitId: candidate.id, revision: 1, verification } }, takenBack)
    if (i % PAGE === PAGE - 1) { count(PAGE); await breathe() }
  }
  return without
}

/** Entries of other agencies and of our own, each read once; also ended ones, since they were in force then. */
class EntryBook {
  readonly #records: Records
  readonly #known = new Map<string, EntryInForce | undefined>()

  constructor (records: Records) { this.#records = records }

  async entry (owner: AgencyId, ref: EntryRef): Promise<EntryInForce | undefined> {
    const key = `${owner}/${ref}`
    if (!this.#known.has(key)) this.#known.set(key, await this.#read(owner, ref))
    return this.#known.get(key)
  }

  async #read (owner: AgencyId, ref: EntryRef): Promise<EntryInForce | undefined> {
    const [own, held] = await this.#records.getMany([keyOf.ownEntry(owner, ref), keyOf.heldEntry(owner, ref)]) as [OwnEntryRecord | undefined, HeldEntryRecord | undefined]
    const entry = own?.entry ?? held?.entry
    return entry === undefined ? undefined : { owner, ref, category: entry.category, action: entry.action, furtherHits: entry.furtherHits, until: entry.until }
  }
}

/** Only hits that were accepted are kept, so only what would not be any more can be found. */
async function replayHits (records: Records, run: DryRun, agency: AgencyId, since: Instant, count: (n: number) => void): Promise<number> {
  let replayed = 0
  for await (const page of pages<{ hitId: MessageId }>(records, `hit/list/${agency}/`)) {
    const states = (await records.getMany<HitStateRecord>(page.flatMap(({ record }) => record === undefined ? [] : [keyOf.hitState(record.hitId)]))).filter(one => one !== undefined && one.at >= since)
    const received = await records.getMany<ReceivedRecord>(states.map(one => keyOf.received(one!.message)))
    for (const text of received) if (text !== undefined && await replayHit(records, run, payloadOf(text.jws) as HitMessage)) replayed++
    count(page.length)
  }
  return replayed
}

async function replayHit (records: Records, run: DryRun, hit: HitMessage): Promise<boolean> {
  if (!('entryRef' in hit) || hit.iss === hit.aud) return false
  const own = await records.get<OwnEntryRecord>(keyOf.ownEntry(hit.aud, hit.entryRef))
  run.addQuestion('hit-received', questionOfHit(hit, own?.entry.category))
  return true
}

/** Entries in force that a partner, or the agency that runs a site, was told of. */
async function replayShares (records: Records, run: DryRun, agency: AgencyId, now: number, count: (n: number) => void): Promise<number> {
  let replayed = 0
  for await (const { record } of every<OwnEntryRecord>(records, `entry/own/${agency}/`)) {
    count(1)
    if (record.state !== 'in-force' || record.entry.until <= now) continue
    for (const { agency: partner, withdraw } of record.shared) {
      if (withdraw !== undefined || partner === agency) continue
      run.addQuestion('entry-shared', shareQuestion(agency, partner, record.entry))
      replayed++
    }
  }
  return replayed
}

