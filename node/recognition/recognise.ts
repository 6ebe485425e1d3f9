/**
 * One picture from pixels to a look: detect, leave out what lies outside the regions, read, and keep only what is
 * surely enough a plate. What is left out is counted by its reason; nothing is dropped without one.
 *
 * A small still in the shape of a plate may be a patch that a camera cut out itself: it is read as it is.
 *
 * The gates: the reader says it is a plate, the whole text is surer than CONFIDENCE_MIN, the text can be one of a
 * plate's at all. None of them asks for a country's format: owners' own texts fit none.
 */
import { boxOf, centreOf, heightOf, scaled, widthOf, type Corners } from './corners.ts'
import { detectPlates, type Detection } from './detect.ts'
import type { GrayImage } from './image.ts'
import { REJECT_REASONS, isInside, type Look, type LookRequest, type PlateLook, type RejectReason } from './look.ts'
import type { Models } from './models.ts'
import { readPlates, wholePicture, type Reading } from './reader.ts'

/** Of one picture; the surest are kept. */
export const PLATES_MAX = 24
/** In pixels of the picture: smaller writing is guessed, not read. */
export const PLATE_HEIGHT_MIN = 8
export const PLATE_WIDTH_MIN = 20
/**
 * A plate that the picture's edge cuts off reads as a shorter one, and is often placed just within the edge. So much of its
 * height must be left to the sides, and no more than so much of it may lie beyond the other edges.
 */
const SIDE_MIN = 0.5
const CUT_OFF_MAX = 0.03
/** In pixels: a small still in the shape of a plate is taken for one; whether it is, the reader says. */
const PATCH_WIDTH_MAX = 600
/** Shares of one. */
export const PLATE_SHARE_MIN = 0.5
export const CONFIDENCE_MIN = 0.4
const TEXT_LENGTH_MIN = 2
const TEXT_LENGTH_MAX = 10

/** How the look's picture was given: `image` may be a smaller copy of it. */
export interface Picture { readonly image: GrayImage, readonly width: number, readonly height: number }

export async function recognise (models: Models, picture: Picture, request: LookRequest): Promise<Look> {
  const { image, width, height } = picture
  const rejected = Object.fromEntries(REJECT_REASONS.map(reason => [reason, 0])) as { [reason in RejectReason]: number }
  const found = (await detectPlates(models, image, request)).filter(({ corners }, at) => {
    const reason = at >= PLATES_MAX ? 'too-many' : refusalOfPlace(corners, image, request)
    if (reason !== undefined) rejected[reason]++
    return reason === undefined
  })
  const isLeftOut = rejected.masked + rejected['outside-region'] > 0
  if (found.length === 0 && !isLeftOut && request.still === true && isPatch(image)) found.push({ corners: wholePicture(image), score: models.about.detector.threshold })
  const readings = await readPlates(models, image, found.map(({ corners }) => corners), request)
  const plates = found.flatMap((detection, at): PlateLook[] => {
    const reading = readings[at]!
    const reason = refusalOfReading(reading)
    if (reason !== undefined) rejected[reason]++
    return reason === undefined ? [plateLookOf(detection, reading, scaled(detection.corners, width / image.width, height / image.height))] : []
  })
  return { width, height, plates, rejected }
}

function refusalOfPlace (corners: Corners, image: GrayImage, { regions = [], masks = [] }: LookRequest): RejectReason | undefined {
  if (heightOf(corners) < PLATE_HEIGHT_MIN || widthOf(corners) < PLATE_WIDTH_MIN) return 'too-small'
  if (!isPatch(image) && isCutOff(corners, image)) return 'cut-off'
  const [x, y] = centreOf(corners)
  const centre = [x / image.width * 1000, y / image.height * 1000] as const
  if (masks.some(mask => isInside(centre, mask))) return 'masked'
  return regions.length > 0 && !regions.some(region => isInside(centre, region)) ? 'outside-region' : undefined
}

/** Many cameras send the plate itself, cut out: there is nothing around it to find it by. */
function isPatch ({ width, height }: GrayImage): boolean {
  const shape = width / height
  return (width <= PATCH_WIDTH_MAX && shape >= 2.5 && shape <= 7) || (width <= PATCH_WIDTH_MAX / 3 && shape >= 1 && shape < 2.5)
}

function isCutOff (corners: Corners, { width, height }: GrayImage): boolean {
  const [left, top, right, bottom] = boxOf(corners)
  const [side, along] = [heightOf(corners) * SIDE_MIN, (bottom - top) * CUT_OFF_MAX]
  return left < side || right > width - side || top < -along || bottom > height + along
}

/** Why a reading is not answered; nothing when it is. */
export function refusalOfReading ({ plate, text, confidence }: Pick<Reading, 'plate' | 'text' | 'confidence'>): RejectReason | undefined {
  if (plate < PLATE_SHARE_MIN) return 'not-a-plate'
  if (text.length < TEXT_LENGTH_MIN || text.length > TEXT_LENGTH_MAX) return 'format'
  return confidence < CONFIDENCE_MIN ? 'low-confidence' : undefined
}

const perMille = (share: number): number => Math.min(Math.max(Math.round(share * 1000), 0), 1000)

function plateLookOf ({ score }: Detection, reading: Reading, corners: Corners): PlateLook {
  const { lines, text, confidence, charConfidences, positions, country, countryConfidence } = reading
  return {
    corners, score: perMille(score), height: Math.round(heightOf(corners)), lines, text,
    confidence: perMille(confidence), charConfidences: charConfidences.map(perMille), positions,
    ...(country === undefined ? {} : { country }), countryConfidence: perMille(countryConfidence)
  }
}

