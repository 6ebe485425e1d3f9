/**
 * What would become of a match under a policy, without doing it: told, with the very hit that would be signed; waiting
 * for a confirmation, with the hit that a person's would bring; or kept. It asks in the order of candidates.ts.
 */
import { toUnixSeconds, type Instant } from '../instant.ts'
import type { Candidate, HitMessage } from '../messages/message.ts'
import type { PolicyEngine } from '../policies/decide.ts'
import { isWanted, judge } from './judge.ts'
import { projectHit, type EntryInForce, type HitIdentity } from './project.ts'

/** `because`: a code of the policy's answer, or `first-hit-only`. */
export type Fate = { readonly fate: 'told' | 'waits', readonly hit: HitMessage } | { readonly fate: 'kept', readonly because: string }

/** The match with what was known of it: the hits of its entry before, and who had confirmed it. */
export interface Sighting { readonly candidate: Candidate, readonly entry: EntryInForce, readonly hits: number, readonly identity: Omit<HitIdentity, 'ordinal'> }

export function foresee (policies: PolicyEngine, { candidate, entry, hits, identity }: Sighting, now: Instant): Fate {
  const answer = judge(policies, candidate, entry, identity.verification, toUnixSeconds(now))
  if (!isWanted(hits, entry, answer)) return { fate: 'kept', because: 'first-hit-only' }
  if (!answer.allowed) return { fate: 'kept', because: answer.reason.code }
  const verification = answer.awaitsConfirmation ? 'person' : identity.verification
  const hit = projectHit(candidate, entry, { ...identity, ordinal: hits + 1, verification }, answer.obligations!, answer.policy!, now)
  return { fate: answer.awaitsConfirmation ? 'waits' : 'told', hit }
}
