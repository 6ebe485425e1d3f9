/**
 * One turn of the machine: the state, the time, the facts that were fetched for this event, and the effects so far.
 * Invariant: a fact may be read only if `wants` of the event named its key, so every run over the same facts is the same.
 */
import { concatBytes, fromBase64url, sha256, toBase64url } from './bytes.ts'
import type { CommandErrorCode, CommandResult } from './commands.ts'
import type { Effect, Report } from './effects.ts'
import type { AgencyId, Digest } from './identifiers.ts'
import { fromUnixSeconds, monthOf, toUnixSeconds, type Instant } from './instant.ts'
import { encodeLeaf, type Leaf } from './log/leaf.ts'
import { appendLeaves } from './log/tree.ts'
import type { Json } from './messages/encoding.ts'
import type { Message } from './messages/message.ts'
import { keyOf } from './records.ts'
import type { NodeState } from './state.ts'

/** What follows a signature: runs inside the same group, with the turn of the `message-signed` event. */
export type Afterwards = (turn: Turn, signed: { readonly message: Message, readonly k: Uint8Array, readonly jws: string, readonly digest: Digest }) => void

export type Facts = (key: string) => Json | Uint8Array | undefined

export class Turn {
  readonly state: NodeState
  readonly now: Instant
  readonly seconds: number
  readonly effects: Effect[] = []
  readonly #facts: Facts
  readonly #entropy: Uint8Array | (() => Uint8Array)
  #drawn = 0

  /** `entropy`: 32 bytes or none at all, or where more is drawn from. */
  constructor (state: NodeState, now: Instant, facts: Facts, entropy: Uint8Array | (() => Uint8Array)) {
    this.state = state
    this.now = now
    this.seconds = toUnixSeconds(now)
    this.#facts = facts
    this.#entropy = entropy
  }

  /** The record under a key that the event wanted, as its type; undefined when there is none. */
  fact<Record> (key: string): Record | undefined { return this.#facts(key) as Record | undefined }

  /** 32 bytes drawn from the entropy that came with the event. */
  random32 (): Uint8Array {
    if (typeof this.#entropy === 'function') return this.#entropy()
    if (this.#entropy.length === 0) throw new Error('this event brought no entropy')
    return sha256(concatBytes(this.#entropy, new Uint8Array([this.#drawn >> 8, this.#drawn++ & 255])))
  }

  put (key: string, value: object | Uint8Array): void { this.effects.push({ type: 'put', key, value: value as Json | Uint8Array }) }

  /** A personal record, whose key is erased with the month of `until` (unix seconds). */
  putPersonal (key: string, value: object, until: number): void {
    this.effects.push({ type: 'put', key, value: value as Json, personalUntil: monthOf(fromUnixSeconds(until)) })
  }

  delete (key: string): void { this.effects.push({ type: 'delete', key }) }
  report (report: Report): void { this.effects.push({ type: 'report', report }) }
  effect (effect: Effect): void { this.effects.push(effect) }

  /** Appends to the log and answers the index. No leaf, no operation: the leaf is in the same durable batch. */
  leaf (leaf: Omit<Leaf, 'v' | 'at'>): number {
    const { agency, c, index: earlier, n, peer, policy, ret, role, root, t, why } = leaf
    // In the order of canonical JSON, so that encoding has nothing to sort.
    const bytes = encodeLeaf({ agency, at: this.seconds, c, index: earlier, n, peer, policy, ret, role, root, t, v: 1, why })
    const index = this.state.log.edge.size
    const { edge, tiles } = appendLeaves(this.state.log.edge, [bytes])
    this.state.log.edge = edge
    this.put(keyOf.logLeaf(index), bytes)
    for (const tile of tiles) this.put(keyOf.logTile(tile.level, tile.index), tile.bytes)
    return index
  }

  /** Has a message signed by its issuer's key at this node; `then` goes on with the signed bytes in the same group. */
  sign (message: Message, k: Uint8Array, then: Afterwards): void {
    const ticket = this.state.nextTicket++
    this.state.drafts.set(ticket, { message, k, then })
    this.effects.push({ type: 'sign', ticket, message })
  }

  answer (commandId: string, result: CommandResult): void { this.effects.push({ type: 'answer', commandId, result }) }
  reject (commandId: string, code: CommandErrorCode, detail?: string): void {
    this.answer(commandId, detail === undefined ? { ok: false, code } : { ok: false, code, detail })
  }
}

export const encodeKey = (k: Uint8Array): string => toBase64url(k)
export const decodeKey = (text: string): Uint8Array => fromBase64url(text) ?? new Uint8Array(32)
/** What both sides commit to: the exact signed bytes, between these two agencies. */
export const commitmentContext = (from: AgencyId, to: AgencyId): string => `${from}>${to}`
