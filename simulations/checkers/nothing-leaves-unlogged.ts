/**
 * DESIGN 13 point 2. It observes every parcel at its departure and what is durable at the sender at that moment: the leaf
 * of each message, with the commitment to exactly these bytes, and the position that the parcel claims on its stream.
 */
import { createHmac } from 'node:crypto'
import type { Digest } from '../../protocol/identifiers.ts'
import { positionHash } from '../../protocol/delivery/frames.ts'
import type { Leaf } from '../../protocol/log/leaf.ts'
import { keyOf, type PositionRecord } from '../../protocol/records.ts'
import type { SimulatedNode } from '../simulated-node.ts'
import type { Checker, Departure, Violate } from './checker.ts'

const LEAF_PREFIX = 'log/leaf/'

export class NothingLeavesUnlogged implements Checker {
  readonly name = 'nothing-leaves-unlogged'
  readonly #violate: Violate
  readonly #disclosed = new Map<SimulatedNode, Set<Digest>>()

  constructor (violate: Violate) { this.#violate = violate }

  persisted (node: SimulatedNode, keys: readonly string[]): void {
    const disclosed = this.#disclosedBy(node)
    for (const key of keys) {
      if (!key.startsWith(LEAF_PREFIX)) continue
      const leaf = node.durableRecord<Leaf>(key)!
      if ((leaf.t === 'disclosure' || leaf.t === 'combination') && leaf.c !== undefined) disclosed.add(leaf.c)
    }
  }

  reread (node: SimulatedNode): void {
    this.#disclosed.delete(node)
    this.persisted(node, node.durableKeys(LEAF_PREFIX))
  }

  departed ({ from, to, header, messages }: Departure): void {
    const position = from.durableRecord<PositionRecord>(keyOf.position(to, header.class, header.seq))
    if (position?.hash !== positionHash(header)) this.#violate(from.id, `position ${header.seq} of ${header.class} to ${to} is not durable`)
    for (const { message, jws, k } of messages) {
      if (message.type === 'receipt/1' || message.type === 'tombstone/1') continue
      const c = commitmentOf(k, `${message.iss}>${message.aud}`, jws)
      if (!this.#disclosedBy(from).has(c)) this.#violate(from.id, `${message.type} ${message.id} leaves before its leaf is durable`)
    }
  }

  #disclosedBy (node: SimulatedNode): Set<Digest> {
    let disclosed = this.#disclosed.get(node)
    if (disclosed === undefined) this.#disclosed.set(node, disclosed = new Set())
    return disclosed
  }
}

/** As protocol/log/leaf.ts describes it, made anew: HMAC-SHA-256 over domain, context and message, each with its length. */
function commitmentOf (k: Uint8Array, context: string, message: string): Digest {
  const part = (text: string): Buffer => {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(8)
    length.writeBigUint64BE(BigInt(bytes.length))
    return Buffer.concat([length, bytes])
  }
  return createHmac('sha256', k).update('tiltas/commit/v1\0').update(part(context)).update(part(message)).digest('base64url') as Digest
}
