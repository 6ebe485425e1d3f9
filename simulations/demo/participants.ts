/**
 * Who takes part in the demo: the four law-enforcement authorities and 32 municipalities of the first deployment.
 *
 * Official lists of 2017–2020, when the cooperation began, name 33 local governments: 19 novadi and 2 cities of Latgale,
 * 6 of Utena county, 6 of Panevėžys county. The deployment speaks of 32 without listing them. We count the city and the
 * district of Panevėžys, which share one seat, as one participant: that is our choice, not a fact. Latvia merged its
 * novadi in 2021; they stay apart here, each with the ISO 3166-2 code of the municipality that its seat lies in now.
 */
import { parseAgencyId, parseNationId, type AgencyId, type NationId } from '../../protocol/identifiers.ts'

export interface Names { readonly lv: string, readonly lt: string, readonly en: string }
export interface Participant {
  readonly agency: AgencyId
  readonly nation: NationId
  readonly kind: 'police' | 'border-guard' | 'municipality'
  readonly names: Names
}
export interface Municipality extends Participant {
  readonly kind: 'municipality'
  /** ISO 3166-2 today, NUTS 2024 level 3. */
  readonly iso: string
  readonly nuts3: string
}

const participant = <Kind extends Participant['kind']>(agency: string, kind: Kind, lv: string, lt: string, en: string) =>
  ({ agency: parseAgencyId(agency), nation: parseNationId(agency.slice(0, 2).toUpperCase()), kind, names: { lv, lt, en } })

export const AUTHORITIES: readonly Participant[] = [
  participant('lv:state-police', 'police', 'Valsts policija', 'Latvijos valstybės policija', 'State Police of Latvia'),
  participant('lv:state-border-guard', 'border-guard', 'Valsts robežsardze', 'Latvijos valstybės sienos apsauga', 'State Border Guard of Latvia'),
  participant('lt:utena-police', 'police', 'Utenas apriņķa galvenais policijas komisariāts', 'Utenos apskrities vyriausiasis policijos komisariatas', 'Utena County Police Headquarters'),
  participant('lt:ignalina-frontier', 'border-guard', 'Lietuvas Valsts robežapsardzības dienesta Ignalinas pārvalde', 'VSAT Ignalinos pasienio rinktinė', 'Ignalina Frontier District of the Lithuanian State Border Guard Service')
]

const local = (agency: string, iso: string, nuts3: string, lv: string, lt: string, en: string): Municipality =>
  ({ ...participant(agency, 'municipality', lv, lt, en), iso, nuts3 })
const novads = (slug: string, iso: string, lv: string, lt: string, en: string): Municipality =>
  local(`lv:${slug}`, iso, 'LV005', `${lv} novads`, `${lt} savivaldybė`, `${en} Municipality`)
const rajonas = (slug: string, iso: string, nuts3: string, lv: string, lt: string, en: string): Municipality =>
  local(`lt:${slug}`, iso, nuts3, `${lv} rajona pašvaldība`, `${lt} rajono savivaldybė`, `${en} District Municipality`)

export const MUNICIPALITIES: readonly Municipality[] = [
  local('lv:daugavpils', 'LV-DGV', 'LV005', 'Daugavpils pilsēta', 'Daugpilio miestas', 'Daugavpils City'),
  local('lv:rezekne', 'LV-REZ', 'LV005', 'Rēzeknes pilsēta', 'Rėzeknės miestas', 'Rēzekne City'),
  novads('aglona', 'LV-073', 'Aglonas', 'Aglonos', 'Aglona'),
  novads('baltinava', 'LV-015', 'Baltinavas', 'Baltinavos', 'Baltinava'),
  novads('balvi', 'LV-015', 'Balvu', 'Balvų', 'Balvi'),
  novads('cibla', 'LV-058', 'Ciblas', 'Ciblos', 'Cibla'),
  novads('dagda', 'LV-047', 'Dagdas', 'Dagdos', 'Dagda'),
  novads('daugavpils-novads', 'LV-111', 'Daugavpils', 'Daugpilio', 'Daugavpils'),
  novads('ilukste', 'LV-111', 'Ilūkstes', 'Ilūkstės', 'Ilūkste'),
  novads('karsava', 'LV-058', 'Kārsavas', 'Karsavos', 'Kārsava'),
  novads('kraslava', 'LV-047', 'Krāslavas', 'Kraslavos', 'Krāslava'),
  novads('livani', 'LV-056', 'Līvānu', 'Lyvanų', 'Līvāni'),
  novads('ludza', 'LV-058', 'Ludzas', 'Ludzos', 'Ludza'),
  novads('preili', 'LV-073', 'Preiļu', 'Preilių', 'Preiļi'),
  novads('rezekne-novads', 'LV-077', 'Rēzeknes', 'Rėzeknės', 'Rēzekne'),
  novads('riebini', 'LV-073', 'Riebiņu', 'Riebinių', 'Riebiņi'),
  novads('rugaji', 'LV-015', 'Rugāju', 'Rugajų', 'Rugāji'),
  novads('varkava', 'LV-073', 'Vārkavas', 'Varkavos', 'Vārkava'),
  novads('vilaka', 'LV-015', 'Viļakas', 'Viliakos', 'Viļaka'),
  novads('vilani', 'LV-077', 'Viļānu', 'Vilianų', 'Viļāni'),
  novads('zilupe', 'LV-058', 'Zilupes', 'Zilupės', 'Zilupe'),
  rajonas('anyksciai', 'LT-04', 'LT029', 'Anīkšču', 'Anykščių', 'Anykščiai'),
  rajonas('ignalina', 'LT-09', 'LT029', 'Ignalinas', 'Ignalinos', 'Ignalina'),
  rajonas('moletai', 'LT-27', 'LT029', 'Molētu', 'Molėtų', 'Molėtai'),
  rajonas('utena', 'LT-54', 'LT029', 'Utenas', 'Utenos', 'Utena'),
  local('lt:visaginas', 'LT-59', 'LT029', 'Visaginas pašvaldība', 'Visagino savivaldybė', 'Visaginas Municipality'),
  rajonas('zarasai', 'LT-60', 'LT029', 'Zarasu', 'Zarasų', 'Zarasai'),
  rajonas('birzai', 'LT-06', 'LT025', 'Biržu', 'Biržų', 'Biržai'),
  rajonas('kupiskis', 'LT-23', 'LT025', 'Kupišķu', 'Kupiškio', 'Kupiškis'),
  local('lt:panevezys', 'LT-32', 'LT025', 'Panevēžas pilsēta un rajons', 'Panevėžio miestas ir rajonas', 'Panevėžys City and District'),
  rajonas('pasvalys', 'LT-34', 'LT025', 'Pasvales', 'Pasvalio', 'Pasvalys'),
  rajonas('rokiskis', 'LT-40', 'LT025', 'Rokišķu', 'Rokiškio', 'Rokiškis')
]

export const PARTICIPANTS: readonly Participant[] = [...AUTHORITIES, ...MUNICIPALITIES]

/** The regional roads of Panevėžys district have the district's own code. */
const NUTS3_BY_ISO: ReadonlyMap<string, string> = new Map([...MUNICIPALITIES.map(({ iso, nuts3 }) => [iso, nuts3] as const), ['LT-33', 'LT025']])
/** Undefined when no participant lies there. */
export const nuts3Of = (iso: string): string | undefined => NUTS3_BY_ISO.get(iso)
