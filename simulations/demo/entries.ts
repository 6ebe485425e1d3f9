/**
 * What the four authorities look for in the demo, twelve vehicles on either side, and whom they tell of it.
 * Invariant: an authority lists only what its own nation looks for (Regulation (EU) 2018/1862 article 56 forbids copying
 * other states' alerts), mostly plates of its own country, and every entry has its reason, decision, basis and end.
 */
import type { OwnEntry } from '../../protocol/commands.ts'
import { nationOf, parseAgencyId, parseEntryRef, parseNationId, type AgencyId } from '../../protocol/identifiers.ts'
import type { Action, Category } from '../../protocol/messages/vocabulary.ts'
import type { Chance } from './chance.ts'
import type { Vehicle, VehicleClass, VehicleYard } from './vehicles.ts'

export interface ListedVehicle extends Vehicle { readonly owner: AgencyId, readonly entry: OwnEntry }
/** One `entry.share` command: these entries to that agency. */
export interface EntryShare { readonly agency: AgencyId, readonly refs: readonly OwnEntry['ref'][], readonly to: AgencyId }

interface Wanted { category: Category, action: Action, furtherHits?: true, country?: string, class?: VehicleClass, days?: number, domestic?: true }

/** A police list; the first entries are those that drive first. */
const POLICE: readonly Wanted[] = [
  { category: 'stolen-vehicle', action: 'seize', furtherHits: true },
  { category: 'wanted-person', action: 'specific-check', furtherHits: true },
  { category: 'missing-person', action: 'inquiry-check', furtherHits: true },
  { category: 'stolen-plate', action: 'use-as-evidence', furtherHits: true, class: 'van' },
  { category: 'surveillance', action: 'discreet-check', furtherHits: true },
  { category: 'stolen-vehicle', action: 'seize', country: 'PL' },
  { category: 'evidence', action: 'observe-only', domestic: true }
]
const BORDER_GUARD: readonly Wanted[] = [
  { category: 'serious-crime', action: 'specific-check', furtherHits: true, class: 'van' },
  { category: 'person-at-risk', action: 'inquiry-check', furtherHits: true },
  { category: 'surveillance', action: 'discreet-check', furtherHits: true },
  { category: 'stolen-vehicle', action: 'seize', country: 'EE', class: 'lorry' },
  { category: 'stolen-vehicle', action: 'seize', days: 1 }
]
const LISTS = [
  { owner: parseAgencyId('lv:state-police'), prefix: 'VP', wanted: POLICE, sharedWith: parseAgencyId('lt:utena-police') },
  { owner: parseAgencyId('lv:state-border-guard'), prefix: 'VRS', wanted: BORDER_GUARD, sharedWith: parseAgencyId('lt:ignalina-frontier') },
  { owner: parseAgencyId('lt:utena-police'), prefix: 'UPK', wanted: POLICE, sharedWith: parseAgencyId('lv:state-police') },
  { owner: parseAgencyId('lt:ignalina-frontier'), prefix: 'IPR', wanted: BORDER_GUARD, sharedWith: parseAgencyId('lv:state-border-guard') }
] as const

/** In the owner's language; a reason never leaves the owner's home. */
const REASONS: { readonly [nation: string]: { readonly [C in Category]: string } } = {
  LV: {
    'stolen-vehicle': 'Nozagts transportlīdzeklis, uzsākts kriminālprocess', 'stolen-plate': 'Nozagtas numura zīmes, uzsākts kriminālprocess',
    'wanted-person': 'Transportlīdzekli izmanto meklēšanā izsludināta persona', 'missing-person': 'Transportlīdzeklī var atrasties bezvēsts pazudusi persona',
    'person-at-risk': 'Vadītājam var būt nepieciešama neatliekama palīdzība', evidence: 'Transportlīdzeklis ir pierādījums kriminālprocesā',
    surveillance: 'Diskrēta pārbaude ar tiesneša lēmumu', 'serious-crime': 'Saistība ar personu nelikumīgu pārvietošanu pāri robežai'
  },
  LT: {
    'stolen-vehicle': 'Pavogta transporto priemonė, pradėtas ikiteisminis tyrimas', 'stolen-plate': 'Pavogti numerio ženklai, pradėtas ikiteisminis tyrimas',
    'wanted-person': 'Transporto priemone naudojasi ieškomas asmuo', 'missing-person': 'Transporto priemonėje gali būti be žinios dingęs asmuo',
    'person-at-risk': 'Vairuotojui gali reikėti skubios pagalbos', evidence: 'Transporto priemonė yra ikiteisminio tyrimo įrodymas',
    surveillance: 'Atsargus patikrinimas pagal teismo nutartį', 'serious-crime': 'Ryšys su neteisėtu žmonių gabenimu per sieną'
  }
}
export const NATIONAL_BASIS: { readonly [nation: string]: string } = { LV: 'lv-2019/crime-data', LT: 'lt-2018/xiii-1435' }
const DAY_SECONDS = 86_400

/** `now` in unix seconds. */
export function listVehicles (yard: VehicleYard, chance: Chance, now: number): ListedVehicle[] {
  return LISTS.flatMap(({ owner, prefix, wanted }) => wanted.map((one, i): ListedVehicle => {
    const nation = nationOf(owner)
    const vehicle = yard.draw(one.country ?? nation, one.class ?? 'car')
    const entry: OwnEntry = {
      ref: parseEntryRef(`${prefix}-${String(i + 1).padStart(4, '0')}`), plate: vehicle.printed, country: parseNationId(vehicle.country),
      category: one.category, action: one.action, reason: REASONS[nation]![one.category], decisionRef: `${prefix}/${1000 + chance.below(9000)}`,
      legalBasis: NATIONAL_BASIS[nation]!, furtherHits: one.furtherHits === true,
      until: now + (one.days ?? 90) * DAY_SECONDS, confirmedAt: now - chance.below(20 * DAY_SECONDS)
    }
    return { ...vehicle, owner, entry }
  }))
}

/** Each authority tells its counterpart abroad. What one may not have is asked for apart, so that its refusal stands alone. */
export function shareEntries (listed: readonly ListedVehicle[]): EntryShare[] {
  return LISTS.flatMap(({ owner, wanted, sharedWith }) => {
    const own = listed.filter(vehicle => vehicle.owner === owner).map(({ entry }) => entry).filter((_, i) => wanted[i]!.domestic !== true)
    const refsOf = (entries: readonly OwnEntry[]) => ({ agency: owner, refs: entries.map(({ ref }) => ref), to: sharedWith })
    return [refsOf(own.filter(({ category }) => category !== 'surveillance')), refsOf(own.filter(({ category }) => category === 'surveillance'))]
  })
}
