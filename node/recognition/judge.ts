/**
 * Text and country of one plate, decided together. The rule, for every likely text t and every country c of the reader:
 *
 *   weight(t, c) = spelling(t) × country(c) × home(c) × fit(t, c)
 *
 * where `country` is what the reader sees of the country (its band, layout and letters), `home` is HOME_ODDS for the
 * nation of the camera and 1 for others, and `fit` tells a regular series of c from none. The text with the largest sum
 * is answered, with its share; so is the country, from COUNTRY_SHARE_MIN on. "No country seen" is one of the classes and
 * fits every text alike: where the reader sees none, neither format nor home says anything, and none is named.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import type { Spelling } from './ctc.ts'
import { fitOf, type FormatFit } from './formats.ts'

const HOME_ODDS = 3
const FIT: { readonly [fit in FormatFit]: number } = { regular: 1, irregular: 0.04, unlisted: 0.2 }
const COUNTRY_SHARE_MIN = 0.5
/** Countries below it cannot change the text. */
const COUNTRY_SHARE_IGNORED = 0.002

export interface Judgement {
  readonly text: string
  /** Shares of one. */
  readonly confidence: number
  readonly charConfidences: readonly number[]
  readonly country?: NationId
  readonly countryConfidence: number
}

export interface CountryShare { readonly country: NationId | undefined, readonly share: number }

/** `shares` of the reader's country head: class 0 is "none seen", then `countries` in their order. */
export const countrySharesOf = (shares: Float64Array, countries: readonly string[]): CountryShare[] =>
  [...shares].map((share, at) => ({ country: at === 0 ? undefined : countries[at - 1] as NationId, share }))

export function judge (spellings: readonly Spelling[], countries: readonly CountryShare[], home: NationId | undefined): Judgement {
  const likely = countries.filter(({ share }) => share >= COUNTRY_SHARE_IGNORED)
    .map(({ country, share }) => ({ country, share: share * (country !== undefined && country === home ? HOME_ODDS : 1) }))
  const weights = spellings.map(({ text, probability }) => likely.map(({ country, share }) => probability * share * FIT[country === undefined ? 'unlisted' : fitOf(text, country)]))
  const texts = weights.map(sumOf)
  const best = texts.indexOf(Math.max(...texts))
  const text = spellings[best]?.text ?? ''
  const whole = sumOf(texts) + unspelled(spellings, likely)
  const named = mostOf(likely.map(({ country }, at) => ({ country, share: sumOf(weights.map(row => row[at]!)) / sumOf(texts) })))
  return {
    text,
    confidence: whole > 0 ? (texts[best] ?? 0) / whole : 0,
    charConfidences: agreementOf(text, spellings.map((spelling, at) => ({ text: spelling.text, weight: texts[at]! })), whole),
    ...(named?.country !== undefined && named.share >= COUNTRY_SHARE_MIN ? { country: named.country, countryConfidence: named.share } : { countryConfidence: 0 })
  }
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)
const mostOf = (countries: readonly CountryShare[]): CountryShare | undefined => countries.length === 0 ? undefined : countries.reduce((most, found) => found.share > most.share ? found : most)

/** What the texts that fell off the beam weigh together: they are as if of no known form. */
const unspelled = (spellings: readonly Spelling[], likely: readonly CountryShare[]): number =>
  Math.max(1 - sumOf(spellings.map(({ probability }) => probability)), 0) * sumOf(likely.map(({ share }) => share)) * FIT.irregular

/** For each character the share of all texts that have it there, counted from whichever end they have in common. */
function agreementOf (text: string, others: readonly { readonly text: string, readonly weight: number }[], whole: number): number[] {
  const shares = Array.from(text, () => 0)
  for (const other of others) {
    const [front, back] = [commonFront(text, other.text), commonFront(reversed(text), reversed(other.text))]
    for (let at = 0; at < shares.length; at++) {
      const agrees = at < front || text.length - at <= back || (other.text.length === text.length && other.text[at] === text[at])
      if (agrees) shares[at]! += other.weight / whole
    }
  }
  return shares.map(share => Math.min(share, 1))
}

const reversed = (text: string): string => [...text].reverse().join('')

function commonFront (a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}
