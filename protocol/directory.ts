/** What the trust list says, as plain data for the machine: who is where. Made by keys/trust-list.ts, never the other way. */
import { nationOf, type AgencyId, type NationId, type NodeId } from './identifiers.ts'

export interface Directory {
  readonly self: NodeId
  readonly role: 'national' | 'site' | 'home'
  /** Agencies that have keys at this node: at home here or, at a site, owners of its cameras. */
  readonly hosted: readonly AgencyId[]
  readonly homes: { readonly [agency: string]: NodeId }
  /** The national node of each member nation that is neither suspended nor denied here. */
  readonly nationals: { readonly [nation: string]: NodeId }
  /** Nodes that may connect to us and that we keep streams to, sorted. */
  readonly peers: readonly NodeId[]
  /** Sites of our nation at which entries are placed, with the agency that runs each; only at the national node. */
  readonly sites: readonly { readonly node: NodeId, readonly operator: AgencyId }[]
}

export const EMPTY_DIRECTORY = (self: NodeId): Directory => ({ self, role: 'national', hosted: [], homes: {}, nationals: {}, peers: [], sites: [] })

export const isHosted = (directory: Directory, agency: AgencyId): boolean => directory.hosted.includes(agency)

/** At home, not only present with a camera. */
export const isAtHome = (directory: Directory, agency: AgencyId): boolean => directory.homes[agency] === directory.self

/**
 * The neighbour that brings us nearer to an agency: its home when that is here or at a peer; else the national node of
 * its nation when we speak abroad; else our own national node. Only national nodes speak abroad.
 */
export function nextHop (directory: Directory, agency: AgencyId): NodeId | undefined {
  const home = directory.homes[agency]
  if (home === undefined) return undefined
  if (home === directory.self || directory.peers.includes(home)) return home
  const own: NationId = nationOf(directory.self)
  const towards = nationOf(agency) === own || directory.role !== 'national' ? own : nationOf(agency)
  const national = directory.nationals[towards]
  return national !== directory.self && national !== undefined && directory.peers.includes(national) ? national : undefined
}
