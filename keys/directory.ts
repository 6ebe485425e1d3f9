/** From the trust list to the plain data that the machine routes by. Everything sorted, so that equal trust gives equal data. */
import type { Directory } from '../protocol/directory.ts'
import { nationOf, type NodeId } from '../protocol/identifiers.ts'
import type { Instant } from '../protocol/instant.ts'
import type { TrustView, TrustedAgency, TrustedNode } from './trust-view.ts'

/** @throws Error when this node itself is not on the list: it would speak to nobody */
export function directoryOf (trust: TrustView, self: NodeId, at: Instant): Directory {
  const own = trust.node(self)
  if (own === undefined) throw new Error(`${self} is not on its own trust list`)
  const nodes = trust.nodes().filter(({ nation }) => trust.isMember(nation, at))
  const agencies = trust.agencies().flatMap(({ agency }) => trust.agency(agency, at) ?? [])
  return {
    self,
    role: own.role,
    hosted: agencies.filter(agency => agency.nodes.includes(self)).map(({ agency }) => agency),
    homes: Object.fromEntries(agencies.map(({ agency, home }) => [agency, home])),
    nationals: Object.fromEntries(nodes.filter(({ role }) => role === 'national').sort(byNode).reverse().map(({ nation, node }) => [nation, node])),
    peers: nodes.filter(node => isPeer(own, node)).map(({ node }) => node).sort(),
    sites: own.role === 'national' ? sitesOf(own, nodes, agencies) : []
  }
}

/** Whom this node may hear statements from, whatever has ended meanwhile: neighbours by the newest roots. */
export function neighboursOf (trust: TrustView, self: NodeId): readonly TrustedNode[] {
  const own = trust.node(self)
  return own === undefined ? [] : trust.nodes().filter(node => isPeer(own, node))
}

/** Only national nodes speak abroad; the others of a nation speak with their national node. */
function isPeer (own: TrustedNode, other: TrustedNode): boolean {
  if (own.node === other.node) return false
  if (own.nation === other.nation) return own.role === 'national' || other.role === 'national'
  return own.role === 'national' && other.role === 'national'
}

/** A site is run by the agency that has keys there. */
const sitesOf = (own: TrustedNode, nodes: readonly TrustedNode[], agencies: readonly TrustedAgency[]): Directory['sites'] =>
  nodes.filter(({ role, node }) => role === 'site' && nationOf(node) === own.nation).sort(byNode).flatMap(({ node }) => {
    const operator = agencies.find(agency => agency.nodes.includes(node))
    return operator === undefined ? [] : [{ node, operator: operator.agency }]
  })

const byNode = (a: TrustedNode, b: TrustedNode): number => a.node < b.node ? -1 : 1
