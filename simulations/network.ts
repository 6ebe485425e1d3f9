/**
 * The network between simulated nodes: the Transport port on a virtual scheduler, with the faults that a real one has.
 * Every delay and fault is drawn from the random that is passed in, at a frame's departure or a link's opening, so the
 * same seed and the same calls give the same events. It must never look at the content of a frame.
 *
 * A link keeps what a libp2p stream promises: frames arrive whole, once and in order, or the link closes. So a lost packet
 * shows as delay, damage as a broken connection, and a cut as silence until each side gives up by itself. Frames of a
 * closed link never arrive on a newer one, though they may still arrive on their own, at a side that does not know yet.
 */
import type { NodeId } from '../protocol/identifiers.ts'
import { equalBytes } from '../protocol/bytes.ts'
import { SECOND, type Duration, type Instant } from '../protocol/instant.ts'
import { FRAME_BYTES_MAX } from '../protocol/limits.ts'
import type { StreamClass } from '../protocol/messages/vocabulary.ts'
import type { Link, PeerAddress, Transport, TransportEvents } from '../node/runtime/ports.ts'

/** `integer(max)`: 0 up to, not including, max. `chance(n)`: true n times of 1000. */
export interface NetworkRandom { integer (max: number): number, chance (perMille: number): boolean }
/** What is scheduled for the same instant runs in the order in which it was scheduled. The returned function cancels. */
export interface NetworkScheduler { now (): Instant, schedule (after: Duration, run: () => void): () => void }

/** Delays in ms; everything else per mille. */
export interface NetworkFaults {
  /** One way: the least, and the most that chance adds to it. */
  readonly latency: Duration
  readonly jitter: Duration
  /** Frames that meet a long queue: their delay doubles, again and again as chance has it, up to 256-fold. */
  readonly tail: number
  /** Packets that are lost: each costs a retransmission; LOST_IN_A_ROW_MAX in a row break the connection. */
  readonly loss: number
  /** Frames at whose departure the connection breaks, with all that was on the way. */
  readonly breaks: number
  /** Frames that are damaged on the way: the handshake's keys reveal it and the connection breaks. */
  readonly damage: number
  /** Dials that get no answer. */
  readonly silence: number
}
export const CALM: NetworkFaults = { latency: 15, jitter: 5, tail: 0, loss: 0, breaks: 0, damage: 0, silence: 0 }
export const ROUGH: NetworkFaults = { latency: 15, jitter: 60, tail: 30, loss: 50, breaks: 3, damage: 1, silence: 50 }

/** As on the wire: a parcel's limit and room for its header. */
const FRAME_ON_WIRE_BYTES_MAX = FRAME_BYTES_MAX + 4 * 1024
/** Bytes sent on a link and not yet taken by the receiver; beyond it `send` waits. */
const WINDOW_BYTES = 1024 * 1024
const RETRANSMISSION_WAIT = 200
const LOST_IN_A_ROW_MAX = 6
const DIAL_WAIT = 5 * SECOND
const OPEN_WAIT = 10 * SECOND
/** Without an answer for this long, drawn for each side, a connection counts as lost. */
const SILENCE_WAIT_MIN = 30 * SECOND
const SILENCE_WAIT_SPREAD = 30 * SECOND

export type SimulatedTransportErrorCode = 'address-in-use' | 'link-closed' | 'frame-too-large' | 'frame-empty'
export class SimulatedTransportError extends Error {
  readonly code: SimulatedTransportErrorCode
  constructor (code: SimulatedTransportErrorCode) { super(code); this.code = code }
}

export interface SimulatedTransportOptions { readonly self: NodeId, readonly transportKey: Uint8Array, readonly addresses?: readonly string[] }

const way = (from: NodeId, to: NodeId): string => `${from}>${to}`

export class SimulatedNetwork {
  readonly scheduler: NetworkScheduler
  readonly #random: NetworkRandom
  #faults: NetworkFaults
  readonly #listening = new Map<string, SimulatedTransport>()
  readonly #ends = new Set<LinkSide>()
  readonly #cut = new Set<string>()
  readonly #slow = new Map<string, { readonly bytesPerSecond: number, freeAt: Instant }>()
  /** What happened so far, for checkers that want to know that a run was not idle. */
  readonly counts = { delivered: 0, broken: 0, lost: 0, refused: 0 }

  constructor (scheduler: NetworkScheduler, random: NetworkRandom, faults: NetworkFaults = CALM) {
    this.scheduler = scheduler
    this.#random = random
    this.#faults = faults
  }

  /** A node's transport; after a crash or a stop, a new one with the same options is the node restarted. */
  transport (options: SimulatedTransportOptions): Transport { return new SimulatedTransport(this, options) }

  setFaults (faults: NetworkFaults): void { this.#faults = faults }

  /** Nothing arrives at `to` from `from` any more; acknowledgements neither, so both sides give up in the end. */
  cut (from: NodeId, to: NodeId): void {
    this.#cut.add(way(from, to))
    for (const side of this.#between(from, to)) side.watchSilence()
  }

  /** Cuts both ways between every node of one side and every node of the other. */
  partition (one: readonly NodeId[], other: readonly NodeId[]): void {
    for (const a of one) for (const b of other) { this.cut(a, b); this.cut(b, a) }
  }

  /** Mends all that is cut. What waits on links that lasted is sent again; the side of a link whose other side gave up learns it. */
  heal (): void {
    const mended = [...this.#ends].filter(({ owner, peer }) => this.isCutEitherWay(owner.self, peer))
    this.#cut.clear()
    for (const side of mended) side.pathHealed()
  }

  /** Bytes share the way from one node to the other at this rate; undefined takes the limit away. */
  slow (from: NodeId, to: NodeId, bytesPerSecond: number | undefined): void {
    if (bytesPerSecond === undefined) this.#slow.delete(way(from, to))
    else this.#slow.set(way(from, to), { bytesPerSecond, freeAt: this.scheduler.now() })
  }

  /** Breaks every link between two nodes: what was on the way is gone, and both sides learn it. */
  breakLinks (a: NodeId, b: NodeId): void {
    const sides = this.#between(a, b).filter(side => !side.isBroken)
    if (sides.length > 0) this.counts.broken++
    for (const side of sides) { side.dropFlight(); side.other.dropFlight() }
    for (const side of sides) side.breakLater()
  }

  /**
   * The node is gone without a word and hears nothing more. `process`: its machine ends the connections after what was
   * handed on. `power`: the others wait in vain.
   */
  crash (self: NodeId, how: 'process' | 'power'): void {
    for (const transport of [...this.#listening.values()]) if (transport.self === self) transport.vanish()
    for (const side of [...this.#ends]) if (side.owner.self === self) side.vanish(how)
  }

  // ── For transports and links ───────────────────────────────────────────────────────────────────────────────────

  isCut (from: NodeId, to: NodeId): boolean { return this.#cut.has(way(from, to)) }
  isCutEitherWay (a: NodeId, b: NodeId): boolean { return this.isCut(a, b) || this.isCut(b, a) }
  at (address: string): SimulatedTransport | undefined { return this.#listening.get(address) }
  listen (address: string, transport: SimulatedTransport): void {
    if (this.#listening.has(address)) throw new SimulatedTransportError('address-in-use')
    this.#listening.set(address, transport)
  }

  unlisten (transport: SimulatedTransport): void {
    for (const [address, listener] of this.#listening) if (listener === transport) this.#listening.delete(address)
  }

  keep (side: LinkSide): void { this.#ends.add(side) }
  forget (side: LinkSide): void { this.#ends.delete(side) }

  isSilent (): boolean { return this.#random.chance(this.#faults.silence) }
  breaksNow (): boolean { return this.#random.chance(this.#faults.breaks) }
  isDamaged (): boolean { return this.#random.chance(this.#faults.damage) }
  silenceWait (): Duration { return SILENCE_WAIT_MIN + this.#random.integer(SILENCE_WAIT_SPREAD) }

  /** How long so many bytes take; undefined when the connection breaks over it. */
  travel (from: NodeId, to: NodeId, bytes: number): Duration | undefined {
    let delay = this.#faults.latency + (this.#faults.jitter > 0 ? this.#random.integer(this.#faults.jitter + 1) : 0)
    if (this.#random.chance(this.#faults.tail)) for (let doubled = 0; doubled < 8; doubled++) { delay *= 2; if (this.#random.chance(400)) break }
    for (let lost = 0; this.#random.chance(this.#faults.loss); lost++) {
      if (lost === LOST_IN_A_ROW_MAX) return undefined
      delay += RETRANSMISSION_WAIT * 2 ** lost
    }
    return delay + this.#queueFor(way(from, to), bytes)
  }

  /** A word without content, such as a reset: it takes the latency. */
  hop (): Duration { return this.#faults.latency }

  #queueFor (path: string, bytes: number): Duration {
    const slow = this.#slow.get(path)
    if (slow === undefined) return 0
    const now = this.scheduler.now()
    slow.freeAt = Math.max(now, slow.freeAt) + Math.ceil(bytes * SECOND / slow.bytesPerSecond)
    return slow.freeAt - now
  }

  #between (a: NodeId, b: NodeId): LinkSide[] {
    return [...this.#ends].filter(({ owner, peer }) => (owner.self === a && peer === b) || (owner.self === b && peer === a))
  }
}

class SimulatedTransport implements Transport {
  readonly self: NodeId
  readonly #network: SimulatedNetwork
  readonly #key: Uint8Array
  readonly #addresses: readonly string[]
  readonly #sides = new Set<LinkSide>()
  readonly #accepted = new Map<string, LinkSide>()
  #peers: readonly PeerAddress[] = []
  #opened = 0
  events: TransportEvents | undefined

  constructor (network: SimulatedNetwork, { self, transportKey, addresses }: SimulatedTransportOptions) {
    this.self = self
    this.#network = network
    this.#key = transportKey
    this.#addresses = addresses ?? [`/sim/${self}`]
  }

  async start (events: TransportEvents): Promise<void> {
    for (const address of this.#addresses) this.#network.listen(address, this)
    this.events = events
  }

  allow (peers: readonly PeerAddress[]): void {
    this.#peers = peers
    for (const side of [...this.#sides]) {
      if (this.allows(side)) continue
      side.dropFlight()
      side.end('not-allowed')
      side.other.breakLater()
    }
  }

  allows (side: LinkSide): boolean {
    return this.events !== undefined && this.#peers.some(({ node, transportKey }) => node === side.peer && equalBytes(transportKey, side.peerKey))
  }

  async open (node: NodeId, streamClass: StreamClass): Promise<boolean> {
    const peer = this.#peers.find(peer => peer.node === node)
    if (this.events === undefined || peer === undefined) return false
    for (const address of peer.addresses) {
      const target = await this.#dial(peer, address)
      if (target !== undefined) return this.events !== undefined && await this.#openOn(target, peer, streamClass)
    }
    return false
  }

  addresses (): readonly string[] { return this.#addresses }

  async stop (): Promise<void> {
    if (this.events === undefined) return
    this.#network.unlisten(this)
    for (const side of [...this.#sides]) { side.sayGoodbye(); side.end('stopped') }
    await this.#wait(0)
    this.events = undefined
  }

  /** After a crash: no event any more, also none that was on its way. */
  vanish (): void {
    this.events = undefined
    this.#network.unlisten(this)
  }

  add (side: LinkSide): void { this.#sides.add(side); this.#network.keep(side) }
  remove (side: LinkSide): void {
    this.#sides.delete(side)
    this.#network.forget(side)
    const place = `${side.peer} ${side.streamClass}`
    if (this.#accepted.get(place) === side) this.#accepted.delete(place)
  }

  nextId (peer: NodeId, streamClass: StreamClass, initiator: boolean): string {
    return `${peer}/${streamClass}/${initiator ? 'out' : 'in'}-${++this.#opened}`
  }

  /** The transport behind an address, when it answers, is the peer that was meant, and lets us in. */
  async #dial (peer: PeerAddress, address: string): Promise<SimulatedTransport | undefined> {
    if (this.#network.isCutEitherWay(this.self, peer.node) || this.#network.isSilent()) { await this.#wait(DIAL_WAIT); return undefined }
    await this.#wait(2 * this.#network.hop())
    const target = this.#network.at(address)
    if (target?.events === undefined || !equalBytes(target.#key, peer.transportKey)) return undefined
    if (target.#nameOf(this.#key) !== undefined) return target
    this.#network.counts.refused++
    target.events.strangerRefused()
    return undefined
  }

  /** The other side is open first; ours when its welcome came, or never. */
  #openOn (target: SimulatedTransport, peer: PeerAddress, streamClass: StreamClass): Promise<boolean> {
    const side = new LinkSide(this.#network, this, peer.node, peer.transportKey, streamClass, true)
    return new Promise(resolve => {
      const giveUp = this.#network.scheduler.schedule(OPEN_WAIT, () => { side.abandon(); resolve(false) })
      side.whenSettled = isOpen => { giveUp(); resolve(isOpen) }
      this.#network.scheduler.schedule(this.#network.hop(), () => target.#accept(side, this.#key))
    })
  }

  #accept (initiator: LinkSide, key: Uint8Array): void {
    const name = this.#nameOf(key)
    if (this.events === undefined || name === undefined || initiator.isEnded || this.#network.isCutEitherWay(this.self, name)) return
    const place = `${name} ${initiator.streamClass}`
    const older = this.#accepted.get(place)
    older?.sayGoodbye()
    older?.end('replaced')
    const side = new LinkSide(this.#network, this, name, key, initiator.streamClass, false)
    side.other = initiator
    initiator.other = side
    this.#accepted.set(place, side)
    this.add(side)
    this.#network.scheduler.schedule(0, () => side.opened()) // after the end of the older one was told
    this.#network.scheduler.schedule(this.#network.hop(), () => side.welcome())
  }

  #nameOf (key: Uint8Array): NodeId | undefined { return this.#peers.find(({ transportKey }) => equalBytes(transportKey, key))?.node }
  #wait (after: Duration): Promise<void> { return new Promise(resolve => { this.#network.scheduler.schedule(after, resolve) }) }
}

interface Waiting { readonly frame: Uint8Array, readonly resolve: () => void, readonly reject: (cause: Error) => void }
/** A frame on the way, or the word that the link ends after what went before. */
type Flight = { readonly arriveAt: Instant, readonly frame: Uint8Array, readonly damaged: boolean } | { readonly arriveAt: Instant, readonly ends: string }

/** One node's side of a link, and what it has on the way to the other side. */
class LinkSide implements Link {
  readonly id: string
  readonly owner: SimulatedTransport
  readonly peer: NodeId
  readonly peerKey: Uint8Array
  readonly streamClass: StreamClass
  readonly initiator: boolean
  other!: LinkSide
  whenSettled: (isOpen: boolean) => void = () => {}
  readonly #network: SimulatedNetwork
  #state: 'opening' | 'open' | 'ended' = 'opening'
  #waiting: Waiting[] = []
  #flight: Flight[] = []
  /** Bytes on the way or with the receiver. */
  #windowBytes = 0
  /** Taken by the receiver, though the word of it cannot come back while the way is cut. */
  #creditBytes = 0
  #receiving = false
  /** The connection is gone and this side does not know yet: what it still sends goes nowhere. */
  #broken = false
  #cancelArrival = (): void => {}
  #cancelSilence: (() => void) | undefined

  constructor (network: SimulatedNetwork, owner: SimulatedTransport, peer: NodeId, peerKey: Uint8Array, streamClass: StreamClass, initiator: boolean) {
    this.#network = network
    this.owner = owner
    this.peer = peer
    this.peerKey = peerKey
    this.streamClass = streamClass
    this.initiator = initiator
    this.id = owner.nextId(peer, streamClass, initiator)
  }

  get isEnded (): boolean { return this.#state === 'ended' }
  get isBroken (): boolean { return this.#broken }

  send (frame: Uint8Array): Promise<void> {
    if (this.isEnded) return Promise.reject(new SimulatedTransportError('link-closed'))
    if (frame.length > FRAME_ON_WIRE_BYTES_MAX) return Promise.reject(new SimulatedTransportError('frame-too-large'))
    if (frame.length === 0) return Promise.reject(new SimulatedTransportError('frame-empty'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ frame: frame.slice(), resolve, reject })
      this.#fillWindow()
    })
  }

  close (reason: string = 'closed-here'): void {
    if (this.isEnded) return
    this.sayGoodbye()
    this.end(reason)
  }

  // ── Opening ────────────────────────────────────────────────────────────────────────────────────────────────────

  opened (): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.owner.events?.linkOpened(this)
    this.whenSettled(true)
    this.watchSilence()
    this.#arm()
  }

  /** From the accepting side; lost when the way was cut meanwhile. */
  welcome (): void {
    const { owner } = this.other
    if (this.other.isEnded || !owner.allows(this.other)) { this.breakLater(); return }
    if (this.isEnded || this.#broken || this.#network.isCutEitherWay(this.owner.self, this.peer)) return
    owner.add(this.other)
    this.other.opened()
    this.#arm()
  }

  abandon (): void { this.#state = 'ended' }

  // ── On the way ─────────────────────────────────────────────────────────────────────────────────────────────────

  #fillWindow (): void {
    for (let next = this.#waiting[0]; next !== undefined && !this.isEnded; next = this.#waiting[0]) {
      if (this.#windowBytes > 0 && this.#windowBytes + next.frame.length > WINDOW_BYTES) return
      this.#waiting.shift()
      this.#windowBytes += next.frame.length
      next.resolve()
      this.#depart(next.frame)
    }
  }

  #depart (frame: Uint8Array): void {
    const delay = this.#network.travel(this.owner.self, this.peer, frame.length)
    if (delay === undefined || this.#network.breaksNow()) this.#network.breakLinks(this.owner.self, this.peer)
    else this.#fly({ arriveAt: this.#network.scheduler.now() + delay, frame, damaged: this.#network.isDamaged() })
  }

  #fly (flight: Flight): void {
    if (this.#broken) return
    this.#flight.push(flight)
    if (this.#flight.length === 1) this.#arm()
  }

  /** Only the first on the way can arrive: what was faster waits behind it. */
  #arm (): void {
    this.#cancelArrival()
    const head = this.#flight[0]
    if (head === undefined || this.#receiving || this.other.#state === 'opening' || this.#network.isCut(this.owner.self, this.peer)) return
    this.#cancelArrival = this.#network.scheduler.schedule(Math.max(0, head.arriveAt - this.#network.scheduler.now()), () => this.#arrive())
  }

  #arrive (): void {
    if (this.#network.isCut(this.owner.self, this.peer)) return
    const head = this.#flight.shift()
    if (head === undefined) return
    if (this.other.isEnded) { this.#flight = []; return }
    if ('ends' in head) this.other.end(head.ends)
    else if (head.damaged) this.#network.breakLinks(this.owner.self, this.peer)
    else this.#deliver(head.frame)
  }

  #deliver (frame: Uint8Array): void {
    this.#network.counts.delivered++
    const failed = (): void => { this.other.sayGoodbye(); this.other.end('receiver-failed') }
    let handled: Promise<void> | void
    try { handled = this.other.owner.events?.frameReceived(this.other, frame) } catch { failed(); return }
    if (handled === undefined) { this.#taken(frame.length); return }
    this.#receiving = true
    handled.then(() => { this.#receiving = false; this.#taken(frame.length) }, failed)
  }

  #taken (bytes: number): void {
    this.#creditBytes += bytes
    this.#acknowledge()
    this.#arm()
  }

  #acknowledge (): void {
    if (this.#network.isCut(this.peer, this.owner.self)) return
    this.#windowBytes -= this.#creditBytes
    this.#creditBytes = 0
    this.#fillWindow()
  }

  // ── Ends ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends this side alone. Told once, and never from within a call of the node. */
  end (reason: string): void {
    if (this.isEnded) return
    const wasOpen = this.#state === 'open'
    this.#state = 'ended'
    this.#cancelSilence?.()
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new SimulatedTransportError('link-closed'))
    this.owner.remove(this)
    if (wasOpen) this.#network.scheduler.schedule(0, () => this.owner.events?.linkClosed(this, reason))
    else this.whenSettled(false)
  }

  /** Lets the other side know, after what was handed on. */
  sayGoodbye (ends: string = 'closed-by-peer'): void { this.#fly({ arriveAt: this.#network.scheduler.now() + this.#network.hop(), ends }) }

  /** The connection is gone: this side learns it after a hop, or from silence when the way is cut. */
  breakLater (): void {
    if (this.isEnded) return
    this.#broken = true
    if (this.#network.isCut(this.peer, this.owner.self)) this.watchSilence()
    else this.#network.scheduler.schedule(this.#network.hop(), () => this.end('connection-lost'))
  }

  dropFlight (): void {
    this.#cancelArrival()
    this.#flight = []
  }

  vanish (how: 'process' | 'power'): void {
    this.#state = 'ended'
    this.#cancelSilence?.()
    this.#waiting = []
    this.owner.remove(this)
    this.other.dropFlight()
    if (how === 'process') this.sayGoodbye('connection-lost')
    else this.other.#expectSilence()
  }

  watchSilence (): void {
    if (this.#state === 'open' && this.#network.isCutEitherWay(this.owner.self, this.peer)) this.#expectSilence()
  }

  #expectSilence (): void {
    if (this.isEnded) return
    this.#cancelSilence ??= this.#network.scheduler.schedule(this.#network.silenceWait(), () => {
      this.#network.counts.lost++
      this.dropFlight()
      this.end('connection-lost')
    })
  }

  /** Goes on where it stood, or learns that the other side is not there any more. */
  pathHealed (): void {
    this.other.#resend()
    if (this.#broken || this.other.isEnded) {
      if (this.other.#flight.length === 0 && this.other.owner.events !== undefined) this.breakLater()
      return
    }
    this.#cancelSilence?.()
    this.#cancelSilence = undefined
    this.#acknowledge()
    this.#resend()
  }

  #resend (): void {
    const soonest = this.#network.scheduler.now() + RETRANSMISSION_WAIT
    this.#flight = this.#flight.map(flight => ({ ...flight, arriveAt: Math.max(flight.arriveAt, soonest) }))
    this.#arm()
  }
}
