/**
 * The vehicles of the demo, drawn by chance: plates have the form of their country's series, and belong to nobody that
 * we know of. Invariant: no two vehicles are spelled alike, not even across countries, so that every hit has one cause.
 */
import type { COLOURS, VEHICLE_CLASSES } from '../../protocol/messages/vocabulary.ts'
import type { Chance } from './chance.ts'

export type VehicleClass = typeof VEHICLE_CLASSES[number]
export type Colour = typeof COLOURS[number]
export interface Vehicle {
  /** Upper case without separators. */
  readonly plate: string
  /** As painted. */
  readonly printed: string
  /** ISO 3166-1 alpha-2 of registration. */
  readonly country: string
  readonly class: VehicleClass
  readonly colour: Colour
}

const LATIN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LITHUANIAN = 'ABCDEFGHIJKLMNOPRSTUVYZ'
/** Letters that Cyrillic and Latin script share. */
const SHARED = 'ABCEHIKMOPTX'
const POLISH_PREFIXES = ['BI', 'BS', 'GD', 'KR', 'LU', 'PO', 'WA', 'WX', 'DW', 'SK']
const GERMAN_DISTRICTS = ['B', 'HH', 'M', 'K', 'HB', 'DD', 'L', 'LG']

/** One plate as painted, for each country; the space or hyphen stands where the country puts it. */
const SERIES: { readonly [country: string]: (chance: Chance, vehicle: VehicleClass) => string } = {
  LV: (chance, kind) => `${chance.text('LL', LATIN)}-${chance.text(kind === 'motorcycle' ? 'NDD' : chance.pick(['NDDD', 'NDDD', 'NDDD', 'NDD', 'ND']), LATIN)}`,
  LT: (chance, kind) => kind === 'motorcycle' ? chance.text('DDD LL', LITHUANIAN) : chance.happens(0.05) ? chance.text('EL DDDD', LITHUANIAN) : chance.text('LLL DDD', LITHUANIAN),
  EE: chance => chance.text('DDD LLL', LATIN),
  PL: chance => `${chance.pick(POLISH_PREFIXES)} ${chance.text(chance.pick(['DDDDD', 'DDDDL', 'DDDLL']), 'ACEFGHJKLMNPRSTUVWXY')}`,
  DE: chance => `${chance.pick(GERMAN_DISTRICTS)} ${chance.text('LL NDDD', LATIN).slice(0, chance.pick([5, 6, 7]))}`,
  FI: chance => chance.text('LLL-NDD', 'ABCEFGHIJKLMNORSTUVXYZ'),
  SE: chance => chance.text('LLL DDD', 'ABCDEFGHJKLMNOPRSTUWXYZ'),
  BY: chance => `${chance.text('DDDD LL', SHARED)}-${1 + chance.below(7)}`,
  UA: chance => chance.text('LL DDDD LL', SHARED)
}
export const COUNTRIES: readonly string[] = Object.keys(SERIES)

const COUNTRY_SHARES = { LV: 42, LT: 40, EE: 5, PL: 5, DE: 2, FI: 1, SE: 1, BY: 2, UA: 2 }
const CLASS_SHARES = { car: 76, van: 10, lorry: 10, bus: 2, motorcycle: 2 }
const COLOUR_SHARES = { grey: 22, black: 18, white: 17, silver: 14, blue: 11, red: 8, green: 4, brown: 3, yellow: 1, orange: 1, other: 1 }

/** Draws vehicles; each is new. */
export class VehicleYard {
  readonly #taken = new Set<string>()
  readonly #chance: Chance
  constructor (chance: Chance) { this.#chance = chance }

  draw (country: string = this.#chance.weighted(COUNTRY_SHARES), kind: VehicleClass = this.#chance.weighted(CLASS_SHARES)): Vehicle {
    const printed = SERIES[country]!(this.#chance, kind)
    const plate = printed.replaceAll(/[ -]/g, '')
    if (this.#taken.has(blurred(plate))) return this.draw(country, kind)
    this.#taken.add(blurred(plate))
    return { plate, printed, country, class: kind, colour: this.#chance.weighted(COLOUR_SHARES) }
  }
}

/** Characters that a camera takes for each other, made one. */
const LOOKS_LIKE: { readonly [character: string]: string } = { O: '0', Q: '0', D: '0', I: '1', Z: '2', S: '5', G: '6', B: '8' }
const blurred = (plate: string): string => [...plate].map(character => LOOKS_LIKE[character] ?? character).join('')
