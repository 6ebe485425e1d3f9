/**
 * What happens to a read once it is understood: kept at home, counted in the log, matched; a match goes to the machine.
 * Invariant: a delivery is answered only when its reads and the candidates made of them are durable.
 */
import { utf8ToBytes, toBase64url } from '../../protocol/bytes.ts'
import type { MatchedRead } from '../../protocol/events.ts'
import type { AgencyId, Digest } from '../../protocol/identifiers.ts'
import { SECOND, toUnixSeconds } from '../../protocol/instant.ts'
import type { CandidateWithdraw } from '../../protocol/messages/message.ts'
import { appendLeaves, emptyEdge, rootOf, type LogEdge } from '../../protocol/log/tree.ts'
import type { EntryMatch } from '../hotlist/match.ts'
import type { Hotlist } from '../hotlist/hotlist.ts'
import type { Driver } from '../runtime/driver.ts'
import type { Clock, Entropy } from '../runtime/ports.ts'
import type { Read } from './read.ts'
import type { ReadStore } from './read-store.ts'

export interface IntakeParts {
  readonly driver: Driver
  readonly reads: ReadStore
  readonly hotlist: Hotlist
  readonly clock: Clock
  readonly entropy: Entropy
  /** Told of matches before anything leaves because of them, which waits for the answer: footage is pinned here. */
  matched? (matches: readonly MatchedRead[]): Promise<void>
  /** How many reads, and how many matches they made. */
  counted (reads: number, matches: number): void
}

/** Matches remembered, so that a camera which had no answer and delivers again makes no second one of them. */
const GIVEN_MAX = 4096

export class Intake {
  readonly #parts: IntakeParts
  /** By read and entry; the promise resolves when the machine has it durably. */
  readonly #given = new Map<string, { readonly read: MatchedRead, readonly done: Promise<void> }>()
  /** What each source collected for a controller since the last leaf. */
  readonly #collected = new Map<string, { controller: AgencyId, count: number, edge: LogEdge }>()
  #cancel: (() => void) | undefined

  constructor (parts: IntakeParts) { this.#parts = parts }

  readonly accept = async (reads: readonly Read[]): Promise<void> => {
    const { driver, hotlist, clock } = this.#parts
    const now = clock.now()
    const kept = this.#parts.reads.keep(reads, now)
    for (const read of reads) this.#collect(read)
    const matches = reads.flatMap(read => hotlist.match(read, now).map(match => matchedRead(read, match)))
    await Promise.all([kept, driver.room(), this.#giveAll(matches)])
    this.#parts.counted(reads.length, matches.length)
  }

  /**
   * Later looks made another read of an earlier one: matches that it does not have are taken back, then it is accepted. The
   * same readId says that only the country changed. Resolves when all is durable; answers how many matches were taken back.
   */
  async correct (before: Read, next: Read): Promise<number> {
    const { driver, entropy, hotlist, clock } = this.#parts
    const matches = hotlist.match(next, clock.now()).map(match => matchedRead(next, match))
    const stand = new Set(matches.map(givenKey))
    const wrong = [...this.#given].filter(([key, { read }]) => read.readId === before.readId && !stand.has(key))
    const reason: CandidateWithdraw['reason'] = before.plate.text === next.plate.text ? 'wrong-country' : 'misread'
    for (const [key, { read: { controller, readId, entry } }] of wrong) {
      await driver.giveDurably({ type: 'read-withdrawn', read: { controller, readId, entry }, reason, entropy: entropy.bytes(32) })
      this.#given.delete(key)
    }
    await (next.readId === before.readId ? this.#giveAll(matches) : this.accept([next]))
    return wrong.length
  }

  async #giveAll (matches: readonly MatchedRead[]): Promise<void> {
    if (matches.length === 0) return
    await this.#parts.matched?.(matches)
    await Promise.all(matches.map(read => this.#give(read)))
  }

  /** Once for each read and entry: who delivers it again waits for the first. */
  #give (read: MatchedRead): Promise<void> {
    const { driver, entropy } = this.#parts
    const key = givenKey(read)
    const known = this.#given.get(key)
    if (known !== undefined) return known.done
    const done = driver.giveDurably({ type: 'read-matched', read, entropy: entropy.bytes(32) })
    this.#given.set(key, { read, done })
    done.catch(() => this.#given.delete(key))
    if (this.#given.size > GIVEN_MAX) this.#given.delete(this.#given.keys().next().value!)
    return done
  }

  #collect ({ source, controller, readId }: Read): void {
    // One source has one controller, but for our own recogniser, which looks for them all.
    const key = `${source} ${controller}`
    const collected = this.#collected.get(key) ?? { controller, count: 0, edge: emptyEdge() }
    collected.edge = appendLeaves(collected.edge, [utf8ToBytes(readId)]).edge
    collected.count++
    this.#collected.set(key, collected)
    this.#cancel ??= this.#parts.clock.after(SECOND, () => this.flush())
  }

  /** One leaf for each source: how many reads, and the root over them. */
  flush (): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const [key, { controller, count, edge }] of [...this.#collected].sort(([a], [b]) => a < b ? -1 : 1)) {
      this.#collected.delete(key)
      this.#parts.driver.give({ type: 'reads-collected', controller, count, root: toBase64url(rootOf(edge)) as Digest })
    }
  }
}

const givenKey = ({ readId, entry }: MatchedRead): string => `${readId} ${entry.owner} ${entry.ref}`

/** A country that was only guessed, while the entry or the guess leaves it open, is not told as known. */
function matchedRead (read: Read, match: EntryMatch): MatchedRead {
  const { plate, controller, readId, confidence, clock, siteRef, siteGroup, place, direction, vehicle, evidence } = read
  const country = match.countryKnown ? plate.country : undefined
  return {
    controller, readId, entry: { owner: match.owner, ref: match.ref }, match: match.kind, confidence,
    plate: { text: plate.text, ...(country !== undefined && { country }), countryConfidence: country === undefined ? 0 : plate.countryConfidence },
    observedAt: toUnixSeconds(read.observedAt), receivedAt: toUnixSeconds(read.receivedAt), clock, siteRef, siteGroup,
    place: Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined)),
    direction, ...(vehicle !== undefined && { vehicle }), evidence
  }
}
