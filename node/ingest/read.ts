/**
 * The one form that every recognition ends in, whoever made it: our own recogniser, a generic delivery, a vendor's
 * message. A `PlateReport` is what an adapter understood of the vendor's words; `readOf` adds what only we know (which
 * camera that is, when it arrived, what the plate normalises to) and answers a read, or why there is none.
 * A read never leaves the node that made it; only a match does, and then only what a grant allows.
 */
import { derivedMessageId } from '../../protocol/bytes.ts'
import { nationOf, type AgencyId, type Digest, type MessageId, type NationId } from '../../protocol/identifiers.ts'
import type { Duration, Instant } from '../../protocol/instant.ts'
import type { Candidate } from '../../protocol/messages/message.ts'
import type { COLOURS, DIRECTIONS, VEHICLE_CLASSES } from '../../protocol/messages/vocabulary.ts'
import { normalisePlate } from '../hotlist/normalise.ts'
import { countryOf, type CountrySource } from '../hotlist/plate-formats.ts'
import { eventTimeOf, type ClockQuality } from './device-time.ts'
import { refuseDelivery, type IngestRefusal } from './refusals.ts'
import type { Camera, Source } from './source.ts'

export type Direction = typeof DIRECTIONS[number]
export interface Vehicle { readonly class?: typeof VEHICLE_CLASSES[number], readonly colour?: typeof COLOURS[number] }

/** Confidences are per mille. */
export interface Read {
  readonly readId: MessageId
  /** The source's id. */
  readonly source: string
  readonly cameraRef: string
  readonly siteRef: string, readonly siteGroup: string, readonly place: Candidate['place']
  readonly controller: AgencyId
  readonly observedAt: Instant
  /** As the device spelt it; empty when it sent none that can be kept. */
  readonly deviceTimeRaw: string
  readonly receivedAt: Instant
  readonly clock: ClockQuality, readonly clockOffsetMs?: Duration
  readonly plate: {
    readonly raw: string, readonly text: string
    readonly country?: NationId, readonly countryConfidence: number, readonly countrySource: CountrySource
  }
  readonly confidence: number
  /** One for each character of `plate.text`, else absent. */
  readonly charConfidences?: readonly number[]
  readonly direction: Direction
  readonly vehicle?: Vehicle
  /** SHA-256 over the body as it was delivered; of our own recogniser, the commitment to its frames. */
  readonly evidence: Digest | 'none'
  readonly vendor: string, readonly vendorEventId?: string
}

/** One recognition as a vendor told it, in our words and units, before any of it is believed. */
export interface PlateReport {
  readonly camera: string
  readonly rawPlate: string
  readonly country?: NationId, readonly countryConfidence?: number
  readonly confidence: number, readonly charConfidences?: readonly number[]
  readonly deviceTime: string
  /** Absent: the direction that the camera is configured with. */
  readonly direction?: Direction
  readonly vehicle?: Vehicle
  readonly vendorEventId?: string
  /** The vendor's JSON of this one recognition: the same words delivered again give the same readId. */
  readonly origin: string
}

/** What a delivery has in common. `idKey` is secret and random, so that a readId tells nothing of what it was derived from. */
export interface Delivery {
  readonly source: Source, readonly vendor: string, readonly receivedAt: Instant, readonly evidence: Digest | 'none', readonly idKey: string
}

export function readOf (report: PlateReport, delivery: Delivery): Read | IngestRefusal {
  const camera = delivery.source.cameras.find(({ id }) => id === report.camera)
  if (camera === undefined) return refuseDelivery('unknown-camera')
  if (report.rawPlate === '') return refuseDelivery('no-plate')
  const text = normalisePlate(report.rawPlate)
  return text === undefined ? refuseDelivery('bad-plate') : assembleRead(report, delivery, camera, text)
}

function assembleRead (report: PlateReport, delivery: Delivery, camera: Camera, text: string): Read {
  const { source, vendor, receivedAt, evidence, idKey } = delivery
  const guess = countryOf(text, report.country, report.countryConfidence, nationOf(source.controller))
  return {
    readId: derivedMessageId('read', idKey, source.id, vendor, report.origin),
    source: source.id, controller: source.controller,
    cameraRef: camera.id, siteRef: camera.siteRef, siteGroup: camera.siteGroup, place: camera.place,
    ...eventTimeOf(report.deviceTime, receivedAt), receivedAt, deviceTimeRaw: report.deviceTime,
    plate: { raw: report.rawPlate, text, country: guess.country, countryConfidence: guess.confidence, countrySource: guess.source },
    confidence: report.confidence,
    ...(report.charConfidences?.length === text.length ? { charConfidences: report.charConfidences } : {}),
    direction: report.direction ?? camera.direction,
    ...(report.vehicle === undefined ? {} : { vehicle: report.vehicle }),
    evidence, vendor,
    ...(report.vendorEventId === undefined ? {} : { vendorEventId: report.vendorEventId })
  }
}

/** A share between 0 and 1 as vendors tell it, in per mille. */
export const perMilleOf = (share: number): number => Math.round(share * 1000)
