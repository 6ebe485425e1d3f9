/**
 * What a plate's text says about its country: little. One text is valid in several countries, so syntax gives a share
 * of confidence and never certainty. The rule:
 *
 * 1. A country that the vendor read from the plate (its band, its layout) stands with the vendor's confidence.
 * 2. Otherwise every country with a regular series of that form has one share, the camera's own nation HOME_SHARES.
 *    The country with most shares is named with its part of SYNTAX_CONFIDENCE; a tie names none.
 * 3. Vanity series never name a country: almost any text fits them. They only keep one possible.
 * 4. A text of no regular series has no country.
 *
 * A country by rule 1 is *known* from KNOWN_CONFIDENCE on. It keeps a read from entries of other countries only when
 * the text is plausible there: a vendor that names a country which issues no such text misread one of the two, and an
 * entry elsewhere must not be missed for it. An entry of the very country that the vendor names always agrees with it:
 * our table is not complete, and owner and vendor came to the same country by different ways.
 */
import type { NationId } from '../../protocol/identifiers.ts'

interface Series { readonly country: NationId, readonly series: string, readonly form: RegExp, readonly vanity: boolean }

/** Letters that look alike in Latin and Cyrillic: all that Belarus, Ukraine and Russia use. */
const SHARED = '[ABCEHIKMOPTX]'
const RU = '[ABCEHKMOPTXY]'
const LT = '[A-PR-VYZ]'
const SE = '[A-HJ-PR-UW-Z]'
/** Polish suffix: without B, D, I, O, Z and Q. */
const PL = '[0-9ACE-HJ-NPR-Y]'

const regular = (country: string, forms: Record<string, string>): Series[] =>
  Object.entries(forms).map(([series, form]) => ({ country: country as NationId, series, form: new RegExp(`^${form}$`), vanity: false }))
const vanity = (country: string, form: string): Series =>
  ({ country: country as NationId, series: 'vanity', form: new RegExp(`^${form}$`), vanity: true })

const SERIES: readonly Series[] = [
  ...regular('LT', {
    car: `${LT}{3}\\d{3}`,
    trailer: `${LT}{2}\\d{3}`,
    motorcycle: `\\d{3}${LT}{2}`,
    moped: `\\d{2}${LT}{3}`,
    electric: `E${LT}\\d{4}`,
    trade: 'P\\d{4,5}',
    taxi: 'T\\d{5}',
    diplomatic: '\\d{2}[1-4]\\d{3}',
    historic: 'H\\d{5}'
  }),
  vanity('LT', '(?=.*\\d)[A-Z0-9]{1,6}'),
  ...regular('LV', {
    electric: 'EX[1-9]\\d{0,3}',
    army: 'LA[1-9]\\d{0,3}',
    car: '[A-Z]{2}[1-9]\\d{0,3}',
    trailer: '[A-Z][1-9]\\d{0,3}',
    diplomatic: 'CD\\d{4}'
  }),
  vanity('LV', '(?=.*[A-Z])[A-Z0-9]{2,8}'),
  ...regular('EE', { car: '\\d{3}[A-Z]{3}', motorcycle: '\\d{2}[A-Z]{3}', diplomatic: '(?:CD|AT)\\d{4}', test: 'PROOV\\d{4}' }),
  vanity('EE', '[A-Z0-9]{2,9}'),
  ...regular('SE', { car: `${SE}{3}\\d{2}[0-9A-HJ-NPR-UW-Z]` }),
  ...regular('FI', { car: '[A-ZÅÄÖ]{2,3}[1-9]\\d{0,2}' }),
  ...regular('PL', { car: `(?:[A-PR-Z]{2}(?=.*\\d)${PL}{5}|[A-PR-Z]{3}(?=.*\\d)${PL}{4,5})` }),
  ...regular('DE', { car: '(?=.{3,8}$)[A-ZÄÖÜ]{1,3}[A-Z]{1,2}[1-9]\\d{0,3}[EH]?' }),
  ...regular('BY', { car: `(?:\\d{4}|E\\d{3})${SHARED}{2}[0-7]`, lorry: `${SHARED}{2}\\d{4}[0-7]`, trailer: `${SHARED}\\d{4}${SHARED}[0-7]` }),
  ...regular('UA', { car: `${SHARED}{2}\\d{4}${SHARED}{2}` }),
  ...regular('RU', { car: `${RU}\\d{3}${RU}{2}\\d{2,3}` })
]
const LISTED_COUNTRIES = new Set(SERIES.map(({ country }) => country))

export interface PossibleCountry { readonly country: NationId, readonly series: string, readonly vanity: boolean }

/** Every listed series that a normalised plate fits, in the order of the table. */
export const countriesOf = (plate: string): PossibleCountry[] =>
  SERIES.filter(({ form }) => form.test(plate)).map(({ country, series, vanity }) => ({ country, series, vanity }))

/** False only when our table speaks against it: it lists the country, finds the text in none of its series, and in a regular one elsewhere. */
export function isPlausible (plate: string, country: NationId): boolean {
  if (!LISTED_COUNTRIES.has(country)) return true
  return SERIES.some(series => series.country === country && series.form.test(plate)) ||
    !SERIES.some(series => !series.vanity && series.form.test(plate))
}

export const COUNTRY_SOURCES = ['vendor', 'syntax', 'none'] as const
export type CountrySource = typeof COUNTRY_SOURCES[number]
/** `confidence` is per mille. */
export interface CountryGuess { readonly country?: NationId, readonly confidence: number, readonly source: CountrySource }

/** Per mille, for a vendor that names a country and does not say how sure it is. */
const VENDOR_CONFIDENCE = 800
/** Per mille; what syntax is worth when only one listed country is possible: others are not listed, and vanity plates exist. */
const SYNTAX_CONFIDENCE = 700
const HOME_SHARES = 3
/** Per mille, from which on a vendor's country is known. */
const KNOWN_CONFIDENCE = 500

/** `vendorConfidence` is per mille; `home` is the nation of the camera. */
export function countryOf (plate: string, vendorCountry: NationId | undefined, vendorConfidence: number | undefined, home: NationId): CountryGuess {
  if (vendorCountry === undefined) return countryBySyntax(plate, home)
  return { country: vendorCountry, confidence: vendorConfidence ?? VENDOR_CONFIDENCE, source: 'vendor' }
}

function countryBySyntax (plate: string, home: NationId): CountryGuess {
  const countries = [...new Set(countriesOf(plate).filter(found => !found.vanity).map(found => found.country))]
  const first = countries.includes(home) ? home : countries[0]
  if (first === undefined || (first !== home && countries.length > 1)) return { confidence: 0, source: 'none' }
  const shares = countries.length - 1 + (first === home ? HOME_SHARES : 1)
  return { country: first, confidence: Math.floor(SYNTAX_CONFIDENCE * (first === home ? HOME_SHARES : 1) / shares), source: 'syntax' }
}

/** Seen by the reader, and surely enough; never true of what was only derived from the text. */
export const isCountryKnown = (guess: CountryGuess): boolean => guess.source === 'vendor' && guess.confidence >= KNOWN_CONFIDENCE

/** Whether the read is to be kept from entries of other countries. */
export const excludesOtherCountries = (plate: string, guess: CountryGuess): boolean =>
  isCountryKnown(guess) && guess.country !== undefined && isPlausible(plate, guess.country)
