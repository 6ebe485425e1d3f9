/**
 * One node, the same in production and in simulation: ports in, a driver and the reading side out. Whoever composes it
 * chooses the adapters; nothing here knows them.
 */
import { directoryOf } from '../../keys/directory.ts'
import type { CipherSuite } from '../../keys/suite.ts'
import type { TrustView } from '../../keys/trust-view.ts'
import type { Effect, Report } from '../../protocol/effects.ts'
import { isHosted } from '../../protocol/directory.ts'
import { encodeParcel, parseFrame, type ParcelHeader } from '../../protocol/delivery/frames.ts'
import type { LoadedPosition } from '../../protocol/events.ts'
import type { AgencyId, EntryRef, Kid, NodeId } from '../../protocol/identifiers.ts'
import type { SharedEntry } from '../../protocol/messages/message.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'
import { keyOf, numberKey, type OutRecord, type PositionRecord, type SentMessageRecord } from '../../protocol/records.ts'
import type { NodeState } from '../../protocol/state.ts'
import { Cryptography } from './cryptography.ts'
import { Driver } from './driver.ts'
import { openLoopback } from './loopback.ts'
import type { Performer } from './perform.ts'
import type { Clock, Entropy, KeyRing, Link, PeerAddress, RecordKeys, Store, Transport, TransportEvents } from './ports.ts'
import { recoverPlacedEntries, recoverState } from './recover.ts'
import { Records } from './records.ts'
import { Vault } from './vault.ts'

/** Where matching reads are found; a node without cameras has none. */
export interface HotlistPort { place (entry: SharedEntry): void, remove (owner: AgencyId, ref: EntryRef): void }

export interface NodeParts {
  readonly self: NodeId
  readonly store: Store
  readonly recordKeys: RecordKeys
  readonly clock: Clock
  readonly entropy: Entropy
  readonly transport: Transport
  readonly keyRing: KeyRing
  readonly suite: CipherSuite
  readonly trust: TrustView
  readonly addressesOf: (node: NodeId) => readonly string[]
  readonly logKeys: { readonly ed25519: { kid: Kid, publicKey: Uint8Array }, readonly mldsa44?: { kid: Kid, publicKey: Uint8Array } }
  /** Ed25519 keys that signed the head of our log before these. */
  readonly formerLogKeys?: readonly Uint8Array[]
  readonly hotlist: HotlistPort
  /** This node has cameras of its own, besides what its role says. */
  readonly matchesHere: boolean
  report (report: Report): void
  /** A stranger knocked, or a peer sent what is no frame: counted. */
  refused (what: 'stranger' | 'malformed-frame'): void
  failed (error: unknown): void
}

export class Node {
  readonly driver: Driver
  readonly records: Records
  readonly cryptography: Cryptography
  readonly #parts: NodeParts
  readonly #links = new Map<string, Link>()
  readonly #timers = new Map<string, () => void>()
  #loopbacks = 0
  #stopped = false

  private constructor (parts: NodeParts, records: Records, state: NodeState) {
    this.#parts = parts
    this.records = records
    this.cryptography = new Cryptography(parts.trust, { self: parts.self, origin: state.log.origin, keyRing: parts.keyRing, suite: parts.suite, logKeys: parts.logKeys, now: () => parts.clock.now() })
    this.driver = new Driver(state, {
      clock: parts.clock, entropy: parts.entropy, records, performer: this.#performer(),
      sign: requests => this.cryptography.sign(requests), failed: error => parts.failed(error)
    })
  }

  /** Recovers, listens and begins. @throws StoreError, TransportError, and Error when the trust list does not name this node */
  static async start (parts: NodeParts): Promise<Node> {
    const origin = parts.trust.node(parts.self)?.log.origin
    if (origin === undefined) throw new Error(`${parts.self} is not on its own trust list`)
    const records = new Records(parts.store, new Vault(parts.recordKeys, parts.entropy))
    const node = new Node(parts, records, await recoverState(parts.store, records, parts.self, origin, [parts.logKeys.ed25519.publicKey, ...parts.formerLogKeys ?? []]))
    await recoverPlacedEntries(records, entry => parts.hotlist.place(entry))
    await parts.transport.start(node.#events)
    node.driver.give({ type: 'started', entropy: parts.entropy.bytes(32) })
    node.changeTrust(parts.trust)
    return node
  }

  /** The allow-list, the routes and the keys follow the trust list at once. */
  changeTrust (trust: TrustView): void {
    this.cryptography.renew(trust)
    const told = directoryOf(trust, this.#parts.self, this.#parts.clock.now())
    const operator = told.hosted[0]
    const directory = this.#parts.matchesHere && told.role === 'national' && operator !== undefined ? { ...told, sites: [{ node: told.self, operator }, ...told.sites] } : told
    const peers = directory.peers.flatMap((node): PeerAddress[] => {
      const known = trust.node(node)
      return known === undefined ? [] : [{ node, transportKey: known.transportKey, formerKeys: trust.formerTransportKeys(node, this.#parts.clock.now()), addresses: this.#parts.addressesOf(node) }]
    })
    this.#parts.transport.allow(peers)
    this.driver.give({ type: 'directory-changed', directory })
  }

  /** Lets what is under way finish, then closes everything; the store is closed last. */
  async stop (): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    for (const cancel of this.#timers.values()) cancel()
    await this.driver.stop()
    await this.#parts.transport.stop()
    await this.#parts.store.close()
    await this.#parts.recordKeys.close()
  }

  // ── what comes in ──────────────────────────────────────────────────────────────────────────────────────────────

  readonly #events: TransportEvents = {
    linkOpened: link => {
      this.#links.set(link.id, link)
      this.driver.give({ type: 'link-opened', ...this.#on(link), initiator: link.initiator })
    },
    linkClosed: link => {
      if (this.#links.delete(link.id)) this.driver.give({ type: 'link-closed', ...this.#on(link), initiator: link.initiator })
    },
    frameReceived: (link, frame) => this.#frameReceived(link, frame),
    strangerRefused: () => this.#parts.refused('stranger')
  }

  #on (link: Link): { link: string, peer: NodeId, streamClass: StreamClass } { return { link: link.id, peer: link.peer, streamClass: link.streamClass } }

  /** Hostile input is first touched here; the link waits while the node has more than enough to do. */
  async #frameReceived (link: Link, bytes: Uint8Array): Promise<void> {
    if (!this.#links.has(link.id)) return
    const frame = parseFrame(bytes)
    const expected = link.initiator ? ['welcome', 'acknowledgement'] : ['hello', 'parcel']
    if (frame === undefined || !expected.includes(frame.kind) || (frame.kind === 'hello' && frame.body.node !== link.peer)) {
      this.#parts.refused('malformed-frame')
      return link.close('malformed')
    }
    const on = this.#on(link)
    switch (frame.kind) {
      case 'hello': this.driver.give({ type: 'hello-received', ...on, hello: frame.body }); break
      case 'welcome': this.driver.give({ type: 'welcome-received', ...on, welcome: frame.body, entropy: this.#parts.entropy.bytes(32) }); break
      case 'acknowledgement': this.driver.give({ type: 'acknowledged', ...on, acknowledgement: frame.body }); break
      case 'parcel': await this.#parcelReceived(link, frame.header, frame.sealed)
    }
    await this.driver.room()
  }

  async #parcelReceived (link: Link, header: ParcelHeader, sealed: Uint8Array): Promise<void> {
    if (header.class !== link.streamClass) return link.close('malformed')
    const on = this.#on(link)
    if (!isHosted(this.driver.state.directory, header.to)) return this.driver.give({ type: 'parcel-in-transit', ...on, header, sealed })
    const items = await this.cryptography.open(header, sealed)
    this.driver.give({ type: 'parcel-opened', ...on, header, items, entropy: this.#parts.entropy.bytes(32) })
  }

  // ── what goes out ──────────────────────────────────────────────────────────────────────────────────────────────

  #performer (): Performer {
    const { clock, transport, hotlist } = this.#parts
    return {
      openLink: ({ peer, streamClass }) => {
        if (this.#stopped) return
        if (peer === this.#parts.self) return openLoopback(peer, streamClass, ++this.#loopbacks, this.#events)
        const refused = (): void => this.driver.give({ type: 'link-refused', peer, streamClass })
        void transport.open(peer, streamClass).then(opened => { if (!opened) refused() }, refused)
      },
      closeLink: (link, reason) => this.#links.get(link)?.close(reason),
      sendFrame: (link, frame) => this.#send(link, frame),
      sendParcel: effect => this.#sendParcel(effect),
      loadQueue: effect => { void this.#loadQueue(effect).catch(error => this.#parts.failed(error)) },
      loadPositions: effect => { void this.#loadPositions(effect).catch(error => this.#parts.failed(error)) },
      signCheckpoint: ({ size, root }) => { void this.cryptography.checkpoint(size, root).then(note => this.driver.give({ type: 'checkpoint-signed', size, note }), error => this.#parts.failed(error)) },
      wake: (name, after) => {
        this.#timers.get(name)?.()
        if (this.#stopped) return
        this.#timers.set(name, clock.after(after, () => { this.#timers.delete(name); this.driver.give({ type: 'woke', name }) }))
      },
      answer: (commandId, result) => this.driver.answer(commandId, result),
      placeEntry: entry => hotlist.place(entry),
      removeEntry: (owner, ref) => hotlist.remove(owner, ref as EntryRef),
      report: report => this.#parts.report(report)
    }
  }

  #send (id: string, frame: Uint8Array): void {
    const link = this.#links.get(id)
    if (link !== undefined) link.send(frame).catch(() => link.close('send-failed'))
  }

  /** Sealed only now, so that a message sent again uses the keys of today. */
  #sendParcel ({ link, peer, header, content }: Extract<Effect, { type: 'send-parcel' }>): void {
    if (!this.#links.has(link)) return
    if ('sealed' in content) return this.#send(link, encodeParcel(header, content.sealed))
    const sealed = this.cryptography.seal(peer, header, content.messages, this.#parts.entropy.bytes(32))
    if (sealed instanceof Uint8Array) this.#send(link, encodeParcel(header, sealed))
    else this.#links.get(link)?.close(`cannot-seal-${sealed.code}`)
  }

  /** Without what was withheld, has expired, was refused, or was said again in other words since. */
  async #loadQueue ({ peer, streamClass, from, limit }: Extract<Effect, { type: 'load-queue' }>): Promise<void> {
    const prefix = `out/${peer}/${streamClass}/`
    const found = await this.records.scan<OutRecord>({ prefix, limit, ...(from > 0 && { after: prefix + numberKey(from - 1) }) })
    const numbered = found.map(({ key, record }) => ({ n: parseInt(key.slice(prefix.length), 16), record }))
    const present = numbered.flatMap(({ n, record }) => record === undefined ? [] : [{ n, record }])
    const sent = await this.records.getMany<SentMessageRecord>(present.map(({ record }) => keyOf.sentMessage(record.id)))
    const records = present.filter(({ n, record }, i) => record.leaf === undefined || (sent[i]?.n === n && (sent[i].state === 'queued' || sent[i].state === 'receipted')))
    this.driver.give({ type: 'queue-loaded', peer, streamClass, records, upTo: (numbered.at(-1)?.n ?? from - 1) + 1 })
  }

  async #loadPositions ({ peer, streamClass, link, after, limit }: Extract<Effect, { type: 'load-positions' }>): Promise<void> {
    const keys = Array.from({ length: limit + 1 }, (_, i) => keyOf.position(peer, streamClass, after + i))
    const [anchor, ...found] = await this.records.getMany<PositionRecord>(keys)
    const gap = found.indexOf(undefined)
    const positions = await Promise.all((gap < 0 ? found : found.slice(0, gap)).map(async (position, i): Promise<LoadedPosition> => ({
      seq: after + 1 + i, position: position!, items: await this.records.getMany<OutRecord>(position!.numbers.map(n => keyOf.out(peer, streamClass, n)))
    })))
    this.driver.give({ type: 'positions-loaded', peer, streamClass, link, after, ...(anchor !== undefined && { anchor }), positions, entropy: this.#parts.entropy.bytes(32) })
  }
}
