/**
 * Our own form of a read, for vendors without an adapter: `POST /ingest/reads`, one object or an array of up to
 * READS_PER_DELIVERY_MAX. Because we define it, an unknown field is a mistake and is refused, read by read.
 */
import { z } from 'zod'
import { RAW_PLATE_LENGTH_MAX } from '../../protocol/limits.ts'
import { nationId } from '../../protocol/messages/message.ts'
import { COLOURS, DIRECTIONS, VEHICLE_CLASSES } from '../../protocol/messages/vocabulary.ts'
import { parseForeignJson } from './json.ts'
import { perMilleOf, type PlateReport } from './read.ts'
import { refuseDelivery, type IngestRefusal } from './refusals.ts'

export const READS_PER_DELIVERY_MAX = 200
/** Bytes. */
export const DELIVERY_BYTES_MAX = 256 * 1024

/** Between 0 and 1. */
const share = z.number().min(0).max(1)
const printable = (lengthMax: number): z.ZodString => z.string().regex(/^[\x20-\x7E]*$/).max(lengthMax)

export const genericRead = z.strictObject({
  camera: z.string().min(1).max(64),
  /** As the camera read it. Its length is judged with its characters, as a plate. */
  plate: z.string(),
  country: nationId.optional(),
  countryConfidence: share.optional(),
  confidence: share,
  charConfidences: z.array(share).max(RAW_PLATE_LENGTH_MAX).optional(),
  /** RFC 3339 with offset. */
  deviceTime: printable(40),
  direction: z.enum(DIRECTIONS).optional(),
  vehicle: z.strictObject({ class: z.enum(VEHICLE_CLASSES).optional(), colour: z.enum(COLOURS).optional() }).optional(),
  eventId: printable(64).min(1).optional()
})
export type GenericRead = z.infer<typeof genericRead>

/** What an adapter understood of one delivery: `single` when its sender thinks of it as one read and wants one answer. */
export interface ParsedDelivery { readonly single: boolean, readonly reports: readonly (PlateReport | IngestRefusal)[] }

export function parseGeneric (body: Uint8Array): ParsedDelivery | IngestRefusal {
  const value = parseForeignJson(body)
  if (typeof value !== 'object' || value === null) return refuseDelivery('malformed')
  if (!Array.isArray(value)) return { single: true, reports: [parseGenericRead(value)] }
  if (value.length > READS_PER_DELIVERY_MAX) return refuseDelivery('too-many-reads')
  return value.length === 0 ? refuseDelivery('malformed') : { single: false, reports: value.map(parseGenericRead) }
}

function parseGenericRead (item: unknown): PlateReport | IngestRefusal {
  const parsed = genericRead.safeParse(item)
  if (!parsed.success) return refuseDelivery('malformed', fieldOf(parsed.error))
  const { camera, plate, country, countryConfidence, confidence, charConfidences, deviceTime, direction, vehicle, eventId } = parsed.data
  return {
    camera, rawPlate: plate, country, deviceTime, direction, vehicle,
    countryConfidence: countryConfidence === undefined ? undefined : perMilleOf(countryConfidence),
    confidence: perMilleOf(confidence),
    charConfidences: charConfidences?.map(perMilleOf),
    vendorEventId: eventId,
    origin: JSON.stringify(item)
  }
}

/** Names of our own schema and positions only: a sender's own keys are not repeated. */
export function fieldOf (error: z.ZodError): string | undefined {
  const path = error.issues[0]?.path ?? []
  return path.length === 0 ? undefined : path.map(String).join('.')
}
