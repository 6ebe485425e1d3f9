/**
 * DESIGN 13 point 3. It observes receipts at their departure and what is durable at whoever promised. The message and its
 * leaf must be there, at that moment and after every crash. A restore may lose them for a while: in the end they are
 * there again, or what took their place, a refusal or a report of the loss, was seen; unless a restore took the sender's
 * copy too, for which nobody is left to know.
 */
import type { Digest, MessageId, NodeId } from '../../protocol/identifiers.ts'
import type { Instant } from '../../protocol/instant.ts'
import type { Report } from '../../protocol/effects.ts'
import type { Receipt } from '../../protocol/messages/message.ts'
import { keyOf } from '../../protocol/records.ts'
import type { Leaf } from '../../protocol/log/leaf.ts'
import type { SimulatedNode } from '../simulated-node.ts'
import type { Checker, Departure, Violate } from './checker.ts'

/** `sentAt`: when the message left its sender first. */
interface Kept { readonly id: MessageId, readonly digest: Digest, readonly index: number, readonly c: Digest, readonly sentAt: Instant, readonly to: NodeId }

export class PromisedIsKept implements Checker {
  readonly name = 'promised-is-kept'
  readonly #violate: Violate
  readonly #nodes: ReadonlyMap<NodeId, SimulatedNode>
  readonly #promises = new Map<SimulatedNode, Map<MessageId, Kept>>()
  readonly #sentAt = new Map<MessageId, Instant>()
  /** Promises that a restore undid. */
  readonly #owed = new Map<SimulatedNode, Map<MessageId, Kept>>()
  /** `node digest`: after the restore it came again and was refused, or a tombstone came in its place. */
  readonly #replaced = new Set<string>()
  /** `node peer`: the loss was reported by either of them. */
  readonly #reported = new Set<string>()

  constructor (nodes: ReadonlyMap<NodeId, SimulatedNode>, violate: Violate) {
    this.#nodes = nodes
    this.#violate = violate
  }

  departed ({ from, to, messages }: Departure): void {
    for (const { message } of messages) {
      if (!this.#sentAt.has(message.id)) this.#sentAt.set(message.id, from.time())
      if (message.type === 'receipt/1') this.#promised(from, to, message)
      else if (message.type === 'tombstone/1') this.#replaced.add(`${to} ${message.of}`)
    }
  }

  #promised (node: SimulatedNode, to: NodeId, { accepted, refused }: Receipt): void {
    for (const { digest } of refused) this.#replaced.add(`${node.id} ${digest}`)
    for (const { id, digest, index, c } of accepted) {
      const kept: Kept = { id, digest, index, c, sentAt: this.#sentAt.get(id)!, to }
      this.#owed.get(node)?.delete(id)
      if (!isKept(node, kept)) this.#violate(node.id, `it promises ${id} to ${to} and does not have it`)
      this.#of(this.#promises, node).set(id, kept)
    }
  }

  reread (node: SimulatedNode, why: 'crash' | 'restore'): void {
    const promises = this.#of(this.#promises, node)
    for (const kept of [...promises.values()]) {
      if (isKept(node, kept)) continue
      promises.delete(kept.id)
      if (why === 'crash') this.#violate(node.id, `after a crash it does not have ${kept.id} any more`)
      else this.#of(this.#owed, node).set(kept.id, kept)
    }
  }

  reported (node: SimulatedNode, report: Report): void {
    if (report.what === 'records-lost') this.#reported.add(`${report.peer} ${node.id}`)
    if (report.what === 'peer-restored') this.#reported.add(`${node.id} ${report.peer}`)
  }

  async settled (): Promise<void> {
    for (const [node, promises] of this.#promises) for (const kept of promises.values()) if (!isKept(node, kept)) this.#violate(node.id, `it does not have ${kept.id} any more`)
    for (const [node, owed] of this.#owed) {
      for (const { id, digest, to, sentAt } of owed.values()) {
        const isThere = node.durable.get(keyOf.received(id)) !== undefined
        if (!isThere && !this.#nodes.get(to)!.mayHaveForgotten(sentAt) && !this.#replaced.has(`${node.id} ${digest}`) && !this.#reported.has(`${node.id} ${to}`)) this.#violate(node.id, `${id} from ${to} was lost in a restore, and nobody says so`)
      }
    }
  }

  #of (all: Map<SimulatedNode, Map<MessageId, Kept>>, node: SimulatedNode): Map<MessageId, Kept> {
    let found = all.get(node)
    if (found === undefined) all.set(node, found = new Map())
    return found
  }
}

function isKept (node: SimulatedNode, { id, index, c }: Kept): boolean {
  const leaf = node.durableRecord<Leaf>(keyOf.logLeaf(index))
  return leaf?.t === 'acceptance' && leaf.c === c && node.durable.get(keyOf.received(id)) !== undefined
}
