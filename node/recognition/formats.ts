/**
 * How well a text fits the plates of one country, for a country that the picture itself shows. Syntax over all countries
 * at once says nothing (some country's format always fits); of one known country it tells O from 0 and I from 1.
 *
 * Countries of node/hotlist/plate-formats.ts are asked there; the forms below are those of their neighbours. A country
 * in neither has no opinion. Owners' own texts (vanity) exist almost everywhere, so no text is ever ruled out.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import { countriesOf } from '../hotlist/plate-formats.ts'

const NL = '[BDFGHJKLMNPRSTVWXZ]'
const FR = '[A-HJ-NP-TV-Z]'
const IT = '[A-HJ-NPR-TV-Z]'
const GREEK = '[ABEHIKMNOPTXYZ]'
const CYRILLIC = '[ABCEHKMOPTXY]'

/** Regular series of common vehicles, normalised: capitals and digits without separators. */
const FORMS: { readonly [country: string]: readonly string[] } = {
  AL: ['[A-Z]{2}\\d{3}[A-Z]{2}'],
  AT: ['[A-Z]{1,2}\\d{1,6}[A-Z]{1,3}'],
  BA: ['[A-Z]\\d{2}[A-Z]\\d{3}'],
  BE: ['[1-9][A-Z]{3}\\d{3}', '[A-Z]{3}\\d{3}', '\\d{3}[A-Z]{3}', 'Q[A-Z]{3}\\d{3}'],
  BG: [`${CYRILLIC}{1,2}\\d{4}${CYRILLIC}{1,2}`],
  CH: ['[A-Z]{2}\\d{1,6}'],
  CY: ['[A-Z]{3}\\d{3}'],
  CZ: ['\\d[A-Z][0-9A-Z]\\d{4}', '[A-Z]{2,3}\\d{4}', 'EL\\d{3}[A-Z]{2}'],
  DK: ['[A-Z]{2}\\d{5}'],
  ES: ['\\d{4}[BCDFGHJ-NPR-TV-Z]{3}', '[A-Z]{1,2}\\d{4}[A-Z]{1,2}'],
  FR: [`${FR}{2}\\d{3}${FR}{2}`, '\\d{1,4}[A-Z]{2,3}\\d{2}'],
  GB: ['[A-Z]{2}\\d{2}[A-Z]{3}', '[A-Z]\\d{1,3}[A-Z]{3}', '[A-Z]{3}\\d{1,3}[A-Z]', '[A-Z]{3}\\d{4}'],
  GR: [`${GREEK}{3}\\d{4}`],
  HR: ['[A-Z]{2}\\d{3,4}[A-Z]{1,2}'],
  HU: ['[A-Z]{3}\\d{3}', '[A-Z]{4}\\d{3}'],
  IE: ['\\d{2,3}[A-Z]{1,2}\\d{1,6}'],
  IS: ['[A-Z]{2}[A-Z0-9]\\d{2}'],
  IT: [`${IT}{2}\\d{3}${IT}{2}`],
  LI: ['FL\\d{1,6}'],
  LU: ['[A-Z]{2}\\d{4}', '\\d{4,5}'],
  MD: ['[A-Z]{3}\\d{3}', '[A-Z]{1,2}[A-Z]{2}\\d{3}'],
  ME: ['[A-Z]{4}\\d{3}'],
  MK: ['[A-Z]{2}\\d{4}[A-Z]{2}'],
  MT: ['[A-Z]{3}\\d{3}'],
  NL: [
    `${NL}{2}\\d{4}`, `\\d{4}${NL}{2}`, `\\d{2}${NL}{2}\\d{2}`, `${NL}{2}\\d{2}${NL}{2}`, `${NL}{4}\\d{2}`, `\\d{2}${NL}{4}`, `\\d{2}${NL}{3}\\d`,
    `\\d${NL}{3}\\d{2}`, `${NL}{2}\\d{3}${NL}`, `${NL}\\d{3}${NL}{2}`, `${NL}{3}\\d{2}${NL}`, `${NL}\\d{2}${NL}{3}`, `\\d${NL}{2}\\d{3}`, `\\d{3}${NL}{2}\\d`
  ],
  NO: ['[A-Z]{2}\\d{4,5}'],
  PT: ['\\d{2}[A-Z]{2}\\d{2}', '\\d{4}[A-Z]{2}', '[A-Z]{2}\\d{4}', '[A-Z]{2}\\d{2}[A-Z]{2}'],
  RO: ['[A-Z]{2}\\d{2}[A-Z]{3}', 'B\\d{2,3}[A-Z]{3}', '[A-Z]{1,2}\\d{3,6}'],
  RS: ['[A-Z]{2}\\d{3,5}[A-Z]{2}'],
  SI: ['(?:CE|G[O]|K[KPR]|LJ|M[BS]|NM|PO|SG)(?=.*\\d)[0-9A-Z]{3,5}'],
  SK: ['[A-Z]{2}\\d{3}[A-Z]{2}'],
  TR: ['\\d{2}[A-Z]{1,3}\\d{2,5}']
}
const EXPRESSIONS = new Map(Object.entries(FORMS).map(([country, forms]) => [country, new RegExp(`^(?:${forms.join('|')})$`)]))
const OF_HOTLIST: readonly string[] = ['LT', 'LV', 'EE', 'SE', 'FI', 'PL', 'DE', 'BY', 'UA', 'RU']

/** `regular`: a common series of the country; `irregular`: none that we know; `unlisted`: we know none of the country's. */
export type FormatFit = 'regular' | 'irregular' | 'unlisted'

export function fitOf (text: string, country: NationId): FormatFit {
  const expression = EXPRESSIONS.get(country)
  if (expression !== undefined) return expression.test(text) ? 'regular' : 'irregular'
  if (!OF_HOTLIST.includes(country)) return 'unlisted'
  return countriesOf(text).some(found => found.country === country && !found.vanity) ? 'regular' : 'irregular'
}
