/**
 * A nation that was admitted and has turned bad: it has its own transport identity and keys, speaks the wire by itself,
 * and says on it whatever a test has it say. It answers as a peer must, so that receipts reach it.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createMemoryKeyRing } from '../../../keys/memory-key-ring.ts'
import { privateKeyFromSeed, signWith, type PrivateKey } from '../../../keys/private-key.ts'
import { cipherSuite } from '../../../keys/suite.ts'
import type { TrustView } from '../../../keys/trust-view.ts'
import { createLibp2pTransport } from '../../../node/adapters/libp2p-transport.ts'
import { Cryptography } from '../../../node/runtime/cryptography.ts'
import type { Link, Transport } from '../../../node/runtime/ports.ts'
import { toBase64url } from '../../../protocol/bytes.ts'
import { encodeFrame, encodeParcel, parseFrame, positionHash, type ParcelHeader, type Position } from '../../../protocol/delivery/frames.ts'
import type { AgencyId, Digest, Kid, NodeId } from '../../../protocol/identifiers.ts'
import { encodeJson, type Json } from '../../../protocol/messages/encoding.ts'
import { MESSAGE_TYPES, typOf, type MessageType, type Receipt } from '../../../protocol/messages/message.ts'
import type { StreamClass } from '../../../protocol/messages/vocabulary.ts'
import type { Federation } from '../../support/founded.ts'
import { ringOf } from '../../support/founded.ts'
import { eventually } from './places.ts'

export type Verdict = { readonly accepted: Receipt['accepted'][number] } | { readonly refused: string, readonly evidence?: string }
export interface Crafted { readonly jws: string, readonly k: Uint8Array, readonly digest: Digest }
/** What a test may have differ from what is right. */
export interface CraftOptions { readonly key?: PrivateKey, readonly header?: { readonly [name: string]: Json }, readonly breakSignature?: boolean }
export interface ParcelOptions {
  readonly from: AgencyId, readonly to: AgencyId, readonly streamClass?: StreamClass
  /** Instead of the right one, inside and outside. */
  readonly header?: Partial<ParcelHeader>
  /** Outside only: the sealed header still says what is right. */
  readonly outer?: Partial<ParcelHeader>
  readonly sealed?: (sealed: Uint8Array) => Uint8Array
}
/** Any message, right or wrong. */
export interface Sayable { readonly type: string, readonly iss: AgencyId, readonly iat: number, readonly [field: string]: unknown }

export const digestOfText = (text: string): Digest => createHash('sha256').update(text).digest('base64url') as Digest
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
export const randomId = (): string => toBase64url(random(16))

export class HostilePeer {
  readonly self: NodeId
  readonly transport: Transport
  readonly keys: readonly PrivateKey[]
  readonly receipts: Receipt[] = []
  /** Why each link that we had opened ended. */
  readonly ends: string[] = []
  readonly #cryptography: Cryptography
  readonly #victim: NodeId
  /** What we hold of the victim's streams. */
  readonly #held = new Map<StreamClass, Position>()
  /** Where our own streams stand at the victim, as far as it said so. */
  readonly #ours = new Map<StreamClass, Position | null>()
  readonly #links = new Map<StreamClass, Link>()
  #onOpen: (link: Link) => void = () => {}

  private constructor (self: NodeId, victim: NodeId, transport: Transport, keys: readonly PrivateKey[], trust: TrustView) {
    this.self = self
    this.#victim = victim
    this.transport = transport
    this.keys = keys
    const log = keys.find(key => key.purpose === 'log' && key.algorithm === 'Ed25519')!
    this.#cryptography = new Cryptography(trust, { self, origin: trust.node(self)!.log.origin, keyRing: createMemoryKeyRing([...keys]), suite: cipherSuite, logKeys: { ed25519: { kid: log.kid, publicKey: log.publicKey } }, now: Date.now })
  }

  /** Listens; the victim may be started with its address. */
  static async start (federation: Federation, self: NodeId, victim: NodeId, trust: TrustView): Promise<HostilePeer> {
    const secrets = ringOf(federation, self)
    const transport = await createLibp2pTransport({ self, transportSeed: secrets.find(({ purpose }) => purpose === 'transport')!.seed, listen: ['/ip4/127.0.0.1/tcp/0'] })
    const peer = new HostilePeer(self, victim, transport, secrets.map(privateKeyFromSeed), trust)
    await transport.start({
      linkOpened: link => peer.#onOpen(link), strangerRefused () {},
      linkClosed: (link, reason) => { if (link.initiator && peer.#links.get(link.streamClass) === link) { peer.#links.delete(link.streamClass); peer.ends.push(reason) } },
      frameReceived: (link, frame) => peer.#frameReceived(link, frame)
    })
    return peer
  }

  meet (transportKey: Uint8Array, addresses: readonly string[]): void { this.transport.allow([{ node: this.#victim, transportKey, addresses }]) }

  async #frameReceived (link: Link, bytes: Uint8Array): Promise<void> {
    const frame = parseFrame(bytes)!
    if (frame.kind === 'welcome') { this.#links.set(link.streamClass, link); this.#ours.set(link.streamClass, frame.body.holds as Position | null) }
    if (frame.kind === 'acknowledgement') this.#ours.set(link.streamClass, frame.body)
    if (frame.kind === 'hello') await link.send(encodeFrame({ kind: 'welcome', body: { v: 1, versions: [...MESSAGE_TYPES], holds: this.#held.get(link.streamClass) ?? null } }))
    if (frame.kind !== 'parcel') return
    const { header, sealed } = frame
    const at = { incarnation: header.incarnation, seq: header.seq, hash: positionHash(header) }
    this.#held.set(link.streamClass, at)
    await link.send(encodeFrame({ kind: 'acknowledgement', body: at }))
    for (const item of await this.#cryptography.open(header, sealed)) if ('message' in item && item.message.type === 'receipt/1') this.receipts.push(item.message)
  }

  /** A link of our own that was welcomed; the one that stands, or a new one. */
  async link (streamClass: StreamClass = 'normal'): Promise<Link> {
    const standing = this.#links.get(streamClass)
    if (standing !== undefined) return standing
    const opened = await this.openRaw(streamClass)
    await opened.send(encodeFrame({ kind: 'hello', body: { v: 1, node: this.self, versions: [...MESSAGE_TYPES], at: this.#ours.get(streamClass) ?? null } }))
    return eventually('a welcome', () => this.#links.get(streamClass))
  }

  /** A link on which nothing was said yet. */
  async openRaw (streamClass: StreamClass = 'normal'): Promise<Link> {
    const found: Link[] = []
    this.#onOpen = link => { if (link.initiator && link.streamClass === streamClass) found.push(link) }
    if (!await this.transport.open(this.#victim, streamClass)) throw new Error('no link')
    return found[0]!
  }

  keyOf (agency: AgencyId): PrivateKey { return this.keys.find(key => key.purpose === 'signing' && key.agency === agency)! }

  /** A message as this peer signs it; any part may be wrong. */
  craft (message: Sayable, options: CraftOptions = {}): Crafted {
    const key = options.key ?? this.keyOf(message.iss)
    const header = encodeJson({ alg: 'EdDSA', iat: message.iat, kid: key.kid, typ: typOf(message.type as MessageType), ...options.header })
    const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(encodeJson(message as unknown as Json)).toString('base64url')}`
    const signature = Buffer.from(signWith(key, Buffer.from(input)))
    if (options.breakSignature === true) signature[7]! ^= 1
    const jws = `${input}.${signature.toString('base64url')}`
    return { jws, k: random(32), digest: digestOfText(jws) }
  }

  /** Sends one parcel at the place that the victim stands at, unless told otherwise. */
  async send (items: readonly Crafted[], { from, to, streamClass = 'normal', header: changes, outer, sealed: change }: ParcelOptions): Promise<void> {
    const link = await this.link(streamClass)
    const stands = this.#ours.get(streamClass)
    const right: ParcelHeader = {
      incarnation: stands?.incarnation ?? randomId(), seq: (stands?.seq ?? 0) + 1, prev: stands?.hash ?? '', from, to, class: streamClass,
      exp: Math.floor(Date.now() / 1000) + 86_400, digests: items.map(({ digest }) => digest)
    }
    const said = { ...right, ...changes }
    const sealed = this.#cryptography.seal(this.#victim, said, items, random(32))
    if (!(sealed instanceof Uint8Array)) throw new Error(`cannot seal: ${sealed.code}`)
    if (said.seq === right.seq) this.#ours.set(streamClass, { incarnation: said.incarnation, seq: said.seq, hash: positionHash(said) })
    await link.send(encodeParcel({ ...said, ...outer }, change === undefined ? sealed : change(sealed)))
  }

  /** What the victim's receipts say of this digest, after the first `from` of them. */
  verdict (digest: Digest, from = 0): Promise<Verdict> {
    return eventually('a receipt', (): Verdict | undefined => {
      for (const { accepted, refused } of this.receipts.slice(from)) {
        const good = accepted.find(one => one.digest === digest)
        if (good !== undefined) return { accepted: good }
        const bad = refused.find(one => one.digest === digest)
        if (bad !== undefined) return { refused: bad.code, ...(bad.evidence !== undefined && { evidence: bad.evidence }) }
      }
      return undefined
    }, 10_000)
  }

  /** Forgets what it believed of the stream: the next hello asks anew. */
  forget (streamClass: StreamClass): void { this.#links.get(streamClass)?.close('again'); this.#links.delete(streamClass) }

  kidOf (agency: AgencyId): Kid { return this.keyOf(agency).kid }
  async stop (): Promise<void> { await this.transport.stop() }
}
