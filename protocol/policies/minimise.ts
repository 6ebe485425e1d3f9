/**
 * From all that is known of a place to what a message may say of it. Minimising happens before signing, so the signature
 * covers exactly what leaves. There is no field for a position, so the finest that can leave is the road.
 */
import type { Area } from '../messages/message.ts'
import { PRECISIONS, type Precision } from '../messages/vocabulary.ts'

/** Where a match was seen, as far as it is known. */
export type MatchPlace = Omit<Area, 'precision'>

/** Whether `precision` is no finer than `limit`. */
export const isWithin = (precision: Precision, limit: Precision): boolean => PRECISIONS.indexOf(precision) <= PRECISIONS.indexOf(limit)

/** The area of a hit. `exact` is said as `road`, because nothing finer is told. Parts that are not known stay absent. */
export function minimiseArea (place: MatchPlace, obligations: { readonly precision: Precision }): Area {
  const precision = isWithin(obligations.precision, 'road') ? obligations.precision : 'road'
  const { nation, nuts3, municipality, road } = place
  return {
    precision,
    ...(nation !== undefined && isWithin('nation', precision) && { nation }),
    ...(nuts3 !== undefined && isWithin('nuts3', precision) && { nuts3 }),
    ...(municipality !== undefined && isWithin('municipality', precision) && { municipality }),
    ...(road !== undefined && isWithin('road', precision) && { road })
  }
}
