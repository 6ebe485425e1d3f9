/**
 * Which versions of an agency's grants governed at a past moment: known by then, and begun. Shares its rule with
 * versions.ts, which knows only what governs from now on and has forgotten what was replaced.
 */
import { inForce, refOf, type Grant } from './grant.ts'

/** A version with the moment at which it was put in force or ended by somebody; unix seconds. */
export interface KnownVersion { readonly grant: Grant, readonly at: number }

/** Of one agency, sorted by reference. `at` in unix seconds. */
export function governingAt (versions: readonly KnownVersion[], at: number): Grant[] {
  const newest = new Map<string, Grant>()
  for (const { grant, at: knownAt } of versions) {
    if (knownAt > at || grant.from > at) continue
    const other = newest.get(grant.id)
    if (other === undefined || other.version < grant.version) newest.set(grant.id, grant)
  }
  return [...newest.values()].filter(grant => inForce(grant, at)).sort((a, b) => refOf(a) < refOf(b) ? -1 : 1)
}
