/**
 * The whole node as one function, and the switchboard where delivery, hits, hotlist, policies and log meet; they never
 * meet elsewhere. Deterministic and synchronous: the same state, event, facts and time give the same effects.
 *
 *   wants(state, event, fact)  which records the driver has to fetch before the step (asked again until it wants no more)
 *   step(state, event, now, facts)  what follows
 *
 * `step` changes the state that it is given and hands it back: whoever drives the machine owns it. After a failed write
 * the state is thrown away and recovered from the store.
 */
import { isGranted, obey, wantedByCommand } from './commanding.ts'
import { greet, placeParcel } from './delivery/inbox.ts'
import { flushStreams, outStreamOf, queueLoaded, relay } from './delivery/outbox.ts'
import { acknowledged, closedLink, leaveStrangers, openedLink, positionsLoaded, reachBack, reachPeers, retry, retryLater, watchLink, welcomed } from './delivery/resume.ts'
import { acceptParcel, wantedByParcel } from './accepting.ts'
import type { Effect } from './effects.ts'
import type { NodeEvent } from './events.ts'
import { candidateIdOf, correctRead, wantedByCorrection } from './hits/candidate-withdrawals.ts'
import { say } from './delivery/outbox.ts'
import { toUnixSeconds, type Instant } from './instant.ts'
import { CANDIDATE_LIFETIME, CHECKPOINT_INTERVAL } from './limits.ts'
import { rootOf } from './log/tree.ts'
import type { Candidate } from './messages/message.ts'
import type { StreamClass } from './messages/vocabulary.ts'
import type { NodeId } from './identifiers.ts'
import { resumePolicies, watchPolicies } from './policy-changes.ts'
import { keyOf } from './records.ts'
import type { NodeState } from './state.ts'
import { Turn, type Facts } from './turn.ts'

export interface Step { readonly state: NodeState, readonly effects: readonly Effect[] }

const NO_ENTROPY = new Uint8Array(0)

export function wants (state: NodeState, event: NodeEvent, fact: Facts): string[] {
  switch (event.type) {
    case 'parcel-opened': return wantedByParcel(state, event.items)
    case 'read-matched': return [keyOf.sentMessage(candidateIdOf(event.read))]
    case 'read-withdrawn': return wantedByCorrection(event.read)
    case 'command-given': return wantedByCommand(state, event.command, fact)
    default: return []
  }
}

export function step (state: NodeState, event: NodeEvent, now: Instant, facts: Facts): Step {
  const turn = new Turn(state, now, facts, 'entropy' in event ? event.entropy : NO_ENTROPY)
  happen(turn, event)
  return { state, effects: turn.effects }
}

function happen (turn: Turn, event: NodeEvent): void {
  const { state } = turn
  switch (event.type) {
    case 'started':
      turn.leaf({ t: 'start' })
      resumePolicies(turn)
      return reachPeers(turn)
    case 'directory-changed':
      state.directory = event.directory
      leaveStrangers(turn)
      return reachPeers(turn)
    case 'reads-collected':
      turn.leaf({ t: 'collection', agency: event.controller, n: event.count, root: event.root })
      return
    case 'read-matched': return makeCandidate(turn, event)
    case 'read-withdrawn': return correctRead(turn, event.read, event.reason)
    case 'command-given': return isGranted(turn, event) ? obey(turn, event) : undefined
    case 'message-signed': return continueDraft(turn, event)
    case 'link-opened': return event.initiator ? openedLink(turn, event.peer, event.streamClass, event.link) : reachBack(turn, event.peer, event.streamClass)
    case 'link-closed': return event.initiator ? closedLink(turn, event.peer, event.streamClass, event.link) : undefined
    case 'link-refused': {
      const stream = outStreamOf(state, event.peer, event.streamClass)
      return stream.link === undefined ? retryLater(turn, stream) : undefined
    }
    case 'hello-received': return greet(turn, event.peer, event.streamClass, event.link)
    case 'welcome-received': return welcomed(turn, event.peer, event.streamClass, event.link, event.welcome)
    case 'acknowledged': return acknowledged(turn, event.peer, event.streamClass, event.link, event.acknowledgement)
    case 'parcel-opened':
      if (placeParcel(turn, event.peer, event.streamClass, event.link, event.header) === 'next') acceptParcel(turn, event.peer, event.header, event.items)
      return
    case 'parcel-in-transit':
      if (placeParcel(turn, event.peer, event.streamClass, event.link, event.header) === 'next' && !relay(turn, event.peer, event.header, event.sealed)) {
        turn.leaf({ t: 'refusal', peer: event.header.from, why: 'wrong-audience' })
        turn.report({ what: 'message-refused', from: event.header.from, code: 'wrong-audience' })
      }
      return
    case 'queue-loaded': return queueLoaded(outStreamOf(state, event.peer, event.streamClass), event.records, event.upTo)
    case 'positions-loaded': return positionsLoaded(turn, event.peer, event.streamClass, event.link, event.after, event.anchor, event.positions)
    case 'months-ended':
      if (event.erasing) turn.leaf({ t: 'erasure', ret: event.before })
      return turn.put(keyOf.erased, { before: event.before })
    case 'entries-counted':
      for (const [owner, entries] of [...event.counts].sort(([a], [b]) => a < b ? -1 : 1)) turn.put(keyOf.heldCount(owner), { entries })
      return
    case 'woke': return wake(turn, event.name)
    case 'group-ending': return endGroup(turn)
    case 'head-signed':
      state.log.signedSize = event.size
      return turn.put(keyOf.logHead, { size: event.size, signature: event.signature })
    case 'checkpoint-signed':
      state.log.checkpointSize = event.size
      state.log.checkpointPending = false
      return turn.put(keyOf.logCheckpoint, { size: event.size, note: event.note })
  }
}

/** A match at this site becomes a signed candidate for the camera owner's home. */
function makeCandidate (turn: Turn, { read }: Extract<NodeEvent, { type: 'read-matched' }>): void {
  const { controller, ...facts } = read
  if (turn.fact(keyOf.sentMessage(candidateIdOf(read))) !== undefined) return
  const candidate: Candidate = {
    type: 'candidate/1', id: candidateIdOf(read), iss: controller, aud: controller,
    iat: turn.seconds, exp: toUnixSeconds(turn.now + CANDIDATE_LIFETIME), ...facts
  }
  if (!say(turn, candidate, turn.random32())) turn.report({ what: 'candidate-decided', agency: controller, state: 'refused', because: 'no-route' })
}

function continueDraft (turn: Turn, { ticket, jws, digest }: Extract<NodeEvent, { type: 'message-signed' }>): void {
  const draft = turn.state.drafts.get(ticket)
  if (draft === undefined) return
  turn.state.drafts.delete(ticket)
  draft.then(turn, { message: draft.message, k: draft.k, jws, digest })
}

function wake (turn: Turn, name: string): void {
  if (name === 'checkpoint') return publishCheckpoint(turn)
  if (name === 'policy') return watchPolicies(turn)
  const [kind, peer, streamClass] = name.split(/\/(?=[a-z]{2}\/)|\|/) as [string, NodeId, StreamClass]
  const stream = outStreamOf(turn.state, peer, streamClass)
  if (kind === 'retry') return retry(turn, stream)
  if (kind === 'ack') return watchLink(turn, stream)
}

/** The head that the public sees: at most once a second, and only when there is something new. */
function publishCheckpoint (turn: Turn): void {
  const { log } = turn.state
  log.checkpointDue = false
  if (log.checkpointPending || log.signedSize === log.checkpointSize) return
  log.checkpointPending = true
  turn.effect({ type: 'sign-checkpoint', size: log.edge.size, root: rootOf(log.edge) })
}

/** Everything of the group is decided: what may go is put into parcels, and the log's head is signed with it. */
function endGroup (turn: Turn): void {
  flushStreams(turn)
  const { edge, signedSize } = turn.state.log
  const { log } = turn.state
  if (edge.size > log.checkpointSize && !log.checkpointPending && !log.checkpointDue) {
    log.checkpointDue = true
    turn.effect({ type: 'wake', name: 'checkpoint', after: CHECKPOINT_INTERVAL })
  }
  if (edge.size > signedSize && turn.state.drafts.size === 0) turn.effect({ type: 'sign-head', size: edge.size, root: rootOf(edge) })
}
