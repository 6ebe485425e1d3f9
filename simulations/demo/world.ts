/**
 * The demo world as plain data: which nodes run and what each is told, who acts, what is shared with whom, what drives.
 * Invariant: the same seed, size and time give the same world. Starting processes, making keys and giving the commands
 * is the work of whoever asked for it.
 *
 * By default each nation runs a national node and one site node that hosts the cameras of several municipalities; the
 * full world has a site node for every authority and every municipality. Tokens come from the seed: they are worth as
 * much as the loopback interface that the demo listens on.
 */
import { digestOf, utf8ToBytes } from '../../protocol/bytes.ts'
import type { Actor, OwnEntry, Role } from '../../protocol/commands.ts'
import { nationOf, parseAgencyId, parseNationId, parseNodeId, parsePersonId, type AgencyId, type NationId, type NodeId } from '../../protocol/identifiers.ts'
import type { Grant } from '../../protocol/policies/grant.ts'
import { CAMERAS, type Camera } from './cameras.ts'
import { Chance } from './chance.ts'
import { listVehicles, shareEntries, type EntryShare, type ListedVehicle } from './entries.ts'
import { grantsOf } from './grants.ts'
import { PARTICIPANTS, type Participant } from './participants.ts'
import { Traffic } from './traffic.ts'
import { VehicleYard, type Vehicle } from './vehicles.ts'

/** As `ingest.sources` of a node's config wants it, but with the token itself in place of its hash. */
export interface WorldSource {
  readonly id: string
  readonly controller: AgencyId
  readonly regime: 'LED'
  readonly token: string
  readonly cameras: readonly WorldCamera[]
}
export interface WorldCamera {
  readonly id: string, readonly siteRef: string, readonly siteGroup: string, readonly direction: Camera['direction']
  readonly nuts3?: string, readonly municipality: string, readonly road?: string
}
export interface WorldNode {
  readonly node: NodeId
  readonly role: 'national' | 'site'
  /** Runs the node; entries are placed with it. */
  readonly operator: AgencyId
  /** At a national node: at home there. At a site: owners of its cameras. */
  readonly agencies: readonly AgencyId[]
  readonly sources: readonly WorldSource[]
  /** Cameras whose pictures the node fetches and reads itself. */
  readonly pictureCameras: readonly (WorldCamera & { readonly controller: AgencyId })[]
}
export interface WorldNation {
  readonly nation: NationId
  /** The national node first. */
  readonly nodes: readonly WorldNode[]
  readonly agencies: readonly Participant[]
  readonly people: readonly Actor[]
  readonly grants: readonly Grant[]
  readonly entries: readonly { readonly agency: AgencyId, readonly entry: OwnEntry }[]
  /** After the entries. */
  readonly shares: readonly EntryShare[]
}
export interface World {
  readonly seed: string
  readonly full: boolean
  readonly nations: readonly WorldNation[]
  readonly cameras: readonly Camera[]
  readonly vehicles: readonly Vehicle[]
  readonly listed: readonly ListedVehicle[]
}
export interface WorldOptions {
  readonly full: boolean
  /** Unix seconds: grants and entries are in force from then. */
  readonly now: number
}

const VEHICLE_COUNT = 600
/** The site node of the default world, and who runs it. */
const DEFAULT_SITES = {
  LV: { node: parseNodeId('lv/site-latgale'), operator: parseAgencyId('lv:daugavpils') },
  LT: { node: parseNodeId('lt/site-aukstaitija'), operator: parseAgencyId('lt:utena') }
}
const NATIONAL_OPERATORS = { LV: parseAgencyId('lv:state-police'), LT: parseAgencyId('lt:utena-police') }
type DemoNation = keyof typeof DEFAULT_SITES
const DEMO_NATIONS = Object.keys(DEFAULT_SITES) as DemoNation[]

export function makeWorld (seed: string, { full, now }: WorldOptions): World {
  const cameras = CAMERAS.filter(({ core }) => core || full)
  const yard = new VehicleYard(new Chance(seed, 'vehicles'))
  const listed = listVehicles(yard, new Chance(seed, 'entries'), now)
  const vehicles = Array.from({ length: VEHICLE_COUNT }, () => yard.draw())
  return { seed, full, cameras, listed, vehicles, nations: DEMO_NATIONS.map(nation => makeNation(nation, { seed, full, now, cameras, listed })) }
}

function makeNation (code: DemoNation, { seed, full, now, cameras, listed }: WorldOptions & Pick<World, 'seed' | 'cameras' | 'listed'>): WorldNation {
  const nation = parseNationId(code)
  const agencies = PARTICIPANTS.filter(participant => participant.nation === nation)
  const own = cameras.filter(camera => camera.nation === nation)
  const sources = sourcesOf(seed, own.filter(({ dialect }) => dialect !== 'pictures'))
  const pictureCameras = own.filter(({ dialect }) => dialect === 'pictures').map(camera => ({ ...configurationOf(camera), controller: camera.controller }))
  const owners = agencies.filter(({ agency }) => own.some(({ controller }) => controller === agency))
  const national: WorldNode = { node: parseNodeId(`${code.toLowerCase()}/national`), role: 'national', operator: NATIONAL_OPERATORS[code], agencies: agencies.map(({ agency }) => agency), sources: [], pictureCameras: [] }
  const site = (node: NodeId, operator: AgencyId, own: readonly WorldSource[]): WorldNode => {
    const controllers = own.map(({ controller }) => controller)
    return { node, role: 'site', operator, agencies: controllers, sources: own, pictureCameras: pictureCameras.filter(({ controller }) => controllers.includes(controller)) }
  }
  return {
    nation, agencies,
    nodes: [national, ...full
      ? sources.map(source => site(parseNodeId(source.controller.replace(':', '/')), source.controller, [source]))
      : [site(DEFAULT_SITES[code].node, DEFAULT_SITES[code].operator, sources)]],
    people: agencies.flatMap(peopleOf),
    grants: owners.flatMap(participant => grantsOf(participant, now)),
    entries: listed.filter(({ owner }) => agencies.some(({ agency }) => agency === owner)).map(({ owner, entry }) => ({ agency: owner, entry })),
    shares: shareEntries(listed).filter(({ agency }) => agencies.some(own => own.agency === agency))
  }
}

/** One source for each controller: the municipality's or authority's own camera system. */
function sourcesOf (seed: string, cameras: readonly Camera[]): WorldSource[] {
  const controllers = [...new Set(cameras.map(({ controller }) => controller))]
  return controllers.map(controller => ({
    id: controller.slice(3), controller, regime: 'LED', token: tokenOf(seed, controller),
    cameras: cameras.filter(camera => camera.controller === controller).map(configurationOf)
  }))
}

const tokenOf = (seed: string, controller: AgencyId): string => digestOf(utf8ToBytes(`tiltas/demo/token/${seed}/${controller}`))

const configurationOf = ({ id, siteRef, siteGroup, direction, nuts3, municipality, roadNumber }: Camera): WorldCamera =>
  ({ id, siteRef, siteGroup, direction, municipality, ...(nuts3 !== undefined && { nuts3 }), ...(roadNumber !== undefined && { road: roadNumber }) })

const AUTHORITY_ROLES: readonly Role[] = ['OFFICER', 'LIST_OWNER', 'NATIONAL_ADMIN', 'LEGAL_OFFICER']
/** A municipality has its monitoring centre, which looks at candidates. */
const MUNICIPALITY_ROLES: readonly Role[] = ['OFFICER']

/** An authority has two admins, since nobody approves a change of their own. */
const peopleOf = ({ agency, kind }: Participant): Actor[] => [
  ...(kind === 'municipality' ? MUNICIPALITY_ROLES : AUTHORITY_ROLES).map(role => ({ personId: personOf(agency, role), role, agency })),
  ...(kind === 'municipality' ? [] : [{ personId: parsePersonId(`${personOf(agency, 'NATIONAL_ADMIN')}-2`), role: 'NATIONAL_ADMIN', agency } satisfies Actor])
]

/** `lv-state-police.list-owner` */
export const personOf = (agency: AgencyId, role: Role) => parsePersonId(`${agency.replace(':', '-')}.${role.toLowerCase().replace('_', '-')}`)

/** The source that a camera belongs to, and the node that it delivers to. */
export function sourceOf (world: World, camera: Camera): { node: WorldNode, source: WorldSource } {
  for (const node of world.nations.flatMap(({ nodes }) => nodes)) {
    const source = node.sources.find(({ controller }) => controller === camera.controller)
    if (source !== undefined) return { node, source }
  }
  throw new TypeError('this camera is not of this world')
}

export const trafficOf = (world: World, pacing: { readonly pace?: number, readonly passesPerSecond?: number, readonly listedEvery?: number } = {}): Traffic<Vehicle, ListedVehicle> =>
  new Traffic({
    ...pacing, cameras: world.cameras, ordinary: world.vehicles, listed: world.listed, chance: new Chance(world.seed, 'traffic'),
    wantedBy: ({ owner }) => nationOf(owner)
  })
