/**
 * Towns and roads of the borderland, as far as demo traffic needs them: a road is a line of towns, driven in both
 * directions. Town coordinates are rounded from GeoNames (geonames.org, CC BY 4.0); villages at the border, which it
 * lacks, are approximate, and so are roads between towns: straight lines. Trunk roads (A…) have their official numbers;
 * those of regional roads were not checked against a register, and a stretch whose number we do not know has none.
 * The same number may mean two roads (A6 and A13 exist in both countries), so a number always names its country.
 */
import { parseNationId, type NationId } from '../../protocol/identifiers.ts'

export interface Town { readonly nation: NationId, readonly latitude: number, readonly longitude: number }
const lv = (latitude: number, longitude: number): Town => ({ nation: parseNationId('LV'), latitude, longitude })
const lt = (latitude: number, longitude: number): Town => ({ nation: parseNationId('LT'), latitude, longitude })

export const TOWNS = {
  aglona: lv(56.133, 27.007), akniste: lv(56.162, 25.748), baltinava: lv(56.944, 27.644), balvi: lv(57.131, 27.266),
  bauska: lv(56.408, 24.194), cibla: lv(56.550, 27.884), dagda: lv(56.095, 27.537), daugavpils: lv(55.883, 26.533),
  demene: lv(55.748, 26.530), grenctale: lv(56.300, 24.270), ilukste: lv(55.978, 26.297), jekabpils: lv(56.499, 25.857),
  karsava: lv(56.784, 27.688), kraslava: lv(55.895, 27.168), livani: lv(56.354, 26.176), ludza: lv(56.540, 27.719),
  malta: lv(56.340, 27.160), medumi: lv(55.793, 26.340), preili: lv(56.294, 26.725), rezekne: lv(56.510, 27.340),
  riebini: lv(56.343, 26.800), rugaji: lv(57.003, 27.134), skaistkalne: lv(56.383, 24.650), subate: lv(56.005, 25.905),
  vecvarkava: lv(56.198, 26.508), vilaka: lv(57.185, 27.672), vilani: lv(56.553, 26.925), zilupe: lv(56.386, 28.122),
  anyksciai: lt(55.526, 25.103), birzai: lt(56.200, 24.750), germaniskis: lt(56.355, 24.640), ignalina: lt(55.341, 26.161),
  juodupe: lt(56.087, 25.607), kupiskis: lt(55.840, 24.980), moletai: lt(55.225, 25.417), obeliai: lt(55.943, 25.800),
  panevezys: lt(55.733, 24.350), pasvalys: lt(56.059, 24.404), rokiskis: lt(55.959, 25.595), salociai: lt(56.224, 24.396),
  smelyne: lt(55.757, 26.303), turmantas: lt(55.698, 26.453), utena: lt(55.498, 25.599), visaginas: lt(55.597, 26.440),
  zarasai: lt(55.732, 26.251)
} as const satisfies { readonly [slug: string]: Town }
export type TownSlug = keyof typeof TOWNS

/** `number` is that of the stretch that leads to this stop, with its country: `LV:A13`. */
export interface Stop { readonly town: TownSlug, readonly km: number, readonly number?: string }
export interface Road {
  readonly id: string
  readonly stops: readonly Stop[]
  /** Whether its ends lie in different nations. */
  readonly crosses: boolean
}

const EARTH_KM = 6371
const radians = (degrees: number): number => degrees * Math.PI / 180

/** Kilometres on the flat map that a country this small allows. */
export function distanceKm (from: TownSlug, to: TownSlug): number {
  const a = TOWNS[from]; const b = TOWNS[to]
  const east = radians(b.longitude - a.longitude) * Math.cos(radians((a.latitude + b.latitude) / 2))
  return EARTH_KM * Math.hypot(east, radians(b.latitude - a.latitude))
}

/** `road('x', 'utena', 'LT:A6 zarasai', 'demene')`: each stretch by its number, where known, and where it leads. */
function road (id: string, first: TownSlug, ...stretches: string[]): Road {
  const stops: Stop[] = [{ town: first, km: 0 }]
  for (const stretch of stretches) {
    const [town, number] = stretch.split(' ').reverse() as [TownSlug, string | undefined]
    const last = stops[stops.length - 1]!
    const km = last.km + distanceKm(last.town, town)
    stops.push(number === undefined ? { town, km } : { town, km, number })
  }
  return { id, stops, crosses: TOWNS[first].nation !== TOWNS[stops[stops.length - 1]!.town].nation }
}

export const ROADS: readonly Road[] = [
  // Across the border.
  road('utena-daugavpils', 'moletai', 'LT:A14 utena', 'LT:A6 zarasai', 'LT:A6 smelyne', 'LV:A13 medumi', 'LV:A13 daugavpils', 'LV:A13 malta', 'LV:A13 rezekne', 'LV:A13 karsava'),
  road('via-baltica', 'panevezys', 'LT:A10 pasvalys', 'LT:A10 salociai', 'LV:A7 grenctale', 'LV:A7 bauska'),
  road('rokiskis-ilukste', 'panevezys', 'LT:122 kupiskis', 'LT:122 rokiskis', 'LT:122 obeliai', 'LV:P70 subate', 'ilukste', 'daugavpils'),
  road('rokiskis-livani', 'anyksciai', 'LT:120 rokiskis', 'juodupe', 'akniste', 'jekabpils', 'LV:A6 livani'),
  road('visaginas-kraslava', 'ignalina', 'visaginas', 'turmantas', 'demene', 'daugavpils', 'LV:A6 kraslava'),
  road('birzai-bauska', 'panevezys', 'birzai', 'germaniskis', 'skaistkalne', 'bauska'),
  // Inland.
  road('moletai-panevezys', 'moletai', 'LT:119 anyksciai', 'LT:121 panevezys'),
  road('utena-kupiskis', 'utena', 'LT:118 kupiskis'),
  road('jekabpils-zilupe', 'jekabpils', 'LV:A12 vilani', 'LV:A12 rezekne', 'LV:A12 ludza', 'LV:A12 zilupe'),
  road('livani-daugavpils', 'livani', 'LV:A6 daugavpils'),
  road('kraslava-vilani', 'kraslava', 'LV:P62 aglona', 'LV:P62 preili', 'LV:P58 riebini', 'LV:P58 vilani'),
  road('livani-preili', 'livani', 'vecvarkava', 'preili'),
  road('kraslava-dagda', 'kraslava', 'dagda'),
  road('rezekne-karsava', 'rezekne', 'rugaji', 'balvi', 'vilaka', 'baltinava', 'karsava'),
  road('ludza-cibla', 'ludza', 'cibla')
]

const ROADS_BY_ID: ReadonlyMap<string, Road> = new Map(ROADS.map(road => [road.id, road]))
/** @throws TypeError when there is no such road */
export function roadOf (id: string): Road {
  const found = ROADS_BY_ID.get(id)
  if (found === undefined) throw new TypeError('no such road')
  return found
}

/** @throws TypeError when the road does not pass the town */
export function kmAt (road: Road, town: TownSlug): number {
  const stop = road.stops.find(stop => stop.town === town)
  if (stop === undefined) throw new TypeError('the road does not pass this town')
  return stop.km
}

/** Along the road from its first to its last town: the nation that one drives towards. */
export const nationAhead = (road: Road): NationId => TOWNS[road.stops[road.stops.length - 1]!.town].nation
