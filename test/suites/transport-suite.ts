/**
 * The contract of the Transport port, for every version of it. A world makes nodes that can reach each other and lets its
 * kind of time pass: real time on loopback, virtual time in the simulation. Nothing here measures time.
 */
import type { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { NodeId } from '../../protocol/identifiers.ts'
import { parseNodeId } from '../../protocol/identifiers.ts'
import { FRAME_BYTES_MAX } from '../../protocol/limits.ts'
import { STREAM_CLASSES } from '../../protocol/messages/vocabulary.ts'
import type { Link, PeerAddress, Transport, TransportEvents } from '../../node/runtime/ports.ts'

export interface TransportWorld {
  /** A transport that is not started yet; the same name and place again is the same node after a restart. */
  create (self: NodeId, place: number): Promise<Transport>
  /** How others reach it, once it is started. */
  addressOf (transport: Transport, self: NodeId, place: number): PeerAddress
  /** Lets time pass until the condition holds; rejects when it never does. */
  until (what: string, condition: () => boolean): Promise<void>
  /** Lets so much happen that a transport which does not wait for its receiver would have gone on. */
  calm (): Promise<void>
  close (): Promise<void>
}

const RIGA = parseNodeId('lv/national')
const VILNIUS = parseNodeId('lt/national')
const HEADER_BYTES = 8

/** Everything that a transport tells, and a receiver that can hold back. */
export class Recorder implements TransportEvents {
  readonly opened: Link[] = []
  readonly closed: { link: Link, reason: string }[] = []
  readonly received: { link: Link, frame: Uint8Array }[] = []
  strangers = 0
  /** When set, every frame of these classes is held until `release`. */
  holds: (link: Link) => boolean = () => false
  #held: (() => void)[] = []

  linkOpened (link: Link): void { this.opened.push(link) }
  linkClosed (link: Link, reason: string): void { this.closed.push({ link, reason }) }
  strangerRefused (): void { this.strangers++ }
  frameReceived (link: Link, frame: Uint8Array): Promise<void> | void {
    this.received.push({ link, frame })
    if (this.holds(link)) return new Promise(resolve => { this.#held.push(resolve) })
  }

  release (): void {
    this.holds = () => false
    for (const resolve of this.#held.splice(0)) resolve()
  }
}

export interface SuiteNode { readonly self: NodeId, readonly place: number, readonly transport: Transport, readonly events: Recorder, readonly address: PeerAddress }

export async function startNode (world: TransportWorld, self: NodeId, place: number): Promise<SuiteNode> {
  const transport = await world.create(self, place)
  const events = new Recorder()
  let started = false
  transport.start(events).then(() => { started = true }, () => {})
  await world.until('started', () => started)
  return { self, place, transport, events, address: world.addressOf(transport, self, place) }
}

/** What a promise comes to while the world's time passes. */
export async function outcome<T> (world: TransportWorld, what: string, promise: Promise<T>): Promise<T> {
  let settled = false
  const watched = promise.finally(() => { settled = true })
  watched.catch(() => {})
  await world.until(what, () => settled)
  return watched
}

export const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'resolved', error => (error as { code: string }).code)

/** A frame that tells its number and length, so that loss, exchange and damage show. */
export function numberedFrame (index: number, length: number): Uint8Array {
  const frame = new Uint8Array(Math.max(HEADER_BYTES, length)).fill(index * 31 + 7)
  new DataView(frame.buffer).setUint32(0, index)
  new DataView(frame.buffer).setUint32(4, frame.length)
  return frame
}

export const indexOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(0)
const isWhole = (frame: Uint8Array): boolean => Buffer.compare(frame, numberedFrame(indexOf(frame), frame.length)) === 0

/** Mostly small, some large, a few longer than a yamux window's first size. */
const mixedLength = (index: number): number => index % 200 === 199 ? 300_000 : index % 20 === 19 ? 20_000 : HEADER_BYTES + index % 1500

async function pair (world: TransportWorld): Promise<[SuiteNode, SuiteNode]> {
  const riga = await startNode(world, RIGA, 0)
  const vilnius = await startNode(world, VILNIUS, 1)
  riga.transport.allow([vilnius.address])
  vilnius.transport.allow([riga.address])
  return [riga, vilnius]
}

async function openLink (world: TransportWorld, from: SuiteNode, to: SuiteNode, streamClass: 'urgent' | 'normal' | 'bulk' = 'normal'): Promise<[Link, Link]> {
  const before = to.events.opened.length
  assert.is(await outcome(world, 'open', from.transport.open(to.self, streamClass)), true)
  await world.until('the other side sees it', () => to.events.opened.length > before)
  return [from.events.opened.at(-1)!, to.events.opened.at(-1)!]
}

const isClosed = (node: SuiteNode, link: Link): boolean => node.events.closed.some(closed => closed.link === link)
const reasonOf = (node: SuiteNode, link: Link): string | undefined => node.events.closed.find(closed => closed.link === link)?.reason
/** How the other side sees an end that its peer made. */
const ENDED_BY_PEER = ['closed-by-peer', 'reset-by-peer', 'connection-lost']

export function transportSuite (test: ReturnType<typeof suite>, makeWorld: () => Promise<TransportWorld>): void {
  const inWorld = (name: string, run: (world: TransportWorld) => Promise<void>): void => {
    test(name, async () => {
      const world = await makeWorld()
      try { await run(world) } finally { await world.close() }
    })
  }

  inWorld('opens a link of each class; both sides know the peer and who opened it', async world => {
    const [riga, vilnius] = await pair(world)
    for (const streamClass of STREAM_CLASSES) {
      const [ours, theirs] = await openLink(world, riga, vilnius, streamClass)
      assert.equal([ours.peer, ours.streamClass, ours.initiator], [VILNIUS, streamClass, true])
      assert.equal([theirs.peer, theirs.streamClass, theirs.initiator], [RIGA, streamClass, false])
    }
    assert.is(new Set(riga.events.opened.map(link => link.id)).size, 3)
    assert.ok(vilnius.transport.addresses().length > 0)
  })

  inWorld('carries 2,000 frames of mixed size both ways, whole and in order', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours, theirs] = await openLink(world, riga, vilnius, 'bulk')
    const sendAll = async (link: Link): Promise<void> => {
      for (let at = 0; at < 2000; at += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => link.send(numberedFrame(at + i, mixedLength(at + i)))))
    }
    await outcome(world, 'sent', Promise.all([sendAll(ours), sendAll(theirs)]))
    await world.until('received', () => riga.events.received.length === 2000 && vilnius.events.received.length === 2000)
    for (const { received } of [riga.events, vilnius.events]) {
      assert.ok(received.every(({ frame }, index) => indexOf(frame) === index && frame.length === Math.max(HEADER_BYTES, mixedLength(index)) && isWhole(frame)))
    }
  })

  inWorld('opens from both sides at once', async world => {
    const [riga, vilnius] = await pair(world)
    const opens = STREAM_CLASSES.flatMap(streamClass => [riga.transport.open(VILNIUS, streamClass), vilnius.transport.open(RIGA, streamClass)])
    assert.equal(await outcome(world, 'opened', Promise.all(opens)), [true, true, true, true, true, true])
    await world.until('seen', () => riga.events.opened.length === 6 && vilnius.events.opened.length === 6)
    riga.events.opened.forEach((link, index) => { void link.send(numberedFrame(index, 100)) })
    await world.until('received', () => vilnius.events.received.length === 6)
    assert.equal([riga.events.closed, vilnius.events.closed], [[], []])
  })

  inWorld('takes the largest frame; refuses a larger and an empty one, and goes on', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours] = await openLink(world, riga, vilnius)
    await outcome(world, 'largest', ours.send(numberedFrame(0, FRAME_BYTES_MAX)))
    assert.is(await outcome(world, 'too large', codeOf(ours.send(new Uint8Array(FRAME_BYTES_MAX + 4097)))), 'frame-too-large')
    assert.is(await outcome(world, 'empty', codeOf(ours.send(new Uint8Array(0)))), 'frame-empty')
    await outcome(world, 'next', ours.send(numberedFrame(1, 50)))
    await world.until('received', () => vilnius.events.received.length === 2)
    assert.ok(vilnius.events.received.every(({ frame }) => isWhole(frame)))
  })

  inWorld('keeps what was sent when the caller writes into the frame afterwards', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours] = await openLink(world, riga, vilnius)
    const frame = numberedFrame(5, 1000)
    await outcome(world, 'sent', ours.send(frame))
    frame.fill(0)
    await world.until('received', () => vilnius.events.received.length === 1)
    assert.ok(isWhole(vilnius.events.received[0]!.frame))
  })

  inWorld('a receiver that does not settle holds the sender, within bounds, and loses nothing', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours] = await openLink(world, riga, vilnius, 'bulk')
    const [urgent] = await openLink(world, riga, vilnius, 'urgent')
    vilnius.events.holds = link => link.streamClass === 'bulk'
    const bytes = 64 * 1024; const count = 320
    let sent = 0
    const sending = (async () => { for (let i = 0; i < count; i++) { await ours.send(numberedFrame(i, bytes)); sent++ } })()
    await world.until('first', () => vilnius.events.received.length === 1)
    await world.calm()
    assert.is(vilnius.events.received.length, 1, 'one frame at a time')
    assert.ok(sent * bytes < 8 * 1024 * 1024, `${sent} frames were handed on without being taken`)
    await outcome(world, 'another class overtakes', urgent.send(numberedFrame(9999, 10)))
    await world.until('urgent received', () => vilnius.events.received.length === 2)
    vilnius.events.release()
    await outcome(world, 'all sent', sending)
    await world.until('all received', () => vilnius.events.received.length === count + 1)
    const bulk = vilnius.events.received.filter(({ link }) => link.streamClass === 'bulk')
    assert.ok(bulk.every(({ frame }, index) => indexOf(frame) === index && isWhole(frame)))
  })

  inWorld('a frame that comes while another is held waits for it', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours] = await openLink(world, riga, vilnius)
    vilnius.events.holds = () => true
    await outcome(world, 'first sent', ours.send(numberedFrame(0, 10)))
    await world.until('first held', () => vilnius.events.received.length === 1)
    await outcome(world, 'second sent', ours.send(numberedFrame(1, 10)))
    await world.calm()
    assert.is(vilnius.events.received.length, 1)
    vilnius.events.release()
    await world.until('second received', () => vilnius.events.received.length === 2)
  })

  inWorld('a receiver that fails ends the link, and the node goes on', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours, theirs] = await openLink(world, riga, vilnius)
    vilnius.events.holds = () => { throw new Error('a bug in the receiver') }
    await outcome(world, 'sent', ours.send(numberedFrame(0, 10)))
    await world.until('ended', () => isClosed(vilnius, theirs) && isClosed(riga, ours))
    assert.is(reasonOf(vilnius, theirs), 'receiver-failed')
    vilnius.events.holds = () => false
    await openLink(world, riga, vilnius)
  })

  inWorld('a peer that is not allowed cannot connect, and is counted', async world => {
    const [riga, vilnius] = await pair(world)
    vilnius.transport.allow([])
    assert.is(await outcome(world, 'refused', riga.transport.open(VILNIUS, 'urgent')), false)
    await world.until('counted', () => vilnius.events.strangers === 1)
    assert.equal([riga.events.opened, vilnius.events.opened], [[], []])
    assert.is(riga.events.strangers, 0)
  })

  inWorld('a peer that is not on the own list is never dialled', async world => {
    const [riga, vilnius] = await pair(world)
    riga.transport.allow([])
    assert.is(await outcome(world, 'not dialled', riga.transport.open(VILNIUS, 'urgent')), false)
    await world.calm()
    assert.is(vilnius.events.strangers, 0)
  })

  inWorld('a node with another key than the list says is refused', async world => {
    const [riga, vilnius] = await pair(world)
    const other = await startNode(world, parseNodeId('ee/national'), 2)
    riga.transport.allow([{ ...vilnius.address, addresses: other.address.addresses }])
    other.transport.allow([riga.address])
    assert.is(await outcome(world, 'refused', riga.transport.open(VILNIUS, 'normal')), false)
    assert.equal([riga.events.opened, other.events.opened], [[], []])
  })

  inWorld('tries the addresses of a peer in their order until one answers', async world => {
    const [riga, vilnius] = await pair(world)
    const gone = await startNode(world, parseNodeId('ee/national'), 2)
    const addresses = [...gone.address.addresses, 'not an address', ...vilnius.address.addresses]
    await outcome(world, 'stopped', gone.transport.stop())
    riga.transport.allow([{ ...vilnius.address, addresses }])
    await openLink(world, riga, vilnius)
  })

  inWorld('taking a peer off the list closes its links at once and keeps it out', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours, theirs] = await openLink(world, riga, vilnius, 'urgent')
    const [theirsBack, oursBack] = await openLink(world, vilnius, riga, 'bulk')
    vilnius.transport.allow([])
    await world.until('closed', () => isClosed(riga, ours) && isClosed(riga, oursBack) && isClosed(vilnius, theirs) && isClosed(vilnius, theirsBack))
    assert.equal([reasonOf(vilnius, theirs), reasonOf(vilnius, theirsBack)], ['not-allowed', 'not-allowed'])
    assert.ok(ENDED_BY_PEER.includes(reasonOf(riga, ours)!))
    assert.is(await outcome(world, 'kept out', riga.transport.open(VILNIUS, 'urgent')), false)
    vilnius.transport.allow([riga.address])
    await openLink(world, riga, vilnius, 'urgent')
  })

  inWorld('a list that still names a peer leaves its links alone', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours] = await openLink(world, riga, vilnius)
    vilnius.transport.allow([riga.address])
    await outcome(world, 'sent', ours.send(numberedFrame(0, 10)))
    await world.until('received', () => vilnius.events.received.length === 1)
    assert.equal([riga.events.closed, vilnius.events.closed], [[], []])
  })

  inWorld('a newer link of the same class replaces the older one', async world => {
    const [riga, vilnius] = await pair(world)
    const [older, olderThere] = await openLink(world, riga, vilnius, 'normal')
    const [newer, newerThere] = await openLink(world, riga, vilnius, 'normal')
    await world.until('replaced', () => isClosed(vilnius, olderThere) && isClosed(riga, older))
    assert.is(reasonOf(vilnius, olderThere), 'replaced')
    assert.ok(ENDED_BY_PEER.includes(reasonOf(riga, older)!))
    assert.is(await outcome(world, 'old', codeOf(older.send(numberedFrame(0, 10)))), 'link-closed')
    await outcome(world, 'new', newer.send(numberedFrame(1, 10)))
    await world.until('received', () => vilnius.events.received.length === 1)
    assert.is(vilnius.events.received[0]!.link, newerThere)
  })

  inWorld('closing tells each side once, after what was handed on has arrived', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours, theirs] = await openLink(world, riga, vilnius)
    await outcome(world, 'sent', Promise.all(Array.from({ length: 20 }, (_, i) => ours.send(numberedFrame(i, 500)))))
    ours.close('maintenance')
    assert.is(riga.events.closed.length, 0, 'not from within the call')
    assert.is(await outcome(world, 'refused', codeOf(ours.send(numberedFrame(20, 10)))), 'link-closed')
    ours.close('again')
    await world.until('closed', () => isClosed(riga, ours) && isClosed(vilnius, theirs))
    await world.calm()
    assert.equal(riga.events.closed, [{ link: ours, reason: 'maintenance' }])
    assert.is(vilnius.events.closed.length, 1)
    assert.is(reasonOf(vilnius, theirs), 'closed-by-peer')
    assert.is(vilnius.events.received.length, 20)
  })

  inWorld('frames that wait when the link closes are rejected', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours] = await openLink(world, riga, vilnius, 'bulk')
    vilnius.events.holds = () => true
    const outcomes = Array.from({ length: 200 }, (_, i) => codeOf(ours.send(numberedFrame(i, 64 * 1024))))
    await world.until('held', () => vilnius.events.received.length === 1)
    await world.calm()
    ours.close()
    const codes = await outcome(world, 'settled', Promise.all(outcomes))
    assert.ok(codes.includes('resolved') && codes.includes('link-closed'))
    assert.is(codes.lastIndexOf('resolved'), codes.indexOf('link-closed') - 1, 'in order')
    vilnius.events.release()
  })

  inWorld('stopping closes every link on both sides and refuses what comes after', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours, theirs] = await openLink(world, riga, vilnius)
    await outcome(world, 'stopped', riga.transport.stop())
    assert.equal(riga.events.closed, [{ link: ours, reason: 'stopped' }])
    await world.until('seen', () => isClosed(vilnius, theirs))
    assert.ok(ENDED_BY_PEER.includes(reasonOf(vilnius, theirs)!))
    assert.is(await outcome(world, 'closed', riga.transport.open(VILNIUS, 'normal')), false)
    assert.is(await outcome(world, 'gone', vilnius.transport.open(RIGA, 'normal')), false)
    assert.is(await outcome(world, 'refused', codeOf(ours.send(numberedFrame(0, 10)))), 'link-closed')
    await outcome(world, 'stopped twice', riga.transport.stop())
  })

  inWorld('opens again after the peer restarted', async world => {
    const [riga, vilnius] = await pair(world)
    const [ours] = await openLink(world, riga, vilnius)
    await outcome(world, 'stopped', vilnius.transport.stop())
    await world.until('seen', () => isClosed(riga, ours))
    const again = await startNode(world, VILNIUS, 1)
    again.transport.allow([riga.address])
    riga.transport.allow([again.address])
    const [link] = await openLink(world, riga, again)
    await outcome(world, 'sent', link.send(numberedFrame(0, 10)))
    await world.until('received', () => again.events.received.length === 1)
  })
}
