/**
 * From a new link to a live stream: the peer says what it holds, we go on only on top of that, by hash.
 *
 *   opened ──hello──► welcomed ──same head──► live
 *                        ├──peer is behind──► resuming: positions from the sent archive, then live
 *                        └──not our branch──► new incarnation on top of what the peer holds, then live
 *
 * A bare sequence number is never believed: after a restore from a backup it would skip what the other side lost.
 */
import type { LoadedPosition } from '../events.ts'
import type { AgencyId, Digest, NodeId } from '../identifiers.ts'
import { ACKNOWLEDGEMENT_WAIT, HIT_LIFETIME, PARCELS_IN_FLIGHT_MAX, REACH_BACK_WAIT, RETRY_DELAY_MAX, RETRY_DELAY_MIN } from '../limits.ts'
import { SECOND } from '../instant.ts'
import { derivedMessageId, utf8ToBytes } from '../bytes.ts'
import { MESSAGE_TYPES, type Tombstone } from '../messages/message.ts'
import { STREAM_CLASSES, type StreamClass } from '../messages/vocabulary.ts'
import type { OutRecord, PositionRecord } from '../records.ts'
import { streamKey, type OutStream } from '../state.ts'
import { decodeKey, encodeKey, type Turn } from '../turn.ts'
import type { Acknowledgement, ParcelHeader, Welcome } from './frames.ts'
import { dispatch, endUnsent, mayGo, outStreamOf, sayAgain } from './outbox.ts'
import { isHosted } from '../directory.ts'

/** Asks for a link to every peer and class that has none; our own node is a peer too. */
export function reachPeers (turn: Turn): void {
  const { peers, self } = turn.state.directory
  for (const peer of [self, ...peers]) {
    for (const streamClass of STREAM_CLASSES) {
      if (outStreamOf(turn.state, peer, streamClass).link === undefined) turn.effect({ type: 'open-link', peer, streamClass })
    }
  }
}

/** Streams to nodes that are no longer trusted stop at once; what waits for them stays until policy or expiry ends it. */
export function leaveStrangers (turn: Turn): void {
  const { peers, self } = turn.state.directory
  for (const stream of turn.state.outStreams.values()) {
    if (stream.link !== undefined && stream.peer !== self && !peers.includes(stream.peer)) turn.effect({ type: 'close-link', link: stream.link, reason: 'not-a-peer' })
  }
}

export function openedLink (turn: Turn, peer: NodeId, streamClass: StreamClass, link: string): void {
  const stream = outStreamOf(turn.state, peer, streamClass)
  if (stream.link !== undefined) turn.effect({ type: 'close-link', link: stream.link, reason: 'replaced' })
  pause(stream)
  stream.link = link
  const at = stream.incarnation === '' ? null : { incarnation: stream.incarnation, seq: stream.seq, hash: stream.hash }
  turn.effect({ type: 'send-frame', link, frame: { kind: 'hello', body: { v: 1, node: turn.state.directory.self, versions: [...MESSAGE_TYPES], at } } })
  turn.effect({ type: 'wake', name: `ack/${streamKey(peer, streamClass)}`, after: ACKNOWLEDGEMENT_WAIT })
}

export function closedLink (turn: Turn, peer: NodeId, streamClass: StreamClass, link: string): void {
  const stream = outStreamOf(turn.state, peer, streamClass)
  if (stream.link !== link) return
  if (stream.live) turn.report({ what: 'peer-down', peer, streamClass })
  pause(stream)
  retryLater(turn, stream)
}

function pause (stream: OutStream): void {
  stream.link = undefined
  stream.live = false
  stream.resume = undefined
  stream.inFlight = []
  stream.watched = undefined
}

/** Waits twice as long after each failure, spread by the stream's own name so that peers do not all come at once. */
export function retryLater (turn: Turn, stream: OutStream): void {
  const wait = Math.min(RETRY_DELAY_MAX, RETRY_DELAY_MIN * 2 ** Math.min(stream.attempts, 10))
  stream.attempts++
  const spread = (stream.peer.charCodeAt(stream.peer.length - 1) * 7 + stream.attempts * 13 + stream.streamClass.length * 29) % 50
  turn.effect({ type: 'wake', name: `retry/${streamKey(stream.peer, stream.streamClass)}`, after: Math.floor(wait * (75 + spread) / 100) })
}

/** A peer that reaches us can be reached: our own direction does not wait out its time. */
export function reachBack (turn: Turn, peer: NodeId, streamClass: StreamClass): void {
  const stream = outStreamOf(turn.state, peer, streamClass)
  if (stream.link !== undefined || stream.attempts === 0) return
  stream.attempts = 0
  turn.effect({ type: 'wake', name: `retry/${streamKey(peer, streamClass)}`, after: REACH_BACK_WAIT })
}

export function retry (turn: Turn, stream: OutStream): void {
  const { peers, self } = turn.state.directory
  if (stream.link === undefined && (stream.peer === self || peers.includes(stream.peer))) turn.effect({ type: 'open-link', peer: stream.peer, streamClass: stream.streamClass })
}

/** No welcome, or no acknowledgement since the timer was set: the link is half-open, and is opened anew. */
export function watchLink (turn: Turn, stream: OutStream): void {
  if (stream.link === undefined) return
  const late = !stream.live ? stream.inFlight.length === 0 || stream.watched === stream.acknowledged : stream.inFlight.length > 0 && stream.watched === stream.acknowledged
  if (late) return turn.effect({ type: 'close-link', link: stream.link, reason: 'acknowledgement-late' })
  stream.watched = stream.inFlight.length > 0 ? stream.acknowledged : undefined
  if (stream.watched !== undefined) turn.effect({ type: 'wake', name: `ack/${streamKey(stream.peer, stream.streamClass)}`, after: ACKNOWLEDGEMENT_WAIT })
}

export function welcomed (turn: Turn, peer: NodeId, streamClass: StreamClass, link: string, { holds }: Welcome): void {
  const stream = outStreamOf(turn.state, peer, streamClass)
  if (stream.link !== link) return
  stream.attempts = 0
  stream.lastHeardAt = turn.now
  turn.report({ what: 'peer-up', peer, streamClass })
  if (holds === null && stream.seq === 0) return startIncarnation(turn, stream, 0, '', true)
  if (holds !== null && holds.incarnation === stream.incarnation && holds.seq === stream.seq && holds.hash === stream.hash) {
    settleUpTo(stream, stream.seq, stream.hash)
    stream.live = true
    return
  }
  const heldSeq = holds?.seq ?? 0
  stream.resume = { holds: holds as { incarnation: string, seq: number, hash: Digest | '' } | null, sentTo: heldSeq }
  turn.effect({ type: 'load-positions', peer, streamClass, link, after: heldSeq, limit: PARCELS_IN_FLIGHT_MAX })
}

/** The archive answered: is what the peer holds ours, and is the rest still there? */
export function positionsLoaded (turn: Turn, peer: NodeId, streamClass: StreamClass, link: string, after: number, anchor: PositionRecord | undefined, positions: readonly LoadedPosition[]): void {
  const stream = outStreamOf(turn.state, peer, streamClass)
  const resume = stream.resume
  if (stream.link !== link || resume === undefined || resume.sentTo !== after) return
  const holds = resume.holds
  const isOurs = holds === null || holds.seq !== after || (anchor !== undefined && anchor.hash === holds.hash && anchor.incarnation === holds.incarnation)
  if (!isOurs || holds !== null && holds.seq > stream.seq) return startIncarnation(turn, stream, holds!.seq, holds!.hash, holds!.incarnation === stream.incarnation && holds!.seq > stream.seq)
  if (after >= stream.seq) return goLive(stream)
  const heldHash = after === (holds?.seq ?? 0) ? holds?.hash ?? '' : stream.acknowledgedHash
  const rest = following(positions, after, heldHash, stream.seq)
  if (rest.length > 0) return sendAgain(turn, stream, rest)
  turn.report({ what: 'records-lost', peer, streamClass, count: stream.seq - after })
  startIncarnation(turn, stream, after, heldHash, false)
}

/** Those that follow one another from here on: a new incarnation leaves behind what an earlier one had at its numbers. */
function following (positions: readonly LoadedPosition[], after: number, hash: Digest | '', last: number): LoadedPosition[] {
  const rest: LoadedPosition[] = []
  for (const loaded of positions) {
    const before = rest.at(-1)
    if (loaded.seq > last || loaded.seq !== (before?.seq ?? after) + 1 || loaded.position.prev !== (before?.position.hash ?? hash)) break
    rest.push(loaded)
  }
  return rest
}

function goLive (stream: OutStream): void {
  stream.resume = undefined
  stream.live = true
}

function settleUpTo (stream: OutStream, seq: number, hash: Digest | ''): void {
  stream.acknowledged = seq
  stream.acknowledgedHash = hash
  stream.inFlight = stream.inFlight.filter(parcel => parcel.seq > seq)
  stream.changed = true
}

/**
 * The peer holds what we cannot continue, so one of us was restored. When it is ahead of us on our own incarnation, it has
 * all that we know to have sent, and what has no receipt gets a new position. Otherwise nobody can tell what it lacks:
 * all that is in the archive goes again, and what it has it knows by its id.
 */
function startIncarnation (turn: Turn, stream: OutStream, seq: number, hash: Digest | '', isAhead: boolean): void {
  // What is being read of the queue belongs to where we stood: the link is opened anew when that is done.
  if (stream.loading) return turn.effect({ type: 'close-link', link: stream.link!, reason: 'queue-loading' })
  stream.incarnation = encodeKey(turn.random32()).slice(0, 22)
  stream.seq = seq
  stream.hash = hash
  settleUpTo(stream, seq, hash)
  const unreceipted = [...stream.unreceipted.values()].map(({ n }) => n)
  stream.floor = isAhead ? unreceipted.reduce((least, n) => Math.min(least, n), stream.floor) : 0
  stream.above.clear()
  stream.ready = []
  stream.loadedTo = stream.floor
  goLive(stream)
}

/**
 * Sends archived parcels again under their own positions. What may no longer go as it was (expired, withheld since, erased,
 * or permitted by another grant now) is replaced by a signed tombstone that names its digest, so that the chain of
 * positions still verifies at the receiver; what another grant permits follows as that grant allows it.
 */
function sendAgain (turn: Turn, stream: OutStream, positions: readonly LoadedPosition[]): void {
  const link = stream.link
  let missing = 1
  const contents = positions.map(({ position, items }) => position.digests.map((_, i) => contentOf(items[i])))
  const finish = (later: Turn): void => {
    if (--missing > 0 || stream.link !== link) return
    positions.forEach(({ seq, position, items }, i) => sendAt(later, stream, seq, position, items, contents[i]!))
  }
  positions.forEach(({ position, items }, i) => position.digests.forEach((of, j) => {
    const record = items[0]?.kind === 'transit' ? items[0] : items[j]
    if (record?.kind === 'transit' || !isHosted(turn.state.directory, position.from)) return
    const verdict = record === undefined ? 'erased' : mayGo(turn, record)
    if (verdict === 'go') return
    if (verdict === 'say-again') sayAgainOnce(turn, stream, position.numbers[j]!, record!)
    else if (verdict !== 'erased') endUnsent(turn, stream, position.numbers[j]!, record!, verdict)
    missing++
    const k = turn.random32()
    turn.sign(tombstone(turn, position.from, position.to, of, verdict === 'say-again' ? 'withheld' : verdict), k, (later, { jws }) => {
      contents[i]![j] = { jws, k }
      finish(later)
    })
  }))
  finish(turn)
}

/** Not when that was done at an earlier attempt and still waits for its receipt. */
function sayAgainOnce (turn: Turn, stream: OutStream, n: number, record: OutRecord): void {
  const waiting = stream.unreceipted.get(record.id)
  if (waiting === undefined || waiting.n === n) sayAgain(turn, stream, record)
}

const contentOf = (record: OutRecord | undefined): { jws: string, k: Uint8Array } => ({ jws: record?.jws ?? '', k: decodeKey(record?.k ?? '') })

const tombstone = (turn: Turn, iss: AgencyId, aud: AgencyId, of: Digest, reason: Tombstone['reason']): Tombstone =>
  ({ type: 'tombstone/1', id: derivedMessageId('tombstone', of), iss, aud, iat: turn.seconds, exp: turn.seconds + HIT_LIFETIME / SECOND, of, reason })

function sendAt (turn: Turn, stream: OutStream, seq: number, position: PositionRecord, items: readonly (OutRecord | undefined)[], messages: readonly { jws: string, k: Uint8Array }[]): void {
  const { incarnation, prev, from, to, digests, hash } = position
  const header: ParcelHeader = { incarnation, seq, prev, from, to, class: stream.streamClass, exp: Math.max(position.exp, turn.seconds + HIT_LIFETIME / SECOND), digests: [...digests] }
  const first = items[0]
  stream.resume!.sentTo = seq
  dispatch(turn, stream, first?.kind === 'transit' ? { ...header, exp: position.exp } : header, hash, first?.kind === 'transit' ? { sealed: utf8ToBytes(first.jws) } : { messages })
}

/** A digest of the position, not a number: what the peer says it has must be what we sent. */
export function acknowledged (turn: Turn, peer: NodeId, streamClass: StreamClass, link: string, at: Acknowledgement): void {
  const stream = outStreamOf(turn.state, peer, streamClass)
  if (stream.link !== link) return
  stream.lastHeardAt = turn.now
  const parcel = stream.inFlight.find(({ seq }) => seq === at.seq)
  if (parcel === undefined && at.seq <= stream.acknowledged) return
  if (parcel?.hash !== at.hash) return turn.effect({ type: 'close-link', link, reason: 'acknowledgement-differs' })
  settleUpTo(stream, at.seq, parcel.hash)
  if (stream.resume === undefined || stream.inFlight.length > 0) return
  if (stream.resume.sentTo >= stream.seq) return goLive(stream)
  turn.effect({ type: 'load-positions', peer, streamClass, link, after: stream.resume.sentTo, limit: PARCELS_IN_FLIGHT_MAX })
}
