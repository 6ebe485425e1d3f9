/** The signed history told in the order of its dates: what changed, by which version, and what was refused. */
import { fromUnixSeconds, type Instant } from '../protocol/instant.ts'
import { fedRootChanges, nationRootChanges, shortKid } from './root-changes.ts'
import type { ReadAgencyStatement, ReadRevocationList } from './read-statements.ts'
import type { FoldedTrust, NationHistory } from './trust-list.ts'

/** `at`: when the statement says it was made. */
export interface TrustChange { readonly at: Instant, readonly about: string, readonly sentences: readonly string[] }

/** Oldest first. A renewal that changes nothing but the dates is not told. */
export function trustHistory ({ federation, nations, agencies }: FoldedTrust): TrustChange[] {
  const changes = [
    ...federation.map(({ body }, i): TrustChange => ({ at: fromUnixSeconds(body.iat), about: body.federation, sentences: fedRootChanges(body, federation[i - 1]?.body) })),
    ...[...nations.values()].flatMap(nationChanges),
    ...[...agencies].flatMap(([agency, statements]) => statements.flatMap((statement, i) => agencyChange(agency, statement, statements[i - 1])))
  ]
  return changes.sort((a, b) => a.at - b.at || (a.about < b.about ? -1 : a.about > b.about ? 1 : 0))
}

const nationChanges = ({ nation, roots, revocations }: NationHistory): TrustChange[] => [
  ...roots.map(({ body }, i): TrustChange => ({ at: fromUnixSeconds(body.iat), about: nation, sentences: nationRootChanges(body, roots[i - 1]?.body) })),
  ...revocations.flatMap((list, i) => revocationChange(nation, list, revocations.slice(0, i)))
]

function revocationChange (nation: string, { body }: ReadRevocationList, before: readonly ReadRevocationList[]): TrustChange[] {
  const known = new Set(before.flatMap(list => list.body.revoked.map(({ kid }) => kid)))
  const fresh = body.revoked.filter(({ kid }) => !known.has(kid))
  if (fresh.length === 0) return []
  return [{
    at: fromUnixSeconds(body.iat), about: nation,
    sentences: fresh.map(({ kid, reason, compromisedFrom }) => `${nation} revokes the key ${shortKid(kid)}: ${reason}${compromisedFrom === undefined ? '' : ', in wrong hands for some time before'}.`)
  }]
}

function agencyChange (agency: string, { body }: ReadAgencyStatement, before: ReadAgencyStatement | undefined): TrustChange[] {
  const now = body.metadata.tiltas_agency
  const earlier = before?.body.metadata.tiltas_agency
  const names = (keys: typeof now.keys): Map<string, string> => new Map(keys.map(({ kid, use, node }) => [kid, `${use === 'sig' ? 'signing' : 'sealing'} key ${shortKid(kid)} at ${node}`]))
  const [held, had] = [names(now.keys), names(earlier?.keys ?? [])]
  const sentences = [
    ...earlier === undefined ? [`${now.name.en} is stated for the first time, at home on ${now.home}.`] : earlier.home === now.home ? [] : [`It moves from ${earlier.home} to ${now.home}.`],
    ...[...held].filter(([kid]) => !had.has(kid)).map(([, name]) => `It gets the ${name}.`),
    ...[...had].filter(([kid]) => !held.has(kid)).map(([, name]) => `It gives up the ${name}.`)
  ]
  return sentences.length === 0 ? [] : [{ at: fromUnixSeconds(body.iat), about: agency, sentences }]
}
