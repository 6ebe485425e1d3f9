/**
 * A transport that can take on another identity while the node runs: the old one hangs up, the new one listens at the
 * same place, and whoever was linked links again. Nothing is lost: what was not acknowledged is sent again.
 */
import type { NodeId } from '../../protocol/identifiers.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'
import type { PeerAddress, Transport, TransportEvents } from './ports.ts'
import type { Conversation, TrustChannel } from './trust-exchange.ts'

export interface TrustingTransport extends Transport { readonly trust: TrustChannel }

export class RenewableTransport implements TrustingTransport {
  readonly #make: (identity: string) => Promise<TrustingTransport>
  #current: TrustingTransport
  #identity: string
  #events: TransportEvents | undefined
  #peers: readonly PeerAddress[] = []
  #answer: ((conversation: Conversation) => Promise<void>) | undefined
  #changing: Promise<void> = Promise.resolve()
  readonly trust: TrustChannel = {
    listen: answer => { this.#answer = answer; this.#current.trust.listen(answer) },
    open: peer => this.#current.trust.open(peer)
  }

  /** `identity` names a key; `make` knows where it lies. */
  static async create (identity: string, make: (identity: string) => Promise<TrustingTransport>): Promise<RenewableTransport> {
    return new RenewableTransport(identity, await make(identity), make)
  }

  private constructor (identity: string, current: TrustingTransport, make: (identity: string) => Promise<TrustingTransport>) {
    this.#identity = identity
    this.#current = current
    this.#make = make
  }

  get identity (): string { return this.#identity }

  /** Resolves when it listens again. @throws TransportError when it cannot; then it listens no more */
  renew (identity: string): Promise<void> {
    const changing = this.#changing.then(async () => {
      if (identity === this.#identity || this.#events === undefined) return
      const next = await this.#make(identity)
      await this.#current.stop()
      this.#current = next
      this.#identity = identity
      if (this.#answer !== undefined) next.trust.listen(this.#answer)
      await next.start(this.#events)
      next.allow(this.#peers)
    })
    this.#changing = changing.catch(() => {})
    return changing
  }

  async start (events: TransportEvents): Promise<void> {
    this.#events = events
    await this.#current.start(events)
  }

  allow (peers: readonly PeerAddress[]): void {
    this.#peers = peers
    this.#current.allow(peers)
  }

  open (peer: NodeId, streamClass: StreamClass): Promise<boolean> { return this.#current.open(peer, streamClass) }
  addresses (): readonly string[] { return this.#current.addresses() }

  async stop (): Promise<void> {
    await this.#changing
    this.#events = undefined
    await this.#current.stop()
  }
}
