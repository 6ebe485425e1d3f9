/** What a checker may see: all of it from outside, at the doors of the nodes. It may ask, never act. */
import type { Report } from '../../protocol/effects.ts'
import type { ParcelHeader } from '../../protocol/delivery/frames.ts'
import type { Digest, NodeId } from '../../protocol/identifiers.ts'
import type { Message } from '../../protocol/messages/message.ts'
import type { SimulatedNode } from '../simulated-node.ts'

export interface CarriedMessage { readonly message: Message, readonly digest: Digest, readonly jws: string, readonly k: Uint8Array }
/** A parcel at the moment at which a node hands it to the network. */
export interface Departure { readonly from: SimulatedNode, readonly to: NodeId, readonly header: ParcelHeader, readonly messages: readonly CarriedMessage[] }

/** Each method is called when it happened; a checker implements those that it needs. */
export interface Checker {
  readonly name: string
  departed? (departure: Departure): void
  reported? (node: SimulatedNode, report: Report): void
  /** These keys are durable now. */
  persisted? (node: SimulatedNode, keys: readonly string[]): void
  /** What is durable was read anew: after a crash, or after an old backup was put in place. */
  reread? (node: SimulatedNode, why: 'crash' | 'restore'): void
  /** The last moment before everything is healed. */
  beforeHealing? (): Promise<void>
  /** Everything was healed, and has come to rest or had its time. */
  settled? (): Promise<void>
}

export type Violate = (node: NodeId, what: string) => void
