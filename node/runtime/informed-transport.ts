/**
 * The transport as the machine sees it, with statements ahead of messages: before the first link to a peer opens, both
 * sides have told each other what they believe, so that no message meets somebody who does not know its key yet.
 * Invariant: no link of the machine is open with a peer whose nation is stale; it may still bring statements, and its
 * messages wait with it until it has.
 */
import type { NodeId } from '../../protocol/identifiers.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'
import type { Link, PeerAddress, Transport, TransportEvents } from './ports.ts'
import type { ExchangeOutcome } from './trust-exchange.ts'

export interface InformedParts {
  readonly transport: Transport
  /** Peers that may bring statements although the machine does not speak to them now: their nation's root may have ended. */
  alsoKnown (): readonly PeerAddress[]
  exchange (peer: NodeId): Promise<ExchangeOutcome>
  isStale (peer: NodeId): boolean
}

export class InformedTransport implements Transport {
  readonly #parts: InformedParts
  readonly #links = new Map<string, Link>()
  #peers: ReadonlySet<NodeId> = new Set()

  constructor (parts: InformedParts) { this.#parts = parts }

  start (events: TransportEvents): Promise<void> {
    return this.#parts.transport.start({
      linkOpened: link => {
        if (!this.#maySpeak(link.peer)) return link.close('stale')
        this.#links.set(link.id, link)
        events.linkOpened(link)
      },
      frameReceived: (link, frame) => this.#links.has(link.id) ? events.frameReceived(link, frame) : undefined,
      linkClosed: (link, reason) => { if (this.#links.delete(link.id)) events.linkClosed(link, reason) },
      strangerRefused: () => events.strangerRefused()
    })
  }

  allow (peers: readonly PeerAddress[]): void {
    this.#peers = new Set(peers.map(({ node }) => node))
    this.#parts.transport.allow([...peers, ...this.#parts.alsoKnown().filter(({ node }) => !this.#peers.has(node))])
    for (const link of this.#links.values()) if (!this.#maySpeak(link.peer)) link.close('stale')
  }

  async open (peer: NodeId, streamClass: StreamClass): Promise<boolean> {
    if (!this.#isLinked(peer) && await this.#parts.exchange(peer) === 'unreachable') return false
    return this.#maySpeak(peer) && this.#parts.transport.open(peer, streamClass)
  }

  addresses (): readonly string[] { return this.#parts.transport.addresses() }
  stop (): Promise<void> { return this.#parts.transport.stop() }

  #maySpeak (peer: NodeId): boolean { return this.#peers.has(peer) && !this.#parts.isStale(peer) }
  #isLinked (peer: NodeId): boolean { return [...this.#links.values()].some(link => link.peer === peer) }
}
