/**
 * DESIGN 13 point 1. It observes every parcel at its departure and the grants that are durable at the sender, and reads
 * them by rules of its own: it shares no code with the policy engine. A message that tells something must name a grant
 * version that governed when its position was given, that fits it, and whose terms it keeps; candidates stay inside
 * the nation; only national nodes speak abroad.
 */
import type { AgencyId } from '../../protocol/identifiers.ts'
import { nationOf } from '../../protocol/identifiers.ts'
import { DAY, SECOND } from '../../protocol/instant.ts'
import type { HitMessage, HotlistShare, Message, PolicyRef } from '../../protocol/messages/message.ts'
import { HANDLING_CODES, PRECISIONS } from '../../protocol/messages/vocabulary.ts'
import { hashOfGrant, type Grant } from '../../protocol/policies/grant.ts'
import { keyOf, type PositionRecord } from '../../protocol/records.ts'
import { isNational } from '../federation.ts'
import type { SimulatedNode } from '../simulated-node.ts'
import { SITE_GROUPS, type KnownEntry } from '../traffic.ts'
import type { Checker, Departure, Violate } from './checker.ts'

/** A parcel leaves at most so long after it was decided on: as long as the slowest disk takes. */
const SECONDS_ON_DISK_MAX = 6

export class NothingLeavesUnpermitted implements Checker {
  readonly name = 'nothing-leaves-unpermitted'
  readonly #entries: ReadonlyMap<string, KnownEntry>
  readonly #violate: Violate

  constructor (entries: ReadonlyMap<string, KnownEntry>, violate: Violate) {
    this.#entries = entries
    this.#violate = violate
  }

  departed (departure: Departure): void {
    const { from, to, messages } = departure
    if (nationOf(from.id) !== nationOf(to) && !(isNational(from.id) && isNational(to))) this.#violate(from.id, `it speaks abroad, to ${to}`)
    for (const { message } of messages) {
      const why = this.#objection(message, departure)
      if (why !== undefined) this.#violate(from.id, `${message.type} ${message.id} to ${message.aud}: ${why}`)
    }
  }

  #objection (message: Message, departure: Departure): string | undefined {
    switch (message.type) {
      case 'candidate/1': case 'candidate.withdraw/1': return nationOf(departure.from.id) === nationOf(departure.to) ? undefined : 'a candidate leaves the nation'
      case 'hit/1': case 'hit.update/1': return message.iss === message.aud ? undefined : this.#objectionToHit(message, departure)
      case 'hotlist.share/1': return message.iss === message.aud ? undefined : this.#objectionToShare(message, departure)
      default: return undefined
    }
  }

  #objectionToHit (hit: HitMessage, departure: Departure): string | undefined {
    const grant = grantNamed(departure.from, hit.iss, hit.policy)
    if (grant === undefined) return 'the grant that it names is not there'
    const category = this.#entries.get(`${hit.aud}/${hit.entryRef}`)?.category
    const isConfirmed = hit.verification !== 'none'
    return governs(grant, departure) ?? fits(grant, hit.aud, 'hit', category) ??
      (grant.siteGroups === 'all' || grant.siteGroups.includes(SITE_GROUPS[hit.siteRef]!) ? undefined : 'the camera is of another group') ??
      (isConfirmed || (grant.unverified === 'allow' && hit.match === 'exact') ? undefined : 'nobody confirmed it') ??
      (PRECISIONS.indexOf(hit.area.precision) <= PRECISIONS.indexOf(grant.precision) ? undefined : 'it tells the place too closely') ??
      (HANDLING_CODES.indexOf(hit.handling.code) >= HANDLING_CODES.indexOf(grant.handling) ? undefined : 'it asks for too little care') ??
      (hit.retainUntil <= hit.iat + grant.retentionDays * (DAY / SECOND) ? undefined : 'it may be kept too long')
  }

  #objectionToShare (share: HotlistShare, departure: Departure): string | undefined {
    const grant = grantNamed(departure.from, share.iss, share.policy)
    if (grant === undefined) return 'the grant that it names is not there'
    return governs(grant, departure) ?? share.entries.map(entry => fits(grant, share.aud, 'hotlist.share', entry.category)).find(why => why !== undefined)
  }
}

function grantNamed (node: SimulatedNode, agency: AgencyId, { grant: ref, hash }: PolicyRef): Grant | undefined {
  const [id, version] = ref.split('@') as [string, string]
  const grant = node.durableRecord<Grant>(keyOf.grant(agency, id, Number(version)))
  return grant !== undefined && hashOfGrant(grant) === hash ? grant : undefined
}

/** It was the newest version that had begun, and had not ended, at a moment at which the node may have decided. */
function governs (grant: Grant, { from, to, header }: Departure): string | undefined {
  const now = from.seconds()
  const decided = from.durableRecord<PositionRecord>(keyOf.position(to, header.class, header.seq))?.at ?? now
  const versions = from.durableKeys(`grant/${grant.agency}/${grant.id}/`).map(key => from.durableRecord<Grant>(key)!)
  const isInForce = (at: number): boolean => {
    const begun = versions.filter(version => version.from <= at).reduce((newest, version) => Math.max(newest, version.version), 0)
    return begun === grant.version && at < grant.until
  }
  for (let at = Math.min(now, Math.max(decided, now - SECONDS_ON_DISK_MAX)); at <= now; at++) if (isInForce(at)) return undefined
  return `${grant.id}@${grant.version} was not in force`
}

function fits (grant: Grant, partner: AgencyId, kind: 'hit' | 'hotlist.share', category: string | undefined): string | undefined {
  if (grant.direction !== 'egress') return 'the grant lets in, not out'
  if ('agency' in grant.partner ? grant.partner.agency !== partner : grant.partner.nation !== nationOf(partner)) return 'the grant is for somebody else'
  if (!grant.kinds.some(covered => kind === covered || (kind === 'hit' && covered === 'hit.update'))) return 'the grant is for other messages'
  return grant.categories === 'all' || (grant.categories as readonly (string | undefined)[]).includes(category) ? undefined : 'the grant is for other categories'
}
