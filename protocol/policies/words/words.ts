/** What a language must provide so that a grant can be said in one sentence. Forms that a place in the sentence needs are given whole, never glued. */
import type { Category, HandlingCode, Precision, Purpose } from '../../messages/vocabulary.ts'
import type { GrantDirection, GrantKind } from '../grant.ts'

export interface CivilMinute { readonly year: number, readonly month: number, readonly day: number, readonly hour: number, readonly minute: number }

export interface Words {
  /** `X may send Y to Z from … until …`; `partner` as `agency` or `nation` below gives it. */
  readonly opening: (agency: string, direction: GrantDirection, partner: string, things: string, from: string, until: string) => string
  /** A named agency as receiver or sender. The name stands in its basic form, so no name has to be inflected. */
  readonly agency: (name: string, direction: GrantDirection) => string
  /** Any agency of a nation, ISO 3166-1 alpha-2. */
  readonly nation: (code: string, direction: GrantDirection) => string
  /** As the object of sending and accepting. */
  readonly kinds: { readonly [Kind in GrantKind | 'hit-and-changes' | 'share-and-withdrawals']: string }
  /** Before the last of several things. */
  readonly and: string
  readonly allCategories: string
  readonly someCategories: (names: readonly string[]) => string
  readonly categories: { readonly [C in Category]: string }
  readonly siteGroups: (names: readonly string[]) => string
  readonly precision: { readonly [P in Precision]: string }
  readonly purpose: { readonly [P in Purpose]: string }
  readonly basis: (title: string) => string
  readonly retention: (days: number) => string
  readonly handling: { readonly [H in HandlingCode]: (text: string) => string }
  readonly thirdCountry: { readonly 'prohibited': string, readonly 'prior-authorisation': string }
  readonly furtherHits: { readonly yes: string, readonly no: string }
  readonly unverified: { readonly confirm: string, readonly allow: string }
  /** UTC. */
  readonly moment: (at: CivilMinute) => string
}

export const twoDigits = (n: number): string => String(n).padStart(2, '0')
