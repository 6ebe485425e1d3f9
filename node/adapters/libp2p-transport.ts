/**
 * The Transport port on libp2p: TCP, Noise, Yamux. Only peers on the allow-list get past the handshake; everybody else is
 * refused before any stream and counted. PeerId ends here: above, a peer is a NodeId.
 *
 * Nothing dials by itself: no discovery, no DHT, no relay, no keep-alive. A connection is made when a link is asked for,
 * and the runtime decides when to ask again.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { NodeId } from '../../protocol/identifiers.ts'
import { SECOND, type Duration } from '../../protocol/instant.ts'
import { STREAM_CLASSES, type StreamClass } from '../../protocol/messages/vocabulary.ts'
import type { Link, PeerAddress, Transport, TransportEvents } from '../runtime/ports.ts'
import type { TrustingTransport } from '../runtime/renewable-transport.ts'
import type { Conversation, TrustChannel } from '../runtime/trust-exchange.ts'
import { StreamConversation } from './libp2p-trust.ts'
import { StreamLink, TransportError, type LinkEnd } from './libp2p-wire.ts'

/** How long to wait, ms. */
export interface TransportWaits {
  /** For one address. */
  readonly dial: Duration
  /** For a link's welcome. */
  readonly open: Duration
  /** For a stranger's handshake. */
  readonly handshake: Duration
  /** Between pings on every connection. */
  readonly ping: Duration
  /** For a ping's answer, before the connection is ended: a peer may be busy for several seconds without being gone. */
  readonly answer: Duration
}
export const TRANSPORT_WAITS: TransportWaits = { dial: 5 * SECOND, open: 10 * SECOND, handshake: 10 * SECOND, ping: 10 * SECOND, answer: 30 * SECOND }

/** Half-open connections at one time, and new ones each second from one address: several agencies may share one behind NAT. */
export const PENDING_CONNECTIONS_MAX = 256
export const CONNECTIONS_PER_SECOND_MAX = 100
export const CONNECTIONS_MAX = 1000
/** Both sides may dial at once, and a dead connection may linger beside its successor; the oldest makes room. */
export const CONNECTIONS_PER_PEER_MAX = 4
/** Streams that one connection may have open in each direction: links, those that they replace, pings, identify. */
const STREAMS_MAX = 24
const STREAMS_PER_CLASS_MAX = 4
/** Fits several frames on the way over 30 ms; must stay below READ_BUFFER, which is where a paused stream keeps what still comes. */
const WINDOW_BYTES_MAX = 1024 * 1024
const READ_BUFFER_BYTES_MAX = 2 * 1024 * 1024
const WRITE_BUFFER_BYTES_MAX = 4 * 1024 * 1024
/** While a peer is busy, pings to it pile up; one more than allowed would end the connection. */
const PINGS_MAX = 8

const protocolOf = (streamClass: StreamClass): string => `/tiltas/1/${streamClass}`
/** Statements travel beside the messages, on streams of their own. */
const TRUST_PROTOCOL = '/tiltas/1/trust'
const TRUST_STREAMS_MAX = 2
const isTiltas = (stream: Stream): boolean => stream.protocol.startsWith('/tiltas/')

/** Operational log, as pino has it: fields first. Carries node names and codes, never content. */
export interface TransportLog { info (fields: object, message: string): void, warn (fields: object, message: string): void }

export interface Libp2pTransportOptions {
  readonly self: NodeId
  /** Ed25519 seed (RFC 8032 section 5.1.5), 32 bytes. */
  readonly transportSeed: Uint8Array
  /** Multiaddr text, for example `/ip4/0.0.0.0/tcp/4001`. */
  readonly listen: readonly string[]
  readonly log?: TransportLog
  readonly waits?: Partial<TransportWaits>
}

/** Multicodec of `/p2p/`: addresses travel beside their key, never with it. */
const P2P = 421
const withoutPeer = (address: Multiaddr): Multiaddr => address.decapsulateCode(P2P)

/** PKCS #8 header of an Ed25519 private key (RFC 8410 section 7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The 32 bytes that `PeerAddress.transportKey` carries for the node with this seed. */
export function transportPublicKey (seed: Uint8Array): Uint8Array {
  if (seed.length !== 32) throw new TypeError('a transport seed has 32 bytes')
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
  return new Uint8Array(Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x!, 'base64url'))
}

/** `ids`: the one of today first, then those that it had before and may still use. */
interface Peer { readonly node: NodeId, readonly ids: readonly PeerId[], readonly addresses: readonly string[] }
const isOf = (peer: Peer | undefined, id: PeerId): boolean => peer?.ids.some(known => known.equals(id)) === true

/** The allow-list, by transport identity and by node. A key that two nodes claim stays with the first. */
class AllowList {
  readonly #byId = new Map<string, Peer>()
  readonly #byNode = new Map<NodeId, Peer>()

  constructor (peers: readonly PeerAddress[] = []) {
    for (const { node, transportKey, addresses } of peers) {
      const ids = this.#free([transportKey])
      if (ids.length === 0 || this.#byNode.has(node)) continue
      this.#put({ node, ids, addresses })
    }
    // What nodes were called before never takes the name that another one has today.
    for (const { node, formerKeys = [] } of peers) {
      const peer = this.#byNode.get(node)
      if (peer !== undefined) this.#put({ ...peer, ids: [...peer.ids, ...this.#free(formerKeys)] })
    }
  }

  #free (keys: readonly Uint8Array[]): PeerId[] {
    return keys.filter(key => key.length === 32).map(key => peerIdFromPublicKey(publicKeyFromRaw(key))).filter(id => !this.#byId.has(id.toString()))
  }

  #put (peer: Peer): void {
    for (const id of peer.ids) this.#byId.set(id.toString(), peer)
    this.#byNode.set(peer.node, peer)
  }

  ofId (id: PeerId): Peer | undefined { return this.#byId.get(id.toString()) }
  ofNode (node: NodeId): Peer | undefined { return this.#byNode.get(node) }
}

export async function createLibp2pTransport (options: Libp2pTransportOptions): Promise<TrustingTransport> {
  return Libp2pTransport.create(options)
}

class Libp2pTransport implements TrustingTransport {
  readonly #node: Libp2p
  readonly #log: TransportLog | undefined
  readonly #waits: TransportWaits
  readonly #links = new Set<StreamLink>()
  /** The one link of each peer and class that the peer opened. */
  readonly #accepted = new Map<string, StreamLink>()
  readonly #dials = new Map<string, Promise<Connection>>()
  #peers = new AllowList()
  #converse: ((conversation: Conversation) => Promise<void>) | undefined
  readonly trust: TrustChannel = {
    listen: answer => { this.#converse = answer },
    open: node => this.#openConversation(node)
  }

  #events: TransportEvents | undefined
  #opened = 0

  static async create (options: Libp2pTransportOptions): Promise<Libp2pTransport> {
    const made: { transport?: Libp2pTransport } = {}
    const waits = { ...TRANSPORT_WAITS, ...options.waits }
    const node = await createNode(options, waits, id => made.transport?.isAllowed(id) === true, () => made.transport?.countStranger())
    made.transport = new Libp2pTransport(node, waits, options.log)
    return made.transport
  }

  constructor (node: Libp2p, waits: TransportWaits, log: TransportLog | undefined) {
    this.#node = node
    this.#waits = waits
    this.#log = log
  }

  isAllowed (id: PeerId): boolean { return this.#events !== undefined && this.#peers.ofId(id) !== undefined }

  countStranger (): void { this.#events?.strangerRefused() }

  async start (events: TransportEvents): Promise<void> {
    this.#events = events
    for (const streamClass of STREAM_CLASSES) {
      await this.#node.handle(protocolOf(streamClass), (stream, connection) => this.#accept(stream, connection, streamClass),
        { maxInboundStreams: STREAMS_PER_CLASS_MAX, maxOutboundStreams: STREAMS_PER_CLASS_MAX })
    }
    await this.#node.handle(TRUST_PROTOCOL, (stream, connection) => {
      const peer = this.#peers.ofId(connection.remotePeer)
      if (this.#events === undefined || peer === undefined || this.#converse === undefined) { stream.abort(new Error('not-allowed')); return }
      void this.#converse(new StreamConversation(stream, peer.node))
    }, { maxInboundStreams: TRUST_STREAMS_MAX, maxOutboundStreams: TRUST_STREAMS_MAX })
    this.#node.addEventListener('connection:open', event => this.#admit(event.detail))
    try { await this.#node.start() } catch (cause) {
      this.#events = undefined
      throw listenError(cause)
    }
  }

  allow (peers: readonly PeerAddress[]): void {
    const before = this.#peers
    this.#peers = new AllowList(peers)
    const isStill = (id: PeerId): boolean => this.#peers.ofId(id)?.node === before.ofId(id)?.node
    for (const connection of this.#node.getConnections()) {
      if (this.isAllowed(connection.remotePeer) && isStill(connection.remotePeer)) continue
      const node = before.ofId(connection.remotePeer)?.node
      for (const link of this.#links) if (link.peer === node) link.close('not-allowed' satisfies LinkEnd)
      connection.abort(new Error('not-allowed'))
    }
  }

  async open (node: NodeId, streamClass: StreamClass): Promise<boolean> {
    const peer = this.#peers.ofNode(node)
    if (this.#events === undefined || peer === undefined) return false
    let stream: Stream
    try { stream = await this.#streamTo(peer, protocolOf(streamClass)) } catch (cause) {
      this.#log?.info({ peer: node, streamClass, cause: (cause as Error).name }, 'no link could be opened')
      return false
    }
    if (this.#events === undefined || this.#peers.ofNode(node)?.ids.some(id => isOf(peer, id)) !== true) {
      stream.abort(new Error('not-allowed'))
      return false
    }
    const link = this.#adopt(stream, node, streamClass, true)
    link.run()
    const timer = setTimeout(() => link.close('timed-out' satisfies LinkEnd), this.#waits.open)
    const isOpen = await link.whenOpen
    clearTimeout(timer)
    if (!isOpen) this.#links.delete(link)
    return isOpen
  }

  async #openConversation (node: NodeId): Promise<Conversation | 'unreachable' | 'refused'> {
    const peer = this.#peers.ofNode(node)
    if (this.#events === undefined || peer === undefined) return 'unreachable'
    try {
      return new StreamConversation(await this.#streamTo(peer, TRUST_PROTOCOL), node)
    } catch (cause) { return cause instanceof TransportError && cause.code === 'unreachable' ? 'unreachable' : 'refused' }
  }

  addresses (): readonly string[] {
    return this.#node.getMultiaddrs().map(address => withoutPeer(address).toString())
  }

  async stop (): Promise<void> {
    if (this.#events === undefined) return
    for (const link of this.#links) link.close('stopped' satisfies LinkEnd)
    await Promise.resolve() // the links' ends are told before the events go
    this.#events = undefined
    await this.#node.stop()
  }

  #accept (stream: Stream, connection: Connection, streamClass: StreamClass): void {
    const peer = this.#peers.ofId(connection.remotePeer)
    if (this.#events === undefined || peer === undefined) { stream.abort(new Error('not-allowed')); return }
    const place = `${peer.node} ${streamClass}`
    this.#accepted.get(place)?.close('replaced' satisfies LinkEnd)
    const link = this.#adopt(stream, peer.node, streamClass, false)
    this.#accepted.set(place, link)
    queueMicrotask(() => link.run()) // after the end of the one that it replaces was told
  }

  #adopt (stream: Stream, peer: NodeId, streamClass: StreamClass, initiator: boolean): StreamLink {
    const id = `${peer}/${streamClass}/${initiator ? 'out' : 'in'}-${++this.#opened}`
    const link = new StreamLink(stream, { id, peer, streamClass, initiator }, {
      opened: link => this.#events?.linkOpened(link),
      received: (link, frame) => this.#events?.frameReceived(link, frame),
      ended: (link, reason) => this.#ended(link, reason)
    })
    this.#links.add(link)
    return link
  }

  #ended (link: StreamLink, reason: string): void {
    const place = `${link.peer} ${link.streamClass}`
    if (this.#accepted.get(place) === link) this.#accepted.delete(place)
    this.#links.delete(link)
    this.#log?.info({ link: link.id, reason }, 'link closed')
    this.#events?.linkClosed(link, reason)
  }

  /** On the newest connection, or on a new one: a connection may be dead and not know it yet. */
  async #streamTo (peer: Peer, protocol: string): Promise<Stream> {
    const newest = this.#connectionsOf(peer).at(-1)
    if (newest !== undefined) {
      try { return await newest.newStream(protocol, { signal: AbortSignal.timeout(this.#waits.open) }) } catch (cause) {
        if (!newest.streams.some(isTiltas)) newest.abort(cause as Error)
      }
    }
    const connection = await this.#dial(peer)
    return connection.newStream(protocol, { signal: AbortSignal.timeout(this.#waits.open) })
  }

  /** Links that are opened together share one dial. */
  #dial (peer: Peer): Promise<Connection> {
    const key = peer.node
    const running = this.#dials.get(key)
    if (running !== undefined) return running
    const dial = this.#tryAddresses(peer).finally(() => this.#dials.delete(key))
    this.#dials.set(key, dial)
    return dial
  }

  async #tryAddresses (peer: Peer): Promise<Connection> {
    let cause: unknown
    for (const [address, id] of peer.ids.flatMap(id => peer.addresses.map(address => [address, id] as const))) {
      try {
        const target = withoutPeer(multiaddr(address)).encapsulate(`/p2p/${id.toString()}`)
        return await this.#node.dial(target, { force: true, signal: AbortSignal.timeout(this.#waits.dial) })
      } catch (error) { cause = error }
    }
    throw new TransportError('unreachable', `none of ${peer.addresses.length} addresses of ${peer.node} answers`, { cause })
  }

  /** Oldest first. */
  #connectionsOf ({ ids }: Pick<Peer, 'ids'>): Connection[] {
    return ids.flatMap(id => this.#node.getConnections(id)).filter(({ status }) => status === 'open').sort((a, b) => a.timeline.open - b.timeline.open)
  }

  /** The gate has let it in; the list may have changed since, and a peer has a few connections only. */
  #admit (connection: Connection): void {
    if (!this.isAllowed(connection.remotePeer)) { connection.abort(new Error('not-allowed')); return }
    const others = this.#connectionsOf({ ids: [connection.remotePeer] }).filter(other => other !== connection)
    for (const other of others.slice(0, Math.max(0, others.length + 1 - CONNECTIONS_PER_PEER_MAX))) other.abort(new Error('too many connections'))
  }
}

async function createNode (options: Libp2pTransportOptions, waits: TransportWaits, isAllowed: (id: PeerId) => boolean, refused: () => void): Promise<Libp2p> {
  if (options.transportSeed.length !== 32) throw new TypeError('a transport seed has 32 bytes')
  const deny = (id: PeerId): boolean => !isAllowed(id)
  const denyAndCount = (id: PeerId): boolean => {
    if (isAllowed(id)) return false
    refused()
    return true
  }
  return createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', options.transportSeed),
    nodeInfo: { userAgent: 'tiltas/1' },
    addresses: { listen: [...options.listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({
      maxInboundStreams: STREAMS_MAX,
      maxOutboundStreams: STREAMS_MAX,
      streamOptions: { maxStreamWindowSize: WINDOW_BYTES_MAX, maxReadBufferLength: READ_BUFFER_BYTES_MAX, maxWriteBufferLength: WRITE_BUFFER_BYTES_MAX }
    })],
    connectionGater: { denyDialPeer: deny, denyInboundEncryptedConnection: denyAndCount, denyOutboundEncryptedConnection: deny },
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      maxIncomingPendingConnections: PENDING_CONNECTIONS_MAX,
      inboundConnectionThreshold: CONNECTIONS_PER_SECOND_MAX,
      inboundUpgradeTimeout: waits.handshake,
      inboundStreamProtocolNegotiationTimeout: waits.open,
      outboundStreamProtocolNegotiationTimeout: waits.open,
      resolvers: {}
    },
    connectionMonitor: { pingInterval: waits.ping, pingTimeout: { minTimeout: waits.answer, maxTimeout: 2 * waits.answer } },
    services: { identify: identify(), ping: ping({ maxInboundStreams: PINGS_MAX, maxOutboundStreams: PINGS_MAX }) }
  })
}

/** libp2p tells why an address cannot be listened on in the text of its error only. */
function listenError (cause: unknown): TransportError {
  return String((cause as Error).message).includes('EADDRINUSE')
    ? new TransportError('address-in-use', 'another program listens on that address; stop it or choose another port', { cause })
    : new TransportError('listen-failed', 'cannot listen on the configured addresses', { cause })
}
