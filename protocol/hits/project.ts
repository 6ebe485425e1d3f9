/** From a candidate to the minimal hit: only what the obligations of the deciding grants allow, before it is signed. */
import { DAY, SECOND, toUnixSeconds } from '../instant.ts'
import type { AgencyId, EntryRef, MessageId } from '../identifiers.ts'
import { nationOf } from '../identifiers.ts'
import { HIT_LIFETIME } from '../limits.ts'
import type { Candidate, HitMessage, PolicyRef } from '../messages/message.ts'
import { HANDLING_CODES, PRECISIONS, type Action, type Category, type Precision, type Verification } from '../messages/vocabulary.ts'
import type { Obligations } from '../policies/obligations.ts'
import { minimiseArea } from '../policies/minimise.ts'

/** What a node needs to know of an entry to weigh a match, whoever owns it. */
export interface EntryInForce { readonly owner: AgencyId, readonly ref: EntryRef, readonly category: Category, readonly action: Action, readonly furtherHits: boolean, readonly until: number }

export interface HitIdentity { readonly id: MessageId, readonly hitId: MessageId, readonly revision: number, readonly ordinal: number, readonly verification: Verification }

/** Europol 4×4: what nobody looked at cannot be assessed. */
const EVALUATIONS: { readonly [V in Verification]: string } = { 'none': 'X4', 'agreeing-reads': 'B3', 'person': 'B1' }

export function projectHit (candidate: Candidate, entry: EntryInForce, identity: HitIdentity, obligations: Obligations, policy: PolicyRef, now: number): HitMessage {
  // In the order of canonical JSON, so that encoding has nothing to sort.
  return {
    action: entry.action,
    area: minimiseArea({ nation: nationOf(candidate.iss), ...candidate.place }, obligations),
    aud: entry.owner, clock: candidate.clock, confidence: candidate.confidence, direction: candidate.direction, entryRef: entry.ref,
    evaluation: EVALUATIONS[identity.verification], evidence: candidate.evidence,
    ...(candidate.exercise === true && { exercise: true as const }),
    exp: toUnixSeconds(now + HIT_LIFETIME),
    handling: { code: obligations.handling, ...(obligations.handlingLang !== undefined && { lang: obligations.handlingLang }), ...(obligations.handlingText !== undefined && { text: obligations.handlingText }) },
    hitId: identity.hitId, iat: toUnixSeconds(now), id: identity.id, iss: candidate.iss, legalBasis: obligations.legalBasis, match: candidate.match,
    observedAt: candidate.observedAt, ordinal: identity.ordinal, plate: candidate.plate, policy, purpose: obligations.purpose,
    retainUntil: toUnixSeconds(now + obligations.retentionDays * DAY), revision: identity.revision, siteRef: candidate.siteRef, thirdCountry: obligations.thirdCountry,
    type: identity.revision === 1 ? 'hit/1' : 'hit.update/1',
    ...(candidate.vehicle && { vehicle: candidate.vehicle }), verification: identity.verification
  }
}

const coarser = (a: Precision, b: Precision): Precision => PRECISIONS[Math.min(PRECISIONS.indexOf(a), PRECISIONS.indexOf(b))]!

/** The same hit with what a stricter policy still allows; it never tells more than before. */
export function reduceHit (hit: HitMessage, obligations: Obligations, policy: PolicyRef): HitMessage {
  const { precision, ...place } = hit.area
  const stricter = HANDLING_CODES.indexOf(obligations.handling) > HANDLING_CODES.indexOf(hit.handling.code)
  return {
    ...hit,
    area: minimiseArea({ nation: nationOf(hit.iss), ...place }, { precision: coarser(precision, obligations.precision) }),
    handling: stricter ? { code: obligations.handling, ...(obligations.handlingText !== undefined && { text: obligations.handlingText, lang: obligations.handlingLang }) } : hit.handling,
    purpose: obligations.purpose, legalBasis: obligations.legalBasis,
    thirdCountry: hit.thirdCountry === 'prohibited' ? 'prohibited' : obligations.thirdCountry,
    retainUntil: Math.min(hit.retainUntil, hit.iat + obligations.retentionDays * (DAY / SECOND)), policy
  }
}
