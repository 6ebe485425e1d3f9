/**
 * What we owe each peer, until it is receipted. Invariants:
 *  1. a message gets a position only if policy still lets it go at that moment; the position is durable before it is sent;
 *  2. a position, once given, names the same content for ever; what may not be sent again is replaced by a tombstone;
 *  3. what was withheld or has expired before never had a position, and leaves a leaf.
 * Links, and what a peer says it holds, are resume.ts's business.
 */
import { asciiText, derivedMessageId, utf8ToBytes } from '../bytes.ts'
import { nextHop } from '../directory.ts'
import type { ParcelContent } from '../effects.ts'
import { reduceHit } from '../hits/project.ts'
import { nationOf, type Digest, type NodeId } from '../identifiers.ts'
import { ACKNOWLEDGEMENT_WAIT, PARCEL_BYTES_MAX, PARCEL_MESSAGES_MAX, PARCELS_IN_FLIGHT_MAX, READY_MESSAGES_MAX, RESEND_HORIZON, UNRECEIPTED_MAX } from '../limits.ts'
import { SECOND } from '../instant.ts'
import { commitmentOf } from '../log/leaf.ts'
import { payloadOf } from '../messages/jws.ts'
import { kindOf, streamClassOf, type HitMessage, type HotlistShare, type Message, type Receipt } from '../messages/message.ts'
import type { StreamClass } from '../messages/vocabulary.ts'
import type { PolicyQuestion } from '../policies/decide.ts'
import { keyOf, type OutRecord, type OutStreamRecord, type PositionRecord, type SentMessageRecord, type SentState } from '../records.ts'
import { newOutStream, streamKey, type NodeState, type OutStream, type ReadyMessage } from '../state.ts'
import { commitmentContext, decodeKey, encodeKey, type Turn } from '../turn.ts'
import { positionHash, type ParcelHeader } from './frames.ts'

export interface Sending {
  /** Where it goes, when that is not simply the way to the agency's home (an entry placed at a site). */
  readonly peer?: NodeId
  /** Asked again when it gets its position; absent where no grant is needed. */
  readonly question?: PolicyQuestion
  /** Runs when it is queued, with the leaf index of its disclosure. */
  readonly queued?: (turn: Turn, leaf: number) => void
}

export function outStreamOf (state: NodeState, peer: NodeId, streamClass: StreamClass): OutStream {
  const key = streamKey(peer, streamClass)
  let stream = state.outStreams.get(key)
  if (stream === undefined) state.outStreams.set(key, stream = newOutStream(peer, streamClass))
  return stream
}

/** Signs, logs and queues a message; false when no trusted way leads to its recipient. */
export function say (turn: Turn, message: Message, k: Uint8Array, sending: Sending = {}): boolean {
  const peer = sending.peer ?? nextHop(turn.state.directory, message.aud)
  if (peer === undefined) return false
  turn.sign(message, k, (later, { jws, digest }) => {
    const kind = kindOf(message.type)
    const policy = 'policy' in message ? message.policy : undefined
    const record = { id: message.id, digest, kind, from: message.iss, to: message.aud, exp: message.exp, k: encodeKey(k), jws, question: sending.question, policy }
    if (kind === 'receipt') return enqueue(later, peer, streamClassOf(message), record)
    const c = commitmentOf(k, commitmentContext(message.iss, message.aud), utf8ToBytes(jws))
    const leaf = later.leaf({ t: kind === 'candidate' ? 'combination' : 'disclosure', agency: message.iss, peer: message.aud, c, ...(policy && { policy: policy.grant }) })
    enqueue(later, peer, streamClassOf(message), { ...record, leaf, c })
    sending.queued?.(later, leaf)
  })
  return true
}

/** Passes on what another node sealed: from abroad only to agencies of our nation, from inside to whom it is for. */
export function relay (turn: Turn, from: NodeId, header: ParcelHeader, sealed: Uint8Array): boolean {
  const { self } = turn.state.directory
  const peer = nextHop(turn.state.directory, header.to)
  const isOurs = nationOf(from) === nationOf(self) ? nationOf(header.from) === nationOf(self) : nationOf(header.to) === nationOf(self)
  if (!isOurs || peer === undefined || peer === self || peer === from) return false
  const digest = header.digests[0]!
  enqueue(turn, peer, header.class, { id: derivedMessageId('transit', digest), digest, kind: 'transit', from: header.from, to: header.to, exp: header.exp, k: '', jws: asciiText(sealed) ?? '', digests: header.digests })
  return true
}

function enqueue (turn: Turn, peer: NodeId, streamClass: StreamClass, record: OutRecord): void {
  const stream = outStreamOf(turn.state, peer, streamClass)
  const n = stream.tail++
  stream.changed = true
  turn.putPersonal(keyOf.out(peer, streamClass, n), record, Math.max(record.exp, turn.seconds + RESEND_HORIZON / SECOND))
  if (stream.loadedTo === n && stream.ready.length < (stream.live ? READY_MESSAGES_MAX : READY_MESSAGES_MAX / 4)) {
    stream.ready.push({ n, record, bytes: record.jws.length })
    stream.loadedTo = n + 1
  }
  if (record.leaf === undefined) return
  stream.unreceipted.set(record.id, { n, digest: record.digest })
  turn.put(keyOf.sentMessage(record.id), sentRecord(stream, n, record, 'queued'))
}

const sentRecord = (stream: OutStream, n: number, record: OutRecord, state: SentState): SentMessageRecord =>
  ({ peer: stream.peer, streamClass: stream.streamClass, n, kind: record.kind as SentMessageRecord['kind'], to: record.to, state, c: record.c!, leaf: record.leaf! })

// ── giving positions ─────────────────────────────────────────────────────────────────────────────────────────────

/** At the end of each group: everything that may go now is put into parcels, stream by stream. */
export function flushStreams (turn: Turn): void {
  for (const key of [...turn.state.outStreams.keys()].sort()) {
    const stream = turn.state.outStreams.get(key)!
    if (stream.live && stream.resume === undefined) flush(turn, stream)
    if (stream.changed) persist(turn, stream)
  }
}

function flush (turn: Turn, stream: OutStream): void {
  while (stream.inFlight.length < PARCELS_IN_FLIGHT_MAX && stream.unreceipted.size <= UNRECEIPTED_MAX && stream.ready.length > 0) {
    const parcel = takeParcel(stream).filter(item => goes(turn, stream, item))
    if (parcel.length > 0) sendParcel(turn, stream, parcel)
  }
  if (stream.ready.length === 0 && stream.loadedTo < stream.tail && !stream.loading) {
    stream.loading = true
    turn.effect({ type: 'load-queue', peer: stream.peer, streamClass: stream.streamClass, from: stream.loadedTo, limit: READY_MESSAGES_MAX / 4 })
  }
}

export function queueLoaded (stream: OutStream, records: readonly { n: number, record: OutRecord }[], upTo: number): void {
  stream.loading = false
  for (const { n, record } of records) if (n >= stream.loadedTo && !stream.above.has(n)) stream.ready.push({ n, record, bytes: record.jws.length })
  stream.loadedTo = Math.max(stream.loadedTo, upTo)
}

/** Every message is asked about once more before it gets its position: expiry first, then the policy that is in force now. */
function goes (turn: Turn, stream: OutStream, item: ReadyMessage): boolean {
  const verdict = mayGo(turn, item.record)
  if (verdict === 'go') return true
  passOver(stream, item.n)
  if (!isOwed(stream, item)) return false
  if (verdict === 'say-again') sayAgain(turn, stream, item.record)
  else endUnsent(turn, stream, item.n, item.record, verdict)
  return false
}

export function mayGo (turn: Turn, record: OutRecord): 'go' | 'expired' | 'withheld' | 'say-again' {
  if (record.exp <= turn.seconds) return 'expired'
  if (record.question === undefined) return 'go'
  const answer = turn.state.policies.decide(record.question, turn.seconds)
  if (!answer.allowed || answer.awaitsConfirmation) return 'withheld'
  return answer.grants[0]!.hash === record.policy?.hash ? 'go' : 'say-again'
}

/** Another grant lets it go now: the same message under the same id, reduced to what that grant allows and naming it. */
export function sayAgain (turn: Turn, stream: OutStream, record: OutRecord): void {
  const message = payloadOf(record.jws) as HitMessage | HotlistShare
  const answer = turn.state.policies.decide(record.question!, turn.seconds)
  const policy = { grant: answer.grants[0]!.ref, hash: answer.grants[0]!.hash }
  turn.leaf({ t: 'withheld', agency: record.from, peer: record.to, c: record.c!, why: 'policy-changed' })
  stream.unreceipted.delete(record.id)
  const again = message.type === 'hotlist.share/1' ? { ...message, policy } : reduceHit(message, answer.obligations!, policy)
  say(turn, again, decodeKey(record.k), { peer: stream.peer, question: record.question! })
}

/** What has its receipt was only to be sent once more, because the peer may have lost it; what was said again is owed under another number. */
const isOwed = (stream: OutStream, { n, record }: Pick<ReadyMessage, 'n' | 'record'>): boolean => record.leaf === undefined || stream.unreceipted.get(record.id)?.n === n

export function endUnsent (turn: Turn, stream: OutStream, n: number, record: OutRecord, state: 'expired' | 'withheld'): void {
  if (!isOwed(stream, { n, record })) return
  turn.report({ what: 'message-withheld', to: record.to, because: state })
  if (record.leaf === undefined) return
  turn.leaf({ t: 'withheld', agency: record.from, peer: record.to, c: record.c!, why: state })
  stream.unreceipted.delete(record.id)
  turn.put(keyOf.sentMessage(record.id), sentRecord(stream, n, record, state))
}

/** The first pair of agencies that waits gets a parcel of all that is ready for it, in order. */
function takeParcel (stream: OutStream): ReadyMessage[] {
  const { from, to, kind } = stream.ready[0]!.record
  if (kind === 'transit') return [stream.ready.shift()!]
  const taken: ReadyMessage[] = []; const left: ReadyMessage[] = []
  let bytes = 0; let i = 0
  for (; i < stream.ready.length && taken.length < PARCEL_MESSAGES_MAX; i++) {
    const item = stream.ready[i]!
    const fits = item.record.from === from && item.record.to === to && item.record.kind !== 'transit' && bytes + item.bytes <= PARCEL_BYTES_MAX
    if (fits) { taken.push(item); bytes += item.bytes } else left.push(item)
  }
  stream.ready = [...left, ...stream.ready.slice(i)]
  return taken
}

function sendParcel (turn: Turn, stream: OutStream, parcel: readonly ReadyMessage[]): void {
  const records = parcel.map(item => item.record)
  const first = records[0]!
  const header: ParcelHeader = {
    incarnation: stream.incarnation, seq: stream.seq + 1, prev: stream.hash, from: first.from, to: first.to, class: stream.streamClass,
    exp: records.reduce((latest, record) => Math.max(latest, record.exp), 0),
    digests: [...(first.digests ?? records.map(record => record.digest))]
  }
  const hash = positionHash(header)
  const position: PositionRecord = { incarnation: header.incarnation, prev: header.prev as Digest | '', hash, from: header.from, to: header.to, exp: header.exp, digests: header.digests, numbers: parcel.map(item => item.n), at: turn.seconds }
  turn.put(keyOf.position(stream.peer, stream.streamClass, header.seq), position)
  stream.seq = header.seq
  stream.hash = hash
  for (const item of parcel) passOver(stream, item.n)
  dispatch(turn, stream, header, hash, first.kind === 'transit' ? { sealed: utf8ToBytes(first.jws) } : { messages: records.map(({ jws, k }) => ({ jws, k: decodeKey(k) })) })
}

export function dispatch (turn: Turn, stream: OutStream, header: ParcelHeader, hash: Digest, content: ParcelContent): void {
  stream.inFlight.push({ seq: header.seq, hash })
  turn.effect({ type: 'send-parcel', link: stream.link!, peer: stream.peer, header, content })
  if (stream.watched !== undefined) return
  stream.watched = stream.acknowledged
  turn.effect({ type: 'wake', name: `ack/${streamKey(stream.peer, stream.streamClass)}`, after: ACKNOWLEDGEMENT_WAIT })
}

/** This number has its position, or will never get one. */
function passOver (stream: OutStream, n: number): void {
  stream.above.add(n)
  while (stream.above.delete(stream.floor)) stream.floor++
  stream.changed = true
}

function persist (turn: Turn, stream: OutStream): void {
  stream.changed = false
  const oldest = stream.unreceipted.values().next().value
  const record: OutStreamRecord = {
    incarnation: stream.incarnation, seq: stream.seq, hash: stream.hash, tail: stream.tail, floor: stream.floor, above: [...stream.above].sort((a, b) => a - b),
    acknowledged: stream.acknowledged, acknowledgedHash: stream.acknowledgedHash, receipted: oldest?.n ?? stream.floor
  }
  turn.put(keyOf.outStream(stream.peer, stream.streamClass), record)
}

// ── receipts ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The peer agency's promise: only now the outbox forgets. The commitment that it logged must be ours. */
export function settleReceipt (turn: Turn, receipt: Receipt, receiptLeaf: number): void {
  for (const { id, index, c } of receipt.accepted) {
    const sent = turn.fact<SentMessageRecord>(keyOf.sentMessage(id))
    if (sent === undefined || sent.to !== receipt.iss) { turn.report({ what: 'receipt-for-unknown', peer: receipt.iss }); continue }
    const differs = sent.c !== c
    if (differs) turn.report({ what: 'commitment-differs', peer: receipt.iss })
    forget(turn, sent, id)
    turn.put(keyOf.sentMessage(id), { ...sent, state: 'receipted', receiptLeaf, receiptIndex: index, ...(differs && { differs: true as const }) })
    turn.report({ what: 'message-receipted', kind: sent.kind, to: receipt.iss })
  }
  for (const { digest, code } of receipt.refused) settleRefusal(turn, receipt, digest, code, receiptLeaf)
}

function settleRefusal (turn: Turn, receipt: Receipt, digest: Digest, code: string, receiptLeaf: number): void {
  for (const stream of turn.state.outStreams.values()) {
    for (const [id, waiting] of stream.unreceipted) {
      if (waiting.digest !== digest) continue
      const sent = turn.fact<SentMessageRecord>(keyOf.sentMessage(id))
      if (sent === undefined || sent.to !== receipt.iss) return
      forget(turn, sent, id)
      turn.put(keyOf.sentMessage(id), { ...sent, state: 'refused', receiptLeaf, refusal: code })
      turn.report({ what: 'refused-by-peer', to: receipt.iss, code })
      return
    }
  }
}

function forget (turn: Turn, sent: SentMessageRecord, id: Parameters<typeof keyOf.sentMessage>[0]): void {
  const stream = outStreamOf(turn.state, sent.peer, sent.streamClass)
  if (stream.unreceipted.delete(id)) stream.changed = true
}

/** The messages that a receipt speaks of: what must be at hand before it is settled. */
export function wantedByReceipt (state: NodeState, receipt: Receipt): string[] {
  const refused = new Set<string>(receipt.refused.map(({ digest }) => digest))
  const keys = receipt.accepted.map(({ id }) => keyOf.sentMessage(id))
  if (refused.size === 0) return keys
  for (const stream of state.outStreams.values()) for (const [id, { digest }] of stream.unreceipted) if (refused.has(digest)) keys.push(keyOf.sentMessage(id))
  return keys
}
