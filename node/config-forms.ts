/** The forms of values in `tiltas.yaml`, with words for people when a value is not so. */
import { z } from 'zod'
import { AGENCY_ID, type AgencyId } from '../protocol/identifiers.ts'
import { DIRECTIONS } from '../protocol/messages/vocabulary.ts'

/** The message of an unknown-key issue is the list of the keys that are known there; `describe` in config.ts reads it back. */
export const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, { error: issue => issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined })
export const text = (max: number) => z.string('is text: put it in quotes').min(1, 'is empty').max(max, `is longer than ${max} characters`)
export const named = <Id>(pattern: RegExp, example: string) => z.string('is text: put it in quotes').regex(pattern, `is written like ${example}`) as unknown as z.ZodType<Id>

export const agency = named<AgencyId>(AGENCY_ID, 'lv:state-police')
export const path = text(1024)
export const regime = z.enum(['LED', 'GDPR'])

/** Where a camera stands, as its messages may tell it. */
export const PLACE = {
  /** The opaque name that messages carry instead of a position. */
  siteRef: named<string>(/^[A-Za-z0-9_-]{1,32}$/, 'a7-north (1 to 32 letters, digits, _ or -)'),
  siteGroup: named<string>(/^[A-Za-z0-9_-]{1,32}$/, 'border (1 to 32 letters, digits, _ or -)'),
  nuts3: named<string>(/^[A-Z]{2}[0-9A-Z]{3}$/, 'LV005').optional(),
  municipality: named<string>(/^[A-Z]{2}-[A-Z0-9]{1,3}$/, 'LT-54').optional(),
  road: named<string>(/^[A-Z]{2}:[A-Z0-9]{1,6}$/, 'LV:A13').optional(),
  direction: z.enum(DIRECTIONS).default('unknown')
}
