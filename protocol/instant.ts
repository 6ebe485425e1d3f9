/** Points in time and spans of it; arithmetic only, no clock. */

/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type Instant = number & { readonly instant?: never }
/** Milliseconds. */
export type Duration = number

export const SECOND: Duration = 1000
export const MINUTE: Duration = 60 * SECOND
export const HOUR: Duration = 60 * MINUTE
export const DAY: Duration = 24 * HOUR

/** Whole seconds since 1970, as `iat` and `exp` of RFC 7519 carry them. */
export const toUnixSeconds = (at: Instant): number => Math.floor(at / SECOND)
export const fromUnixSeconds = (seconds: number): Instant => seconds * SECOND

/** Civil date of days since 1970-01-01 (proleptic Gregorian, UTC); no Date object, so that pure folders stay free of clocks. */
export function civilDate (at: Instant): { year: number, month: number, day: number } {
  const days = Math.floor(at / DAY) + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 }
}

const twoDigits = (n: number): string => String(n).padStart(2, '0')

/** `2026-11`: the month that record keys are grouped by. */
export function monthOf (at: Instant): string {
  const { year, month } = civilDate(at)
  return `${year}-${twoDigits(month)}`
}

/** `2026-11-22`. */
export function dayOf (at: Instant): string {
  const { year, month, day } = civilDate(at)
  return `${year}-${twoDigits(month)}-${twoDigits(day)}`
}
