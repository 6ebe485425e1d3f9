/** A small federation for tests and benches: Latvia with a site, Lithuania, real keys and statements. */
import { randomBytes } from 'node:crypto'
import { foundFederation, foundNation, type FoundedNation } from '../../keys/make-nation.ts'
import { hashOfStatement } from '../../keys/make-statements.ts'
import { parseAgencyId, parseNationId, parseNodeId, type AgencyId, type NodeId } from '../../protocol/identifiers.ts'

export const LV_NATIONAL = parseNodeId('lv/national')
export const LV_SITE = parseNodeId('lv/site-a')
export const LT_NATIONAL = parseNodeId('lt/national')
export const LV_POLICE = parseAgencyId('lv:state-police')
export const LV_LUDZA = parseAgencyId('lv:ludza')
export const LT_POLICE = parseAgencyId('lt:utena-police')

const named = (agency: AgencyId) => ({ agency, name: { lv: agency, lt: agency, en: agency } })

export interface Federation { readonly lv: FoundedNation, readonly lt: FoundedNation, readonly statements: readonly Uint8Array[], readonly pins: { readonly federation: string, readonly nations: { readonly [nation: string]: string } } }

export async function foundTestFederation (now = Date.now(), seed: () => Uint8Array = () => new Uint8Array(randomBytes(32))): Promise<Federation> {
  const lv = await foundNation({
    nation: parseNationId('LV'), entity: 'https://lv.tiltas.example', nodes: [{ node: LV_NATIONAL, role: 'national' }, { node: LV_SITE, role: 'site' }], registryAt: LV_NATIONAL,
    agencies: [{ ...named(LV_POLICE), kind: 'police', home: LV_NATIONAL, sites: [] }, { ...named(LV_LUDZA), kind: 'municipality', home: LV_NATIONAL, sites: [LV_SITE] }]
  }, now, seed)
  const lt = await foundNation({
    nation: parseNationId('LT'), entity: 'https://lt.tiltas.example', nodes: [{ node: LT_NATIONAL, role: 'national' }], registryAt: LT_NATIONAL,
    agencies: [{ ...named(LT_POLICE), kind: 'police', home: LT_NATIONAL, sites: [] }]
  }, now, seed)
  const federation = await foundFederation('lv-lt.tiltas.example', [lv, lt], now)
  return { lv, lt, statements: [federation, ...lv.statements, ...lt.statements], pins: { federation: hashOfStatement(federation), nations: { LV: lv.rootHash, LT: lt.rootHash } } }
}

export const ringOf = ({ lv, lt }: Federation, node: NodeId) => (lv.rings.get(node) ?? lt.rings.get(node))!
