/**
 * A read against the entries in force: who is looking for this plate, and how sure is it that it is this one.
 * Decides nothing; whether a match becomes a candidate or a hit is for protocol and people.
 */
import type { AgencyId, EntryRef } from '../../protocol/identifiers.ts'
import { toUnixSeconds, type Instant } from '../../protocol/instant.ts'
import type { Action, Category, MatchKind } from '../../protocol/messages/vocabulary.ts'
import type { Read } from '../ingest/read.ts'
import type { EntryTable } from './entry-table.ts'
import { excludesOtherCountries, isCountryKnown, type CountryGuess } from './plate-formats.ts'
import type { PlateIndex, PlateMatch } from './plate-index.ts'

/** `countryKnown` false: the read's country was not seen, or the entry names none; a person has to look at the plate. */
export interface EntryMatch {
  readonly owner: AgencyId, readonly ref: EntryRef, readonly kind: MatchKind, readonly countryKnown: boolean
  readonly category: Category, readonly action: Action
}

/** By handle, so that the same lists and reads always give the same matches in the same order. */
export function matchRead (read: Pick<Read, 'plate'>, index: PlateIndex, entries: EntryTable, now: Instant): EntryMatch[] {
  const { text, country, countryConfidence: confidence, countrySource: source } = read.plate
  const guess = { country, confidence, source }
  return findHandles(text, guess, index, toUnixSeconds(now)).flatMap(({ handle, kind, countryKnown }) => {
    const entry = entries.get(handle)
    if (entry === undefined) return []
    return [{ owner: entry.owner, ref: entry.ref, kind, countryKnown: countryKnown && isCountryKnown(guess), category: entry.category, action: entry.action }]
  })
}

/** Almost every read meets nothing, so the text is weighed against the country only when there is something to exclude. */
function findHandles (text: string, guess: CountryGuess, index: PlateIndex, seconds: number): PlateMatch[] {
  const seen = guess.source === 'vendor' ? guess.country : undefined
  const found = index.match(text, seen, seconds, false)
  return found.length > 0 && excludesOtherCountries(text, guess) ? index.match(text, seen, seconds) : found
}
