/**
 * A camera's clock is a claim. It dates a read only while it agrees with ours within CLOCK_TOLERANCE; otherwise the read
 * is dated by its arrival, and says so. What the device said and by how much it differed is kept either way.
 */
import { DAY, MINUTE, type Duration, type Instant } from '../../protocol/instant.ts'
import type { CLOCK_QUALITIES } from '../../protocol/messages/vocabulary.ts'

export type ClockQuality = typeof CLOCK_QUALITIES[number]

/** As far as a device's clock may differ from the time of arrival and still date a read. */
export const CLOCK_TOLERANCE: Duration = 2 * MINUTE
/** Beyond it a time says nothing, not even about a drift: an empty battery, a wrong century. */
export const CLOCK_ABSURD: Duration = 31 * DAY

/** RFC 3339 section 5.6, with a space allowed for the T; the offset is required. */
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))$/

/** Undefined when it is no such time, has no offset, or names a day or hour that does not exist (leap seconds included). */
export function parseDeviceTime (text: string): Instant | undefined {
  const parts = TIMESTAMP.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  const offsetHours = Number(parts[10] ?? 0); const offsetMinutes = Number(parts[11] ?? 0)
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined
  const midnight = new Date(0)
  midnight.setUTCFullYear(year, month - 1, day)
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined
  const milliseconds = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3))
  const offset = (parts[9] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * MINUTE
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds - offset
}

/** `clockOffsetMs` is device minus arrival: negative when the device is behind, or the delivery late. */
export interface EventTime { readonly observedAt: Instant, readonly clock: ClockQuality, readonly clockOffsetMs?: Duration }

export function eventTimeOf (deviceTime: string, receivedAt: Instant): EventTime {
  const told = parseDeviceTime(deviceTime)
  if (told === undefined || Math.abs(told - receivedAt) > CLOCK_ABSURD) return { observedAt: receivedAt, clock: 'unknown' }
  const clockOffsetMs = told - receivedAt
  return Math.abs(clockOffsetMs) <= CLOCK_TOLERANCE
    ? { observedAt: told, clock: 'good', clockOffsetMs }
    : { observedAt: receivedAt, clock: 'drifting', clockOffsetMs }
}
