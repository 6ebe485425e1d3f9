/**
 * The register of what was shared with whom, counted from the leaves of the log and from nothing else, so that it cannot
 * say less than the log does. Of one agency, both directions, by partner and grant.
 */
import type { AgencyId } from '../identifiers.ts'
import type { Leaf } from './leaf.ts'

/** `disclosed` and `accepted` with the grant that the message named; receipts that came back; what was refused or withheld. */
export interface PartnerCounts { readonly disclosed: number, readonly accepted: number, readonly receipts: number, readonly refused: number, readonly withheld: number, readonly kept: number }
/** `first` and `last`: unix seconds of the first and last leaf counted. */
export interface PartnerLine extends PartnerCounts { readonly partner: AgencyId, readonly first: number, readonly last: number, readonly grants: readonly { readonly grant: string, readonly disclosed: number, readonly accepted: number }[] }

const COLUMNS: { readonly [T in Leaf['t']]?: keyof PartnerCounts } = { disclosure: 'disclosed', acceptance: 'accepted', receipt: 'receipts', refusal: 'refused', withheld: 'withheld', decision: 'kept' }

/** A confirmation keeps nothing back, and a tombstone is no receipt. */
const UNCOUNTED = /^(?:confirmed|gone-.*)$/

type Open<T> = { -readonly [K in keyof T]: T[K] }
interface Line { counts: Open<PartnerCounts>, first: number, last: number, grants: Map<string, { disclosed: number, accepted: number }> }
const emptyLine = (at: number): Line => ({ counts: { disclosed: 0, accepted: 0, receipts: 0, refused: 0, withheld: 0, kept: 0 }, first: at, last: at, grants: new Map() })

export class SharingRegister {
  readonly #agency: AgencyId
  readonly #span: { readonly from: number, readonly until: number }
  readonly #lines = new Map<AgencyId, Line>()

  /** Unix seconds, `from` inclusive, `until` exclusive. */
  constructor (agency: AgencyId, span: { readonly from: number, readonly until: number }) {
    this.#agency = agency
    this.#span = span
  }

  /** In the order of the log. A decision counts as kept unless it let something through. */
  add ({ t, at, agency, peer, policy, why, n = 1 }: Leaf): void {
    const column = COLUMNS[t]
    if (column === undefined || agency !== this.#agency || peer === undefined || peer === agency || at < this.#span.from || at >= this.#span.until || UNCOUNTED.test(why ?? '')) return
    const line = this.#lines.get(peer) ?? emptyLine(at)
    this.#lines.set(peer, line)
    line.counts[column] += t === 'receipt' ? n : 1
    line.last = at
    if (policy === undefined || (column !== 'disclosed' && column !== 'accepted')) return
    const grant = line.grants.get(policy) ?? { disclosed: 0, accepted: 0 }
    grant[column]++
    line.grants.set(policy, grant)
  }

  /** Sorted by partner, then by grant. */
  lines (): PartnerLine[] {
    return [...this.#lines].sort(([a], [b]) => a < b ? -1 : 1).map(([partner, { counts, first, last, grants }]) => ({
      partner, ...counts, first, last, grants: [...grants].sort(([a], [b]) => a < b ? -1 : 1).map(([grant, count]) => ({ grant, ...count }))
    }))
  }
}
