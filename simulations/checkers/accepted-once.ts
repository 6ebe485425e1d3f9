/**
 * DESIGN 13 point 4. It observes what becomes durable: a message is accepted once in each log, a hit is listed once, and an
 * entry is told of a first hit once by each nation. When everything is healed nothing is owed any more: each match
 * that a site took was decided on, and each message was receipted, or refused or withheld for a lawful reason.
 */
import type { Digest, MessageId, NodeId } from '../../protocol/identifiers.ts'
import type { RefusalCode } from '../../protocol/refusals.ts'
import type { Leaf } from '../../protocol/log/leaf.ts'
import { keyOf, type SentMessageRecord } from '../../protocol/records.ts'
import { homeOf } from '../federation.ts'
import type { SimulatedNode } from '../simulated-node.ts'
import type { KnownRead } from '../traffic.ts'
import type { Checker, Departure, Violate } from './checker.ts'

/** What may happen to an honest sender: policy, time, order of arrival, and what a restore made it say twice or forget. */
const LAWFUL: readonly string[] = ['not-permitted', 'expired', 'superseded', 'replayed', 'unknown-subject'] satisfies RefusalCode[]

export class AcceptedOnce implements Checker {
  readonly name = 'accepted-once'
  readonly #nodes: ReadonlyMap<NodeId, SimulatedNode>
  readonly #reads: readonly KnownRead[]
  readonly #rejected: ReadonlySet<MessageId>
  readonly #violate: Violate
  /** What was accepted, by node and commitment; what was listed, by node and hit. */
  readonly #accepted = new Map<SimulatedNode, Map<string, string>>()
  /** First hits, by node and entry. */
  readonly #firsts = new Map<SimulatedNode, Map<string, Set<MessageId>>>()

  constructor (nodes: ReadonlyMap<NodeId, SimulatedNode>, reads: readonly KnownRead[], rejected: ReadonlySet<MessageId>, violate: Violate) {
    this.#nodes = nodes
    this.#reads = reads
    this.#rejected = rejected
    this.#violate = violate
  }

  persisted (node: SimulatedNode, keys: readonly string[]): void {
    for (const key of keys) {
      if (key.startsWith('log/leaf/')) {
        const leaf = node.durableRecord<Leaf>(key)!
        if (leaf.t === 'acceptance') this.#once(node, leaf.c!, key, 'a message was accepted twice')
      } else if (key.startsWith('hit/list/')) this.#once(node, node.durableRecord<{ hitId: Digest }>(key)!.hitId, key, 'a hit was listed twice')
    }
  }

  #once (node: SimulatedNode, what: string, key: string, complaint: string): void {
    let seen = this.#accepted.get(node)
    if (seen === undefined) this.#accepted.set(node, seen = new Map())
    const before = seen.get(what)
    if (before !== undefined && before !== key) this.#violate(node.id, `${complaint}: ${before} and ${key}`)
    seen.set(what, key)
  }

  reread (node: SimulatedNode, why: 'crash' | 'restore'): void {
    this.#accepted.delete(node)
    if (why === 'restore') this.#firsts.delete(node)
    this.persisted(node, [...node.durableKeys('log/leaf/'), ...node.durableKeys('hit/list/')])
  }

  departed ({ from, messages }: Departure): void {
    for (const { message } of messages) {
      if (message.type !== 'hit/1' || message.ordinal !== 1) continue
      let firsts = this.#firsts.get(from)
      if (firsts === undefined) this.#firsts.set(from, firsts = new Map())
      const entry = `${message.aud}/${message.entryRef}`
      const told = [...firsts.get(entry) ?? []].filter(hit => !this.#rejected.has(hit))
      if (!this.#rejected.has(message.hitId)) told.push(message.hitId)
      firsts.set(entry, new Set(told))
      if (firsts.get(entry)!.size > 1) this.#violate(from.id, `two first hits of ${entry}`)
    }
  }

  async settled (): Promise<void> {
    for (const node of this.#nodes.values()) for (const key of node.durableKeys('message/')) this.#ensureSettled(node, key)
    for (const { site, candidate, controller, at } of this.#reads) {
      if (this.#nodes.get(site)!.mayHaveForgotten(at)) continue
      const home = this.#nodes.get(homeOf(controller))!
      if (home.durable.get(keyOf.candidate(candidate)) === undefined) this.#violate(home.id, `nobody decided on the match ${candidate}, taken at ${site}`)
    }
  }

  #ensureSettled (node: SimulatedNode, key: string): void {
    const { state, kind, peer, refusal } = node.durableRecord<SentMessageRecord>(key)!
    if (state === 'queued') this.#violate(node.id, `${kind} ${key} to ${peer} is still owed`)
    if (state === 'refused' && !LAWFUL.includes(refusal!)) this.#violate(node.id, `${kind} ${key} was refused by ${peer}: ${refusal}`)
  }
}
