/**
 * Statements between peers: whoever opens a link first tells the other what it believes and hears what it does not know
 * yet, and what is new goes to every peer at once. Statements are public; what comes is believed only if the fold over
 * all statements stands on it. Hostile input is first touched here. Invariant: nothing here changes whom we trust, and no
 * peer can make us hold or send more than the named limits.
 *
 *   opener → 0x01 offer      digests (32 bytes each) of all statements that it stands on
 *   other  → 0x02 wanted     digests of those that it lacks
 *   other  → 0x03 statement  one that was not offered; as many as there are, roots first
 *   other  → 0x04 end
 *   opener → 0x03 statement  what was wanted
 *   opener → 0x04 end
 *   other  → 0x04 end        when it has taken them: from here on it knows what the opener knows
 */
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts'
import type { Digest, NodeId } from '../../protocol/identifiers.ts'
import { MINUTE, SECOND, type Duration } from '../../protocol/instant.ts'
import type { Clock } from './ports.ts'

/** Digests in one offer: one frame of a mebibyte. */
export const STATEMENTS_OFFERED_MAX = 32_000
/** Statements, and bytes of them, that go one way in one exchange; the rest follows with the next. */
export const STATEMENTS_EXCHANGED_MAX = 2000
export const EXCHANGE_BYTES_MAX = 16 * 1024 * 1024
/** Exchanges that one peer may begin within a minute. */
export const EXCHANGES_PER_MINUTE_MAX = 60
/** Until an exchange that failed is tried again; doubles up to the longest. */
const RETRY_WAIT_MIN: Duration = 2 * SECOND
const RETRY_WAIT_MAX: Duration = 2 * MINUTE
const DIGEST_BYTES = 32

const KINDS = { offer: 1, wanted: 2, statement: 3, end: 4 } as const
type Kind = keyof typeof KINDS

/** Frames with one peer, in order, each whole. `receive` answers undefined when the other side has ended; it never waits for ever. */
export interface Conversation {
  readonly peer: NodeId
  send (frame: Uint8Array): Promise<void>
  receive (): Promise<Uint8Array | undefined>
  close (): void
}
/** `unreachable`: nobody answers there. `refused`: it answers, and does not know this way of talking. */
export interface TrustChannel {
  listen (answer: (conversation: Conversation) => Promise<void>): void
  open (peer: NodeId): Promise<Conversation | 'unreachable' | 'refused'>
}
/** What this side knows, and takes. */
export interface SharedTrust {
  /** Everything that our answer stands on; roots first, newest first. */
  statements (): ReadonlyMap<Digest, Uint8Array>
  isKnown (digest: Digest): boolean
  /** Answers the digests of those that are believed. */
  take (statements: readonly Uint8Array[]): readonly Digest[]
}
export interface ExchangeParts {
  readonly channel: TrustChannel
  readonly trust: SharedTrust
  readonly clock: Clock
  /** Whom news go to. */
  peers (): readonly NodeId[]
  /** Told of each exchange that ended well, and of what a peer sent that is no exchange. */
  exchanged (peer: NodeId, taken: number, given: number): void
  malformed (peer: NodeId): void
}
export type ExchangeOutcome = 'done' | 'unreachable' | 'refused'

class Malformed extends Error {}

export class TrustExchange {
  readonly #parts: ExchangeParts
  readonly #running = new Map<NodeId, Promise<ExchangeOutcome>>()
  /** What each peer is known to hold since this process began. */
  readonly #heldBy = new Map<NodeId, Set<Digest>>()
  readonly #begun = new Map<NodeId, number[]>()
  readonly #retries = new Map<NodeId, { wait: Duration, cancel: () => void }>()
  #stopped = false

  constructor (parts: ExchangeParts) {
    this.#parts = parts
    parts.channel.listen(conversation => this.#answer(conversation))
  }

  stop (): void {
    this.#stopped = true
    for (const { cancel } of this.#retries.values()) cancel()
  }

  /** Tells every peer that is not known to hold all that we believe. */
  spread (): void {
    for (const peer of this.#parts.peers()) if (!this.isInformed(peer)) void this.with(peer)
  }

  /** True when this peer is known to hold every statement that we stand on. */
  isInformed (peer: NodeId): boolean {
    const held = this.#heldBy.get(peer)
    if (held === undefined) return false
    for (const digest of this.#parts.trust.statements().keys()) if (!held.has(digest)) return false
    return true
  }

  /** One exchange with this peer; who asks while one runs gets its outcome. */
  with (peer: NodeId): Promise<ExchangeOutcome> {
    const running = this.#running.get(peer)
    if (running !== undefined || this.#stopped) return running ?? Promise.resolve('unreachable')
    const exchange = this.#open(peer).catch((error: unknown): ExchangeOutcome => {
      if (error instanceof Malformed) this.#parts.malformed(peer)
      return 'refused'
    }).finally(() => this.#running.delete(peer))
    this.#running.set(peer, exchange)
    void exchange.then(outcome => this.#plan(peer, outcome))
    return exchange
  }

  /** News came while we talked, or the talk failed: once more, and more seldom each time that it fails. */
  #plan (peer: NodeId, outcome: ExchangeOutcome): void {
    const before = this.#retries.get(peer)
    before?.cancel()
    this.#retries.delete(peer)
    if (this.#stopped || !this.#parts.peers().includes(peer) || (outcome === 'done' && this.isInformed(peer))) return
    const wait = outcome === 'done' ? RETRY_WAIT_MIN : Math.min(RETRY_WAIT_MAX, (before?.wait ?? RETRY_WAIT_MIN / 2) * 2)
    this.#retries.set(peer, { wait, cancel: this.#parts.clock.after(wait, () => { void this.with(peer) }) })
  }

  // ── one conversation ───────────────────────────────────────────────────────────────────────────────────────────

  async #open (peer: NodeId): Promise<ExchangeOutcome> {
    const conversation = await this.#parts.channel.open(peer)
    if (typeof conversation === 'string') return conversation
    try {
      const ours = this.#offered()
      await conversation.send(encode('offer', ours))
      const wanted = decodeDigests(await expect(conversation, 'wanted'))
      const theirs = await receiveStatements(conversation)
      const given = await this.#give(conversation, wanted)
      await expect(conversation, 'end')
      const taken = this.#take(theirs)
      this.#remember(peer, [...ours, ...taken])
      this.#parts.exchanged(peer, taken.length, given)
      return 'done'
    } finally { conversation.close() }
  }

  async #answer (conversation: Conversation): Promise<void> {
    const { peer } = conversation
    try {
      if (this.#stopped || !this.#isWithinRate(peer)) return
      const theirs = decodeDigests(await expect(conversation, 'offer'))
      const offered = new Set(theirs)
      const wanted = theirs.filter(digest => !this.#parts.trust.isKnown(digest)).slice(0, STATEMENTS_EXCHANGED_MAX)
      await conversation.send(encode('wanted', wanted))
      const lacking = this.#offered().filter(digest => !offered.has(digest))
      const given = await this.#give(conversation, lacking)
      const sent = lacking.slice(0, given)
      const taken = this.#take(await receiveStatements(conversation))
      await conversation.send(encode('end'))
      this.#remember(peer, [...theirs, ...sent])
      this.#parts.exchanged(peer, taken.length, given)
    } catch (error) {
      if (error instanceof Malformed) this.#parts.malformed(peer)
    } finally { conversation.close() }
  }

  #offered (): Digest[] { return [...this.#parts.trust.statements().keys()].slice(0, STATEMENTS_OFFERED_MAX) }

  /** Answers how many were sent; what does not fit follows with the next exchange. */
  async #give (conversation: Conversation, digests: readonly Digest[]): Promise<number> {
    const known = this.#parts.trust.statements()
    let count = 0; let bytes = 0
    for (const digest of digests) {
      const statement = known.get(digest)
      if (statement === undefined) continue
      bytes += statement.length
      if (count >= STATEMENTS_EXCHANGED_MAX || bytes > EXCHANGE_BYTES_MAX) break
      await conversation.send(encode('statement', statement))
      count++
    }
    await conversation.send(encode('end'))
    return count
  }

  #take (statements: readonly Uint8Array[]): readonly Digest[] { return statements.length === 0 ? [] : this.#parts.trust.take(statements) }

  #remember (peer: NodeId, digests: readonly Digest[]): void { this.#heldBy.set(peer, new Set(digests)) }

  #isWithinRate (peer: NodeId): boolean {
    const now = this.#parts.clock.now()
    const recent = (this.#begun.get(peer) ?? []).filter(at => at > now - MINUTE)
    this.#begun.set(peer, [...recent, now])
    return recent.length < EXCHANGES_PER_MINUTE_MAX
  }
}

// ── frames ───────────────────────────────────────────────────────────────────────────────────────────────────────

function encode (kind: Kind, body: readonly Digest[] | Uint8Array = []): Uint8Array {
  const bytes = body instanceof Uint8Array ? body : new Uint8Array(body.flatMap(digest => [...fromBase64url(digest)!]))
  const frame = new Uint8Array(1 + bytes.length)
  frame[0] = KINDS[kind]
  frame.set(bytes, 1)
  return frame
}

async function expect (conversation: Conversation, kind: Kind): Promise<Uint8Array> {
  const frame = await conversation.receive()
  if (frame === undefined || frame[0] !== KINDS[kind] || (kind === 'end' && frame.length !== 1)) throw new Malformed(kind)
  return frame.subarray(1)
}

function decodeDigests (bytes: Uint8Array): Digest[] {
  if (bytes.length % DIGEST_BYTES !== 0 || bytes.length > STATEMENTS_OFFERED_MAX * DIGEST_BYTES) throw new Malformed('digests')
  return Array.from({ length: bytes.length / DIGEST_BYTES }, (_, i) => toBase64url(bytes.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES)) as Digest)
}

async function receiveStatements (conversation: Conversation): Promise<Uint8Array[]> {
  const statements: Uint8Array[] = []
  for (let bytes = 0; ;) {
    const frame = await conversation.receive()
    if (frame?.[0] === KINDS.end && frame.length === 1) return statements
    if (frame?.[0] !== KINDS.statement) throw new Malformed('statement')
    bytes += frame.length
    if (statements.length >= STATEMENTS_EXCHANGED_MAX || bytes > EXCHANGE_BYTES_MAX + frame.length) throw new Malformed('too many')
    statements.push(frame.slice(1))
  }
}
