/**
 * Six production nodes under one seed: time, network, disks and whoever watches. It tells the checkers what passed the
 * nodes' ports, and folds the same into the trace, whose hash is a function of the seed and the code.
 */
import { createHash } from 'node:crypto'
import type { Actor, Command, CommandResult } from '../protocol/commands.ts'
import { digestOfBytes } from '../keys/compact.ts'
import type { ParcelHeader } from '../protocol/delivery/frames.ts'
import type { Report } from '../protocol/effects.ts'
import type { NodeId } from '../protocol/identifiers.ts'
import type { Duration } from '../protocol/instant.ts'
import type { Message } from '../protocol/messages/message.ts'
import type { CarriedMessage, Checker } from './checkers/checker.ts'
import { createKeyRingDouble, createRealKeyRing, doubleSuite, realSuite, SealedParcels } from './crypto-double.ts'
import { BEGINS_AT, NODES, type Federation } from './federation.ts'
import { SimulatedNetwork } from './network.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { SimulatedNode, type Plants, type Witness } from './simulated-node.ts'

/** The first byte of a parcel's frame (protocol/delivery/frames.ts). */
const PARCEL = 3

export interface Violation { readonly checker: string, readonly node: NodeId, readonly what: string, readonly at: Duration }
export interface WorldOptions { readonly seed: number, readonly real: boolean, readonly plants: Plants, readonly trace?: (line: string) => void }

export class World implements Witness {
  readonly random: Random
  readonly scheduler = new Scheduler(BEGINS_AT)
  readonly network: SimulatedNetwork
  readonly nodes: ReadonlyMap<NodeId, SimulatedNode>
  readonly violations: Violation[] = []
  /** How often each fault and each interesting state happened. */
  readonly counts = new Map<string, number>()
  checkers: readonly Checker[] = []
  readonly #sealed = new SealedParcels()
  readonly #hash = createHash('sha256')
  readonly #onTrace: ((line: string) => void) | undefined

  constructor (federation: Federation, { seed, real, plants, trace }: WorldOptions) {
    this.random = new Random(seed)
    this.#onTrace = trace
    this.network = new SimulatedNetwork(this.scheduler, this.random.fork('network'))
    const suite = this.#sealed.observe(real ? realSuite : doubleSuite)
    this.nodes = new Map(NODES.map(self => {
      const keys = federation.keys.get(self)!
      const keyRing = real ? createRealKeyRing(keys) : createKeyRingDouble(keys)
      return [self, new SimulatedNode({ self, scheduler: this.scheduler, network: this.network, random: this.random.fork(self), trust: federation.trust, keys, keyRing, suite, witness: this, plants })]
    }))
  }

  /** @throws Error when there is no such node */
  node (id: NodeId): SimulatedNode {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`no node ${id} in this world`)
    return node
  }

  /** Time since the beginning. */
  elapsed (): Duration { return this.scheduler.now() - BEGINS_AT }
  run (span: Duration): Promise<void> { return this.scheduler.runUntil(this.scheduler.now() + span) }
  traceHash (): string { return this.#hash.copy().digest('hex') }

  sometimes (what: string): void { this.counts.set(what, (this.counts.get(what) ?? 0) + 1) }
  violate (checker: string, node: NodeId, what: string): void { this.violations.push({ checker, node, what, at: this.elapsed() }) }

  /** Undefined when the node does not run, or dies before it answers. */
  async command (id: NodeId, actor: Actor, command: Command): Promise<CommandResult | undefined> {
    const node = this.node(id)
    if (!node.isUp) return undefined
    const result = await node.node.driver.command(actor, command).catch(() => undefined)
    if (result !== undefined) this.#trace(node, 'answer', `${command.do} ${result.ok ? 'ok' : result.code}`)
    if (result?.ok === false) this.sometimes(`command ${command.do} ${result.code}`)
    return result
  }

  // ── what the nodes' ports show ─────────────────────────────────────────────────────────────────────────────────

  sent (from: SimulatedNode, to: NodeId, frame: Uint8Array): void {
    const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
    if (bytes[0] !== PARCEL) return this.#trace(from, `sent ${bytes[0]}`, to)
    const headerEnds = 5 + bytes.readUint32BE(1)
    const header = JSON.parse(bytes.toString('latin1', 5, headerEnds)) as ParcelHeader
    const messages = this.#read(bytes.subarray(headerEnds))
    this.#trace(from, 'sent parcel', `${to} ${headerText(header)} ${messages.map(({ message }) => `${message.type} ${message.id}`).join()}`)
    for (const { message } of messages) this.sometimes(`sent ${message.type}`)
    for (const checker of this.checkers) checker.departed?.({ from, to, header, messages })
  }

  #read (sealed: Uint8Array): CarriedMessage[] {
    const plaintext = this.#sealed.take(sealed)
    if (plaintext === undefined) return []
    const { items } = JSON.parse(Buffer.from(plaintext).toString()) as { items: { jws: string, k: string }[] }
    return items.map(({ jws, k }) => ({ jws, k: Buffer.from(k, 'base64url'), digest: digestOfBytes(jws), message: JSON.parse(Buffer.from(jws.split('.')[1]!, 'base64url').toString()) as Message }))
  }

  received (node: SimulatedNode, from: NodeId, frame: Uint8Array): void { this.#trace(node, 'received', `${from} ${frame[0]}`) }
  linked (node: SimulatedNode, peer: NodeId, what: string): void { this.#trace(node, what, peer) }

  persisted (node: SimulatedNode, keys: readonly string[]): void {
    this.#trace(node, 'persisted', keys.join())
    for (const checker of this.checkers) checker.persisted?.(node, keys)
  }

  reread (node: SimulatedNode, why: 'crash' | 'restore'): void { for (const checker of this.checkers) checker.reread?.(node, why) }

  reported (node: SimulatedNode, report: Report): void {
    const { what, ...rest } = report
    const detail = 'code' in report ? ` ${report.code}` : 'because' in report ? ` ${'state' in report ? `${report.state} ` : ''}${report.because.replace(/@\d+$/, '')}` : ''
    this.#trace(node, what, JSON.stringify(rest))
    this.sometimes(`report ${what}${detail}`)
    for (const checker of this.checkers) checker.reported?.(node, report)
  }

  placed (node: SimulatedNode, what: 'place' | 'remove', entry: string): void { this.#trace(node, what, entry) }

  lived (node: SimulatedNode, what: string): void {
    this.#trace(node, what, '')
    this.sometimes(`node ${what}`)
  }

  #trace (node: SimulatedNode, what: string, detail: string): void {
    const line = `${this.elapsed()} ${node.id} ${what} ${detail}\n`
    this.#hash.update(line)
    this.#onTrace?.(line)
  }
}

const headerText = ({ incarnation, seq, class: streamClass, digests }: ParcelHeader): string => `${streamClass} ${incarnation} ${seq} ${digests.join()}`
