/**
 * The versions of one agency's grants. At any time the highest version that has begun governs its grant, also after its
 * own end: a later version that ends sooner never gives way to an earlier one. So the same versions give the same answers
 * in whatever order they came, and for past times too (dry runs, "what could they receive on that day").
 */
import type { GrantId } from '../identifiers.ts'
import { GRANTS_PER_AGENCY_MAX } from '../limits.ts'
import { inForce, refOf, type Grant } from './grant.ts'

/** `not-newer`: this version, or one that governs instead of it, is known. `limit-reached`: too many would be in force at once. */
export type PutResult = 'put' | 'not-newer' | 'limit-reached'

/** Highest version first; every version up to `ended` is over for good. */
interface History { ended: number, versions: Grant[] }

/** Whether `later` governs from the beginning of `earlier` on. */
const replaces = (later: Grant, earlier: Grant): boolean => later.version >= earlier.version && later.from <= earlier.from
const overlaps = (a: Grant, b: Grant): boolean => a.from < b.until && b.from < a.until
const byRef = (a: Grant, b: Grant): number => refOf(a) < refOf(b) ? -1 : 1

export class GrantVersions {
  readonly #histories = new Map<GrantId, History>()

  put (grant: Grant): PutResult {
    const history = this.#histories.get(grant.id) ?? { ended: 0, versions: [] }
    const isKnown = history.versions.some(other => other.version === grant.version || replaces(other, grant))
    if (grant.version <= history.ended || isKnown) return 'not-newer'
    if (this.#besides(grant) >= GRANTS_PER_AGENCY_MAX) return 'limit-reached'
    history.versions = [...history.versions.filter(other => !replaces(grant, other)), grant].sort((a, b) => b.version - a.version)
    this.#histories.set(grant.id, history)
    return 'put'
  }

  /** Ends every version that is known, at once and for good; false when there is none. */
  end (id: GrantId): boolean {
    const history = this.#histories.get(id)
    const latest = history?.versions[0]
    if (history === undefined || latest === undefined) return false
    history.ended = latest.version
    history.versions = []
    return true
  }

  /** Sorted by reference. `at` in unix seconds. */
  inForce (at: number): Grant[] {
    const found: Grant[] = []
    for (const { versions } of this.#histories.values()) {
      const governing = versions.find(grant => grant.from <= at)
      if (governing !== undefined && inForce(governing, at)) found.push(governing)
    }
    return found.sort(byRef)
  }

  /** The span around `at`, begin inclusive and end exclusive, in which nothing begins or ends. */
  span (at: number): { from: number, until: number } {
    let from = -Infinity; let until = Infinity
    for (const { versions } of this.#histories.values()) {
      for (const grant of versions) {
        for (const edge of [grant.from, grant.until]) {
          if (edge <= at) from = Math.max(from, edge)
          else until = Math.min(until, edge)
        }
      }
    }
    return { from, until }
  }

  /** Other grants that would be in force beside this one at some time. */
  #besides (grant: Grant): number {
    let count = 0
    for (const [id, { versions }] of this.#histories) {
      if (id !== grant.id && versions.some(other => overlaps(other, grant))) count++
    }
    return count
  }
}
