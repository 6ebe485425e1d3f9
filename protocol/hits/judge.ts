/**
 * What a sharing policy makes of a match: the one place where a candidate becomes a question and the answer a policy
 * reference. Enforcement and preview both come through here, so that a dry run cannot say anything else than the node does.
 */
import type { Candidate, PolicyRef } from '../messages/message.ts'
import type { Verification } from '../messages/vocabulary.ts'
import type { GrantRef, PolicyAnswer, PolicyEngine, PolicyQuestion } from '../policies/decide.ts'
import type { Obligations } from '../policies/obligations.ts'
import { OWN_POLICY } from '../policies/own.ts'
import type { EntryInForce } from './project.ts'

export type Judgement = Pick<PolicyAnswer, 'allowed' | 'awaitsConfirmation'> & { readonly reason: { readonly code: string }, readonly grants?: readonly GrantRef[], readonly obligations?: Obligations, readonly policy?: PolicyRef }

export const egressQuestion = (candidate: Candidate, entry: Pick<EntryInForce, 'owner' | 'category'>, verification: Verification): PolicyQuestion => ({
  direction: 'egress', agency: candidate.iss, partner: entry.owner, kind: 'hit', category: entry.category,
  siteGroup: candidate.siteGroup, match: candidate.match, verification, exercise: candidate.exercise === true
})

/** An agency's own entry at its own camera crosses no border between agencies: no grant is needed. `at` in unix seconds. */
export function judge (policies: PolicyEngine, candidate: Candidate, entry: Pick<EntryInForce, 'owner' | 'category'>, verification: Verification, at: number): Judgement {
  if (candidate.iss === entry.owner) return { allowed: true, awaitsConfirmation: candidate.match === 'look-alike' && verification === 'none', reason: { code: 'own' }, ...OWN_POLICY }
  const answer = policies.decide(egressQuestion(candidate, entry, verification), at)
  const first = answer.grants[0]
  return first === undefined ? answer : { ...answer, policy: { grant: first.ref, hash: first.hash } }
}

/** Whether this sighting of an entry that was told of `hits` times before may be told at all. */
export const isWanted = (hits: number, entry: Pick<EntryInForce, 'furtherHits'>, { obligations }: Judgement): boolean =>
  hits === 0 || (entry.furtherHits && obligations?.furtherHits === true)
