/**
 * Hits as their entry's owner receives them. Invariants: a revision is applied only on top of a lower one, so that the
 * order of arrival does not matter; a withdrawal is applied whatever its revision, since a sender that was restored may
 * not know how many it said; and a withdrawn hit never comes back.
 */
import type { HitMessage, HitWithdraw } from '../messages/message.ts'
import type { Category } from '../messages/vocabulary.ts'
import { refuse, type Refusal } from '../refusals.ts'
import { keyOf, type HitStateRecord, type OwnEntryRecord } from '../records.ts'
import type { Turn } from '../turn.ts'
import type { PolicyQuestion } from '../policies/decide.ts'

export const wantedByHit = (message: HitMessage | HitWithdraw): string[] =>
  [keyOf.hitState(message.hitId), ...('entryRef' in message ? [keyOf.ownEntry(message.aud, message.entryRef)] : [])]

/** The entry must be ours, the hit must not have been said by another agency, and what is said of it must be new. */
export function mayReceiveHit (turn: Turn, message: HitMessage | HitWithdraw): Refusal | undefined {
  const state = turn.fact<HitStateRecord>(keyOf.hitState(message.hitId))
  if (state !== undefined && (state.from !== message.iss || state.agency !== message.aud)) return refuse('wrong-issuer', 'hitId')
  if (state?.state === 'withdrawn') return refuse('superseded', 'withdrawn')
  if (state !== undefined && 'entryRef' in message && state.revision >= message.revision) return refuse('superseded', 'revision')
  if ('entryRef' in message && turn.fact(keyOf.ownEntry(message.aud, message.entryRef)) === undefined) return refuse('unknown-subject', 'entryRef')
  return undefined
}

/** Undefined where no grant is asked: what takes back is always let in. */
export function ingressQuestion (turn: Turn, message: HitMessage): PolicyQuestion {
  const own = turn.fact<OwnEntryRecord>(keyOf.ownEntry(message.aud, message.entryRef))
  return questionOfHit(message, own?.entry.category)
}

export const questionOfHit = (message: HitMessage, category: Category | undefined): PolicyQuestion =>
  ({ direction: 'ingress', agency: message.aud, partner: message.iss, kind: 'hit', category, match: message.match, verification: message.verification, exercise: message.exercise === true })

export function receiveHit (turn: Turn, message: HitMessage, leaf: number): void {
  const before = turn.fact<HitStateRecord>(keyOf.hitState(message.hitId))
  const first = before?.leaf ?? leaf
  const state: HitStateRecord = { agency: message.aud, from: message.iss, revision: message.revision, state: 'active', message: message.id, leaf: first, at: before?.at ?? turn.now }
  turn.put(keyOf.hitState(message.hitId), state)
  if (before === undefined) turn.put(keyOf.hitList(message.aud, leaf), { hitId: message.hitId })
  turn.report({ what: before === undefined ? 'hit-received' : 'hit-changed', agency: message.aud, hitId: message.hitId, at: message.observedAt })
}

/** A withdrawal may overtake its hit: then it is kept, and the hit is superseded when it comes. */
export function receiveWithdrawal (turn: Turn, message: HitWithdraw, leaf: number): void {
  const before = turn.fact<HitStateRecord>(keyOf.hitState(message.hitId))
  const state: HitStateRecord = {
    agency: message.aud, from: message.iss, revision: Math.max(message.revision, before?.revision ?? 0), state: 'withdrawn', because: message.reason,
    message: before?.message ?? message.id, leaf: before?.leaf ?? leaf, at: before?.at ?? turn.now
  }
  turn.put(keyOf.hitState(message.hitId), state)
  if (before !== undefined) turn.report({ what: 'hit-changed', agency: message.aud, hitId: message.hitId, at: turn.seconds })
}
