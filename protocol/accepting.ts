/**
 * From an opened parcel to accepted messages and one receipt. Invariants:
 *  1. a message takes effect once: the same bytes again are receipted again and change nothing, other bytes under the
 *     same id are refused;
 *  2. nothing is accepted that no grant in force lets in (what takes back, candidates and receipts excepted);
 *  3. one bad message never holds up the others;
 *  4. many messages in one parcel have the effect that they would have one after another.
 */
import { derivedMessageId, utf8ToBytes } from './bytes.ts'
import type { ParcelHeader } from './delivery/frames.ts'
import { say, settleReceipt, wantedByReceipt } from './delivery/outbox.ts'
import type { OpenedItem } from './events.ts'
import { wantedByCandidate, weigh } from './hits/candidates.ts'
import { mayReceiveCandidateWithdrawal, receiveCandidateWithdrawal, wantedByCandidateWithdrawal } from './hits/candidate-withdrawals.ts'
import { ingressQuestion, mayReceiveHit, receiveHit, receiveWithdrawal, wantedByHit } from './hits/receive.ts'
import { mayReceiveWord, receiveEnd, receiveShare, wantedByWord } from './hotlist/entries.ts'
import { isAtHome } from './directory.ts'
import { nationOf, type NodeId } from './identifiers.ts'
import { DAY, SECOND } from './instant.ts'
import { PARKED_MESSAGES_MAX } from './limits.ts'
import { commitmentOf } from './log/leaf.ts'
import type { Json } from './messages/encoding.ts'
import { kindOf, type Message, type Receipt } from './messages/message.ts'
import { keyOf, type ParkedRecord, type ReceivedRecord } from './records.ts'
import { refuse, type Refusal } from './refusals.ts'
import type { NodeState } from './state.ts'
import { commitmentContext, encodeKey, Turn } from './turn.ts'

/** Receipts wait for an unreachable sender as long as its archive would resend. */
const RECEIPT_LIFETIME_SECONDS = 30 * DAY / SECOND
const PARKED_SECONDS = 30 * DAY / SECOND

export function wantedByParcel (state: NodeState, items: readonly OpenedItem[]): string[] {
  return items.flatMap(item => 'message' in item ? [keyOf.received(item.message.id), ...wantedByMessage(state, item.message)] : [])
}

function wantedByMessage (state: NodeState, message: Message): string[] {
  switch (message.type) {
    case 'hit/1': case 'hit.update/1': case 'hit.withdraw/1': return wantedByHit(message)
    case 'hotlist.share/1': case 'hotlist.withdraw/1': return wantedByWord(state.directory, message)
    case 'candidate/1': return wantedByCandidate(message)
    case 'candidate.withdraw/1': return wantedByCandidateWithdrawal(message)
    case 'receipt/1': return wantedByReceipt(state, message)
    case 'tombstone/1': return []
  }
}

type Accepted = Receipt['accepted'][number]
type Refused = Receipt['refused'][number]

export function acceptParcel (turn: Turn, peer: NodeId, header: ParcelHeader, items: readonly OpenedItem[]): void {
  const accepted: Accepted[] = []; const refused: Refused[] = []
  const written = new Map<string, Json | Uint8Array | undefined>()
  for (const item of items) {
    const verdict = 'message' in item ? acceptOne(turn, peer, item, written) : item.refusal
    if (verdict === undefined) continue
    if ('id' in verdict) accepted.push(verdict)
    else refused.push(refuseItem(turn, header, item, verdict))
  }
  if (accepted.length + refused.length > 0) answerWithReceipt(turn, peer, header, accepted, refused)
}

/** Each message has a turn of its own, and finds what those before it in the parcel wrote. */
function acceptOne (turn: Turn, peer: NodeId, item: Extract<OpenedItem, { message: unknown }>, written: Map<string, Json | Uint8Array | undefined>): Accepted | Refusal | undefined {
  const own = new Turn(turn.state, turn.now, key => written.has(key) ? written.get(key) : turn.fact(key), () => turn.random32())
  const verdict = accept(own, peer, item)
  for (const effect of own.effects) {
    if (effect.type === 'put') written.set(effect.key, effect.value)
    if (effect.type === 'delete') written.set(effect.key, undefined)
    turn.effect(effect)
  }
  return verdict
}

/** Undefined for what is never receipted: receipts and tombstones. */
function accept (turn: Turn, peer: NodeId, item: Extract<OpenedItem, { message: unknown }>): Accepted | Refusal | undefined {
  const { message, digest, jws, k } = item
  if (message.type === 'tombstone/1') { turn.leaf({ t: 'receipt', agency: message.aud, peer: message.iss, why: `gone-${message.reason}` }); return undefined }
  if (message.type === 'receipt/1') {
    const leaf = turn.leaf({ t: 'receipt', agency: message.aud, peer: message.iss, n: message.accepted.length, c: commitmentOf(k, commitmentContext(message.iss, message.aud), utf8ToBytes(jws)) })
    settleReceipt(turn, message, leaf)
    return undefined
  }
  const before = turn.fact<ReceivedRecord>(keyOf.received(message.id))
  if (before !== undefined) return before.digest === digest ? { id: message.id, digest, index: before.leaf, c: before.c } : refuse('replayed', 'id')
  const refusal = mayEnter(turn, message)
  if (refusal !== undefined) return refusal
  const c = commitmentOf(k, commitmentContext(message.iss, message.aud), utf8ToBytes(jws))
  const leaf = turn.leaf({ t: 'acceptance', agency: message.aud, peer: message.iss, c, ...('policy' in message && { policy: message.policy.grant }) })
  const record: ReceivedRecord = { jws, k: encodeKey(k), digest, leaf, c, at: turn.now }
  turn.putPersonal(keyOf.received(message.id), record, 'retainUntil' in message ? message.retainUntil : message.exp)
  takeEffect(turn, peer, message, leaf)
  turn.report({ what: 'message-accepted', kind: kindOf(message.type), from: message.iss })
  return { id: message.id, digest, index: leaf, c }
}

function mayEnter (turn: Turn, message: Message): Refusal | undefined {
  switch (message.type) {
    case 'hit/1': case 'hit.update/1': return mayReceiveHit(turn, message) ?? (message.iss === message.aud ? undefined : askIngress(turn, ingressQuestion(turn, message)))
    case 'hit.withdraw/1': return mayReceiveHit(turn, message)
    case 'candidate/1': return message.iss !== message.aud || !isAtHome(turn.state.directory, message.aud) ? refuse('wrong-issuer', 'iss') : undefined
    case 'candidate.withdraw/1': return mayReceiveCandidateWithdrawal(turn, message)
    case 'hotlist.share/1': return mayReceiveWord(turn, message) ?? askEach(turn, message)
    case 'hotlist.withdraw/1': return mayReceiveWord(turn, message)
    default: return undefined
  }
}

function askIngress (turn: Turn, question: Parameters<NodeState['policies']['decide']>[0]): Refusal | undefined {
  const answer = turn.state.policies.decide(question, turn.seconds)
  return answer.allowed ? undefined : refuse('not-permitted', answer.reason.code)
}

/** A placement at a site follows the nation's own decision at home; what comes to a home is asked about, entry by entry. */
function askEach (turn: Turn, message: Extract<Message, { type: 'hotlist.share/1' }>): Refusal | undefined {
  if (!isAtHome(turn.state.directory, message.aud) && nationOf(message.iss) === nationOf(turn.state.directory.self)) return undefined
  for (const { category } of message.entries) {
    const refusal = askIngress(turn, { direction: 'ingress', agency: message.aud, partner: message.iss, kind: 'hotlist.share', category, exercise: message.exercise === true })
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function takeEffect (turn: Turn, peer: NodeId, message: Message, leaf: number): void {
  switch (message.type) {
    case 'hit/1': case 'hit.update/1': return receiveHit(turn, message, leaf)
    case 'hit.withdraw/1': return receiveWithdrawal(turn, message, leaf)
    case 'hotlist.share/1': return receiveShare(turn, message)
    case 'hotlist.withdraw/1': return receiveEnd(turn, message)
    case 'candidate/1': return weigh(turn, peer, message, leaf)
    case 'candidate.withdraw/1': return receiveCandidateWithdrawal(turn, message, leaf)
    default:
  }
}

/** The refusal is logged; a message of a version that we do not know is parked, byte for byte. */
function refuseItem (turn: Turn, header: ParcelHeader, item: OpenedItem, refusal: Refusal): Refused {
  turn.leaf({ t: 'refusal', agency: header.to, peer: header.from, why: refusal.code })
  turn.report({ what: 'message-refused', from: header.from, code: refusal.code })
  if (refusal.code === 'not-understood' && item.jws !== undefined && turn.state.parkedMessages < PARKED_MESSAGES_MAX) {
    turn.state.parkedMessages++
    const record: ParkedRecord = { jws: item.jws, k: encodeKey(item.k ?? new Uint8Array(32)), from: header.from, code: refusal.code, at: turn.now }
    turn.putPersonal(keyOf.parked(item.digest), record, turn.seconds + PARKED_SECONDS)
  }
  return { digest: item.digest, code: refusal.code, ...(refusal.evidence !== undefined && { evidence: refusal.evidence }) }
}

/** The receipt goes back the way that the parcel came: to the site where it was signed, or to the node that relayed it. */
function answerWithReceipt (turn: Turn, peer: NodeId, header: ParcelHeader, accepted: Accepted[], refused: Refused[]): void {
  const receipt: Receipt = {
    type: 'receipt/1', id: derivedMessageId('receipt', header.incarnation, String(header.seq), ...header.digests), iss: header.to, aud: header.from,
    iat: turn.seconds, exp: turn.seconds + RECEIPT_LIFETIME_SECONDS, log: turn.state.log.origin, accepted, refused
  }
  say(turn, receipt, turn.random32(), { peer })
}
