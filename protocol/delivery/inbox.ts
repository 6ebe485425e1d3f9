/**
 * What we accept from each peer: once, in order, on top of what we hold. Invariant: an acknowledgement or a receipt is
 * sent only with the group in which its parcel became durable.
 */
import { MESSAGE_TYPES } from '../messages/message.ts'
import type { Digest, NodeId } from '../identifiers.ts'
import type { StreamClass } from '../messages/vocabulary.ts'
import { keyOf, type InStreamRecord } from '../records.ts'
import { streamKey } from '../state.ts'
import type { Turn } from '../turn.ts'
import { positionHash, type ParcelHeader } from './frames.ts'

/** Answers a hello: this is what we hold of your stream. */
export function greet (turn: Turn, peer: NodeId, streamClass: StreamClass, link: string): void {
  const held = turn.state.inStreams.get(streamKey(peer, streamClass))
  const holds = held === undefined ? null : { ...held }
  turn.effect({ type: 'send-frame', link, frame: { kind: 'welcome', body: { v: 1, versions: [...MESSAGE_TYPES], holds } } })
}

/**
 * `next`: it follows what we hold, and we hold it now. `again`: we have it already. `strange`: it does not follow, and the
 * link is closed so that the peer asks anew where we stand.
 */
export function placeParcel (turn: Turn, peer: NodeId, streamClass: StreamClass, link: string, header: ParcelHeader): 'next' | 'again' | 'strange' {
  const key = streamKey(peer, streamClass)
  const held = turn.state.inStreams.get(key)
  const follows = header.prev === (held?.hash ?? '') && header.seq === (held?.seq ?? 0) + 1
  if (!follows) {
    const isOld = held !== undefined && held.incarnation === header.incarnation && header.seq <= held.seq
    if (isOld) acknowledge(turn, link, held)
    else turn.effect({ type: 'close-link', link, reason: 'out-of-order' })
    return isOld ? 'again' : 'strange'
  }
  if (held !== undefined && held.incarnation !== header.incarnation) turn.report({ what: 'peer-restored', peer, streamClass })
  const now: InStreamRecord = { incarnation: header.incarnation, seq: header.seq, hash: positionHash(header) as Digest }
  turn.state.inStreams.set(key, now)
  turn.put(keyOf.inStream(peer, streamClass), now)
  acknowledge(turn, link, now)
  return 'next'
}

const acknowledge = (turn: Turn, link: string, at: InStreamRecord): void =>
  turn.effect({ type: 'send-frame', link, frame: { kind: 'acknowledgement', body: at } })

