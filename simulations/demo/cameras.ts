/**
 * The cameras of the demo: where each stands for the traffic model, and what its node is told of it.
 * Invariant: a kilometre on a road is known to the traffic model only; a node learns municipality, road number and an
 * opaque name, as its operator would configure it.
 */
import { digestOf, utf8ToBytes } from '../../protocol/bytes.ts'
import { parseAgencyId, type AgencyId, type NationId } from '../../protocol/identifiers.ts'
import { MINUTE } from '../../protocol/instant.ts'
import type { DIRECTIONS } from '../../protocol/messages/vocabulary.ts'
import { nuts3Of } from './participants.ts'
import { TOWNS, kmAt, roadOf, type TownSlug } from './places.ts'

/** How a camera's maker talks: our own body, or that of the Plate Recognizer Stream webhook; or it only shows pictures, and its node reads them. */
export type Dialect = 'generic' | 'plate-recognizer' | 'pictures'
/** What the camera's clock shows is true time + offsetMs + driftMsPerHour for each hour; `zone` is how it writes it, minutes east of Greenwich. */
export interface CameraClock { readonly offsetMs: number, readonly driftMsPerHour: number, readonly zone: number }

export interface Camera {
  /** As its vendor names it. */
  readonly id: string
  readonly siteRef: string
  readonly siteGroup: 'border' | 'town'
  readonly controller: AgencyId
  readonly nation: NationId
  readonly nuts3?: string
  /** ISO 3166-2. */
  readonly municipality: string
  /** With its country; absent on a minor road. */
  readonly roadNumber?: string
  readonly direction: typeof DIRECTIONS[number]
  /** The road of the traffic model, and how far from its first town. */
  readonly road: string
  readonly km: number
  readonly clock: CameraClock
  readonly dialect: Dialect
  /** Whether it also stands in the small world. */
  readonly core: boolean
}

type Place = `${string}@${TownSlug}` | `${string}@${TownSlug}${'+' | '-'}${number}`
type Spot = readonly [id: string, controller: string, place: Place, municipality: string, roadNumber: string | undefined, direction?: Camera['direction']]

/** `road@town+km`: a direction other than `along` makes it a border camera. */
const CORE: readonly Spot[] = [
  ['medumi-in', 'lv:state-border-guard', 'utena-daugavpils@medumi-1', 'LV-111', 'LV:A13', 'inbound'],
  ['medumi-out', 'lv:state-border-guard', 'utena-daugavpils@medumi-0.8', 'LV-111', 'LV:A13', 'outbound'],
  ['a13-laucesa', 'lv:state-police', 'utena-daugavpils@daugavpils-6', 'LV-111', 'LV:A13'],
  ['daugavpils-south', 'lv:daugavpils', 'utena-daugavpils@daugavpils-1', 'LV-DGV', 'LV:A13'],
  ['daugavpils-north', 'lv:daugavpils', 'utena-daugavpils@daugavpils+2', 'LV-DGV', 'LV:A13'],
  ['demene-in', 'lv:daugavpils-novads', 'visaginas-kraslava@demene-2', 'LV-111', undefined, 'inbound'],
  ['subate-in', 'lv:ilukste', 'rokiskis-ilukste@subate-2', 'LV-111', 'LV:P70', 'inbound'],
  ['ilukste-centre', 'lv:ilukste', 'rokiskis-ilukste@ilukste', 'LV-111', undefined],
  ['kraslava-west', 'lv:kraslava', 'visaginas-kraslava@kraslava-2', 'LV-047', 'LV:A6'],
  ['livani-south', 'lv:livani', 'rokiskis-livani@livani-3', 'LV-056', 'LV:A6'],
  ['rezekne-south', 'lv:rezekne', 'utena-daugavpils@rezekne-2', 'LV-REZ', 'LV:A13'],
  ['karsava-west', 'lv:karsava', 'utena-daugavpils@karsava-3', 'LV-058', 'LV:A13'],
  ['smelyne-in', 'lt:ignalina-frontier', 'utena-daugavpils@smelyne-1', 'LT-60', 'LT:A6', 'inbound'],
  ['smelyne-out', 'lt:ignalina-frontier', 'utena-daugavpils@smelyne-1.2', 'LT-60', 'LT:A6', 'outbound'],
  ['zarasai-lake', 'lt:zarasai', 'utena-daugavpils@zarasai', 'LT-60', 'LT:A6'],
  ['a6-daugailiai', 'lt:utena-police', 'utena-daugavpils@utena+18', 'LT-54', 'LT:A6'],
  ['utena-north', 'lt:utena', 'utena-daugavpils@utena+2', 'LT-54', 'LT:A6'],
  ['moletai-north', 'lt:moletai', 'utena-daugavpils@moletai+2', 'LT-27', 'LT:A14'],
  ['turmantas-in', 'lt:zarasai', 'visaginas-kraslava@turmantas-1', 'LT-60', undefined, 'inbound'],
  ['visaginas-centre', 'lt:visaginas', 'visaginas-kraslava@visaginas', 'LT-59', undefined],
  ['obeliai-in', 'lt:rokiskis', 'rokiskis-ilukste@obeliai+1', 'LT-40', 'LT:122', 'inbound'],
  ['juodupe-in', 'lt:rokiskis', 'rokiskis-livani@juodupe', 'LT-40', undefined, 'inbound'],
  ['salociai-in', 'lt:pasvalys', 'via-baltica@salociai-1', 'LT-34', 'LT:A10', 'inbound'],
  ['panevezys-north', 'lt:panevezys', 'via-baltica@panevezys+4', 'LT-33', 'LT:A10']
]

/** In the full world every municipality has a camera. */
const REST: readonly Spot[] = [
  ['aglona-centre', 'lv:aglona', 'kraslava-vilani@aglona', 'LV-073', 'LV:P62'],
  ['baltinava-centre', 'lv:baltinava', 'rezekne-karsava@baltinava', 'LV-015', undefined],
  ['balvi-centre', 'lv:balvi', 'rezekne-karsava@balvi', 'LV-015', undefined],
  ['cibla-centre', 'lv:cibla', 'ludza-cibla@cibla-1', 'LV-058', undefined],
  ['dagda-west', 'lv:dagda', 'kraslava-dagda@dagda-2', 'LV-047', undefined],
  ['ludza-west', 'lv:ludza', 'jekabpils-zilupe@ludza-2', 'LV-058', 'LV:A12'],
  ['preili-centre', 'lv:preili', 'kraslava-vilani@preili', 'LV-073', 'LV:P62'],
  ['malta-north', 'lv:rezekne-novads', 'utena-daugavpils@malta+3', 'LV-077', 'LV:A13'],
  ['riebini-centre', 'lv:riebini', 'kraslava-vilani@riebini', 'LV-073', 'LV:P58'],
  ['rugaji-centre', 'lv:rugaji', 'rezekne-karsava@rugaji', 'LV-015', undefined],
  ['vecvarkava-centre', 'lv:varkava', 'livani-preili@vecvarkava', 'LV-073', undefined],
  ['vilaka-centre', 'lv:vilaka', 'rezekne-karsava@vilaka', 'LV-015', undefined],
  ['vilani-centre', 'lv:vilani', 'jekabpils-zilupe@vilani', 'LV-077', 'LV:A12'],
  ['zilupe-west', 'lv:zilupe', 'jekabpils-zilupe@zilupe-2', 'LV-058', 'LV:A12'],
  ['anyksciai-west', 'lt:anyksciai', 'moletai-panevezys@anyksciai+2', 'LT-04', 'LT:121'],
  ['ignalina-north', 'lt:ignalina', 'visaginas-kraslava@ignalina+2', 'LT-09', undefined],
  ['birzai-north', 'lt:birzai', 'birzai-bauska@birzai+3', 'LT-06', undefined],
  ['kupiskis-east', 'lt:kupiskis', 'rokiskis-ilukste@kupiskis+2', 'LT-23', 'LT:122']
]

/** At the border on the busiest road, one for each nation. */
const SHOW_PICTURES = ['medumi-in', 'smelyne-in']

/** Most clocks are right to a fraction of a second; one in eight is minutes off, and some still write the zone they were made in. */
function clockOf (index: number): CameraClock {
  const isNeglected = index % 8 === 7
  return {
    offsetMs: isNeglected ? 3 * MINUTE + 1000 * index : (index * 137) % 800 - 400,
    driftMsPerHour: isNeglected ? 1500 : (index * 53) % 120 - 60,
    zone: index % 12 === 10 ? 480 : 120
  }
}

const opaque = (id: string): string => digestOf(utf8ToBytes(`tiltas/demo/site/${id}`)).slice(0, 8).replaceAll(/[-_]/g, 'x')

function cameraAt ([id, controller, place, municipality, roadNumber, direction = 'along']: Spot, index: number): Camera {
  const [, road, town, beyond] = /^([a-z-]+)@([a-z]+)([+-][\d.]+)?$/.exec(place)!
  const nuts3 = nuts3Of(municipality)
  return {
    id, controller: parseAgencyId(controller), municipality, direction, road: road!, nation: TOWNS[town as TownSlug].nation,
    siteRef: opaque(id), siteGroup: direction === 'along' ? 'town' : 'border',
    km: kmAt(roadOf(road!), town as TownSlug) + Number(beyond ?? 0),
    ...(nuts3 !== undefined && { nuts3 }), ...(roadNumber !== undefined && { roadNumber }),
    clock: clockOf(index), dialect: SHOW_PICTURES.includes(id) ? 'pictures' : index % 2 === 0 ? 'generic' : 'plate-recognizer', core: index < CORE.length
  }
}

export const CAMERAS: readonly Camera[] = [...CORE, ...REST].map(cameraAt)
