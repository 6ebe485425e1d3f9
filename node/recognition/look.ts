/**
 * What is asked of a recogniser and what it answers: one picture in, the plates in it out, and a count of everything
 * that was seen and not believed. A look knows nothing of other pictures; that is what tracks are for.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import type { Corners } from './corners.ts'
import type { GrayImage } from './image.ts'

/** A point in per mille of the picture's width and height, from its top left. */
export type Point = readonly [x: number, y: number]
/** A polygon of at least three points; its last point is joined to its first. */
export type Polygon = readonly Point[]

export interface LookRequest {
  readonly camera: string
  /** When there are some, a plate counts only with its centre inside one of them. */
  readonly regions?: readonly Polygon[]
  /** A plate with its centre inside one of them is not looked at: the camera's own lettering, a signboard. */
  readonly masks?: readonly Polygon[]
  /** Nation of the camera: weighs where the picture leaves the country open. */
  readonly home?: NationId
  /** A single picture is looked at more closely, for small plates and doubtful ones, at several times the price of a frame of video. */
  readonly still?: boolean
}

/** What a character position may be, the likeliest first; shares of one. */
export interface CharacterGuess { readonly character: string, readonly probability: number }

export interface PlateLook {
  /** In pixels of the picture as it was given, clockwise from the plate's own top left. */
  readonly corners: Corners
  /** Of the detector, per mille. */
  readonly score: number
  /** Of the plate, in pixels of the picture. */
  readonly height: number
  readonly lines: 1 | 2
  /** Capital letters and digits, without separators; both lines of a two-line plate. */
  readonly text: string
  /** Per mille: the chance that the whole text is right. */
  readonly confidence: number
  /** Per mille, one for each character. */
  readonly charConfidences: readonly number[]
  /** For each character of the text what else it may be. */
  readonly positions: readonly (readonly CharacterGuess[])[]
  /** Absent when the plate does not show it surely enough. */
  readonly country?: NationId
  /** Per mille; 0 without a country. */
  readonly countryConfidence: number
}

/** Why something that looked like a plate was not answered. */
export const REJECT_REASONS = ['not-a-plate', 'low-confidence', 'too-small', 'cut-off', 'format', 'outside-region', 'masked', 'too-many'] as const
export type RejectReason = typeof REJECT_REASONS[number]
export type Rejected = { readonly [reason in RejectReason]: number }

export interface Look {
  /** Of the picture in pixels, as it is after its own rotation. */
  readonly width: number
  readonly height: number
  readonly plates: readonly PlateLook[]
  readonly rejected: Rejected
}

/** Looks at pictures; one that cannot be looked at is refused with a RecognitionError. */
export interface Recogniser {
  /** Encoded bytes (JPEG, PNG, WebP) or gray pixels. */
  look (picture: Uint8Array | GrayImage, request: LookRequest): Promise<Look>
}

/** Whether a point lies inside, by counting how many edges a ray to the right crosses. */
export function isInside ([x, y]: Point, polygon: Polygon): boolean {
  let inside = false
  polygon.forEach(([x0, y0], at) => {
    const [x1, y1] = polygon[(at + 1) % polygon.length]!
    if ((y0 > y) !== (y1 > y) && x < x0 + (x1 - x0) * (y - y0) / (y1 - y0)) inside = !inside
  })
  return inside
}
