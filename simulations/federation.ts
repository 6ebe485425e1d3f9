/**
 * Who takes part in a simulation: three nations, each with a national node and a site. Founded once for a process, with
 * real signatures and always the same keys, because post-quantum signatures are slow and the statements live for weeks.
 */
import { foundFederation, foundNation, type FoundedNation } from '../keys/make-nation.ts'
import { hashOfStatement } from '../keys/make-statements.ts'
import { privateKeyFromSeed, type PrivateKey } from '../keys/private-key.ts'
import { foldTrust } from '../keys/trust-list.ts'
import type { TrustView } from '../keys/trust-view.ts'
import { nationOf, parseAgencyId, parseNationId, parseNodeId, type AgencyId, type NationId, type NodeId } from '../protocol/identifiers.ts'
import { HOUR, type Instant } from '../protocol/instant.ts'
import { Random } from './random.ts'

/** 2026-11-02T06:00:00Z. */
const FOUNDED_AT: Instant = 1_793_599_200_000
/** Every simulation begins here. */
export const BEGINS_AT: Instant = FOUNDED_AT + HOUR

export const NATIONS: readonly NationId[] = ['LV', 'LT', 'EE'].map(parseNationId)
const local = (nation: NationId, separator: string, name: string): string => `${nation.toLowerCase()}${separator}${name}`
export const nationalOf = (nation: NationId): NodeId => parseNodeId(local(nation, '/', 'national'))
export const siteOf = (nation: NationId): NodeId => parseNodeId(local(nation, '/', 'site'))
/** Looks for plates. */
export const policeOf = (nation: NationId): AgencyId => parseAgencyId(local(nation, ':', 'police'))
/** Owns the cameras at the site. */
export const townOf = (nation: NationId): AgencyId => parseAgencyId(local(nation, ':', 'town'))
export const NODES: readonly NodeId[] = NATIONS.flatMap(nation => [nationalOf(nation), siteOf(nation)])
/** All agencies of this world are at home at their national node. */
export const homeOf = (agency: AgencyId): NodeId => nationalOf(nationOf(agency))
export const isNational = (node: NodeId): boolean => node === nationalOf(nationOf(node))

export interface Federation { readonly trust: TrustView, readonly keys: ReadonlyMap<NodeId, readonly PrivateKey[]> }

let founded: Promise<Federation> | undefined
export const theFederation = (): Promise<Federation> => founded ??= found()

async function found (): Promise<Federation> {
  const random = new Random('federation')
  const nations: FoundedNation[] = []
  for (const nation of NATIONS) nations.push(await foundNation(planOf(nation), FOUNDED_AT, () => random.bytes(32)))
  const root = await foundFederation('simulated.tiltas.example', nations, FOUNDED_AT)
  const pins = { federation: hashOfStatement(root), nations: new Map(nations.map(({ nation, rootHash }) => [nation, rootHash])) }
  const trust = foldTrust([root, ...nations.flatMap(({ statements }) => statements)], pins)
  if (trust.findings.length > 0) throw new Error('the simulated federation does not verify')
  return { trust, keys: new Map(nations.flatMap(({ rings }) => [...rings].map(([node, secrets]) => [node, secrets.map(privateKeyFromSeed)] as const))) }
}

const planOf = (nation: NationId): Parameters<typeof foundNation>[0] => ({
  nation, entity: `https://${nation.toLowerCase()}.tiltas.example`,
  nodes: [{ node: nationalOf(nation), role: 'national' }, { node: siteOf(nation), role: 'site' }],
  agencies: [
    { agency: policeOf(nation), name: named('police'), kind: 'police', home: nationalOf(nation), sites: [] },
    { agency: townOf(nation), name: named('town'), kind: 'municipality', home: nationalOf(nation), sites: [siteOf(nation)] }
  ]
})
const named = (name: string): { lv: string, lt: string, en: string } => ({ lv: name, lt: name, en: name })
