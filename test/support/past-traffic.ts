/** Matches as a home node receives them from its site, and past ones written straight into its records. */
import { randomBytes } from 'node:crypto'
import { digestOf, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import { positionHash } from '../../protocol/delivery/frames.ts'
import type { PutEffect } from '../../protocol/effects.ts'
import type { AgencyId, Digest, EntryRef, MessageId, NodeId } from '../../protocol/identifiers.ts'
import { DAY, monthOf, SECOND, toUnixSeconds, type Instant } from '../../protocol/instant.ts'
import type { Json } from '../../protocol/messages/encoding.ts'
import type { Candidate, Verified } from '../../protocol/messages/message.ts'
import type { Category } from '../../protocol/messages/vocabulary.ts'
import { keyOf, type CandidateRecord, type HeldEntryRecord, type ReceivedRecord } from '../../protocol/records.ts'
import type { Node } from '../../node/runtime/node.ts'

const newId = (): MessageId => toBase64url(new Uint8Array(randomBytes(16))) as MessageId
const jwsOf = (candidate: Candidate): string => `e30.${toBase64url(utf8ToBytes(JSON.stringify(candidate)))}.${'A'.repeat(86)}`
const put = (key: string, value: object, until: Instant): [string, PutEffect] => [key, { type: 'put', key, value: value as Json, personalUntil: monthOf(until) }]

export function candidateOf (agency: AgencyId, owner: AgencyId, ref: string, at: Instant, changes: Partial<Candidate> = {}): Candidate {
  const seconds = toUnixSeconds(at)
  return {
    type: 'candidate/1', id: newId(), iss: agency, aud: agency, iat: seconds, exp: seconds + 86_400, readId: newId(), entry: { owner, ref: ref as EntryRef },
    plate: { text: 'AB1234', country: 'LT', countryConfidence: 900 }, match: 'exact', confidence: 950, observedAt: seconds, receivedAt: seconds, clock: 'good', siteRef: 's1', siteGroup: 'border',
    place: { nuts3: 'LV005', municipality: 'LV-058', road: 'LV:A13' }, direction: 'inbound', vehicle: { class: 'car', colour: 'grey' }, evidence: 'none', ...changes
  } as Candidate
}

/** Entries of a partner that are in force here. */
export async function holdEntries (node: Node, owner: AgencyId, holder: AgencyId, refs: readonly string[], categoryOf: (i: number) => Category): Promise<void> {
  const until = Date.now() + 30 * DAY
  await node.records.commit(new Map(refs.map((ref, i) => put(keyOf.heldEntry(owner, ref as EntryRef), {
    entry: { owner, ref: ref as EntryRef, plate: 'AB1234', category: categoryOf(i), action: 'seize', furtherHits: true, until: toUnixSeconds(until), confirmedAt: toUnixSeconds(Date.now()) }, from: owner, holder, state: 'in-force', saidAt: 1, shared: []
  } satisfies HeldEntryRecord, until))))
}

/** As they would lie there after they were decided on; no leaf is written for them. */
export async function keepCandidates (node: Node, candidates: readonly { readonly candidate: Candidate, readonly at: Instant }[]): Promise<void> {
  await node.records.commit(new Map(candidates.flatMap(({ candidate, at }): [string, PutEffect][] => {
    const jws = jwsOf(candidate)
    const received: ReceivedRecord = { jws, k: 'A'.repeat(43), digest: digestOf(utf8ToBytes(jws)), leaf: 0, c: 'A'.repeat(43) as Digest, at }
    const record: CandidateRecord = { agency: candidate.iss, entry: candidate.entry, state: 'refused', because: 'no-grant', leaf: 0 }
    const key = keyOf.candidate(candidate.id)
    return [put(keyOf.received(candidate.id), received, Date.now() + DAY), [key, { type: 'put', key, value: record as unknown as Json }]]
  })))
}

/** A stream from a site to the node: each call is one parcel of one candidate, decided on before it resolves. */
export class SiteStream {
  readonly #node: Node
  readonly #site: NodeId
  readonly #incarnation = newId()
  #seq = 0
  #prev: Digest | '' = ''

  constructor (node: Node, site: NodeId) {
    this.#node = node
    this.#site = site
  }

  async send (candidate: Candidate): Promise<void> {
    const jws = jwsOf(candidate)
    const item = { digest: digestOf(utf8ToBytes(jws)), message: candidate as Verified<Candidate>, jws, k: new Uint8Array(randomBytes(32)) }
    const header = { incarnation: this.#incarnation, seq: ++this.#seq, prev: this.#prev, from: candidate.iss, to: candidate.aud, class: 'normal' as const, exp: candidate.exp, digests: [item.digest] }
    this.#prev = positionHash(header)
    await this.#node.driver.giveDurably({ type: 'parcel-opened', link: 'test', peer: this.#site, streamClass: 'normal', header, items: [item], entropy: new Uint8Array(randomBytes(32)) })
  }
}

export const secondsFromNow = (seconds: number): number => toUnixSeconds(Date.now() + seconds * SECOND)
