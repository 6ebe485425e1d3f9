/**
 * DESIGN 13 point 6. When everything is healed, a withdrawn hit is withdrawn at its receiver, an ended entry is ended at
 * every partner that was told of it, and no site matches it. Before that, what a receiver does not know yet is shown
 * as owed at the sender.
 */
import { homeOf, isNational, siteOf } from '../federation.ts'
import type { AgencyId, EntryRef, MessageId, NodeId } from '../../protocol/identifiers.ts'
import { nationOf } from '../../protocol/identifiers.ts'
import { keyOf, type CandidateRecord, type HeldEntryRecord, type HitStateRecord, type OwnEntryRecord, type SentMessageRecord, type SharedWith } from '../../protocol/records.ts'
import type { SimulatedNode } from '../simulated-node.ts'
import type { Checker, Violate } from './checker.ts'

const PAGE = 10_000

export class WithdrawnIsGone implements Checker {
  readonly name = 'withdrawn-is-gone'
  readonly #nodes: ReadonlyMap<NodeId, SimulatedNode>
  readonly #violate: Violate

  constructor (nodes: ReadonlyMap<NodeId, SimulatedNode>, violate: Violate) {
    this.#nodes = nodes
    this.#violate = violate
  }

  /** A withdrawal that is receipted is there; one that is not is still owed. */
  async beforeHealing (): Promise<void> {
    for (const node of this.#nationals()) {
      for (const { record } of await records<OwnEntryRecord>(node, 'entry/own/')) {
        if (record.state === 'ended') for (const shared of record.shared) this.#ensureToldOrOwed(node, shared)
      }
    }
  }

  #ensureToldOrOwed (node: SimulatedNode, { agency, withdraw }: SharedWith): void {
    if (withdraw === undefined) return this.#violate(node.id, `${agency} was not told of an end`)
    const sent = node.durableRecord<SentMessageRecord>(keyOf.sentMessage(withdraw))
    if (sent === undefined) this.#violate(node.id, `what is owed to ${agency} is shown nowhere`)
    if (sent?.state !== 'receipted') return
    const receiver = this.#nodes.get(sent.peer)!
    if (receiver.restores.length === 0 && receiver.durable.get(keyOf.received(withdraw)) === undefined) this.#violate(node.id, `${agency} is shown as told and was not`)
  }

  async settled (): Promise<void> {
    for (const node of this.#nationals()) {
      for (const { record } of await records<CandidateRecord>(node, 'candidate/')) if (record.state === 'rejected' && record.hitId !== undefined) this.#ensureWithdrawn(node, record.hitId, record.entry.owner)
      for (const { key, record } of await records<OwnEntryRecord>(node, 'entry/own/')) if (record.state === 'ended') await this.#ensureEnded(node, key, record)
      for (const { key, record } of await records<HeldEntryRecord>(node, 'entry/held/')) if (record.state === 'ended') this.#ensureNotMatched(node, key)
    }
  }

  #ensureWithdrawn (node: SimulatedNode, hit: MessageId, owner: AgencyId): void {
    const state = this.#nodes.get(homeOf(owner))!.durableRecord<HitStateRecord>(keyOf.hitState(hit))
    if (state?.state === 'active') this.#violate(node.id, `${owner} still has the withdrawn hit ${hit}`)
  }

  async #ensureEnded (node: SimulatedNode, key: string, { shared }: OwnEntryRecord): Promise<void> {
    const [owner, ref] = partsOf(key)
    for (const { agency, node: site } of shared) {
      const partner = this.#nodes.get(homeOf(agency))!
      const held = site === undefined ? await partner.node.records.get<HeldEntryRecord>(keyOf.heldEntry(owner, ref)) : undefined
      if (held?.state === 'in-force') this.#violate(node.id, `${agency} still has the ended entry ${owner}/${ref}`)
    }
    this.#ensureNotMatched(node, key)
  }

  /** What is ended at a nation's home is matched at none of its sites. */
  #ensureNotMatched (national: SimulatedNode, key: string): void {
    const [owner, ref] = partsOf(key)
    const site = this.#nodes.get(siteOf(nationOf(national.id)))!
    if (site.placed.has(`${owner}/${ref}`)) this.#violate(site.id, `it still matches the ended entry ${owner}/${ref}`)
  }

  #nationals (): SimulatedNode[] { return [...this.#nodes.values()].filter(node => node.isUp && isNational(node.id)) }
}

/** `entry/own/lv:police/LV-1` */
const partsOf = (key: string): [AgencyId, EntryRef] => key.split('/').slice(2) as [AgencyId, EntryRef]

async function records<Record> (node: SimulatedNode, prefix: string): Promise<{ key: string, record: Record }[]> {
  const found = await node.node.records.scan<Record>({ prefix, limit: PAGE })
  return found.flatMap(({ key, record }) => record === undefined ? [] : [{ key, record }])
}
