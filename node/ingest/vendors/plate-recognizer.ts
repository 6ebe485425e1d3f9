/**
 * Plate Recognizer Stream's webhook (hook.event "recognition"): the JSON itself, or that JSON in a form field `json`,
 * urlencoded or multipart beside pictures. Vendors add fields at will, so unknown ones are ignored; what we use must
 * have the right type. Pictures are not read here: they count for the evidence digest and are dropped.
 *
 *   { hook: { event, id, filename },
 *     data: { camera_id, timestamp (UTC), results: [ { plate, score 0–1, region { code, score }, vehicle { type },
 *             color [ { color, score } ] } ] } }
 */
import { z } from 'zod'
import { NATION_ID, type NationId } from '../../../protocol/identifiers.ts'
import { fieldOf, READS_PER_DELIVERY_MAX, type ParsedDelivery } from '../generic.ts'
import { parseForeignJson } from '../json.ts'
import { perMilleOf, type PlateReport, type Vehicle } from '../read.ts'
import { refuseDelivery, type IngestRefusal } from '../refusals.ts'

/** Bytes: a body may carry two pictures. */
export const PLATE_RECOGNIZER_BYTES_MAX = 4 * 1024 * 1024

const share = z.number().min(0).max(1)
const recognition = z.object({
  plate: z.string().nullish(),
  score: share,
  region: z.object({ code: z.string(), score: share }).nullish(),
  vehicle: z.object({ type: z.string() }).nullish(),
  color: z.array(z.object({ color: z.string(), score: share })).nullish()
})
const message = z.object({
  hook: z.object({ event: z.string().optional(), filename: z.string().optional() }).optional(),
  data: z.object({ camera_id: z.string(), timestamp: z.string().optional(), results: z.array(z.unknown()).optional() })
})
type Recognition = z.infer<typeof recognition>
type Message = z.infer<typeof message>

const VEHICLES = new Map<string, Vehicle['class']>([
  ['sedan', 'car'], ['suv', 'car'], ['pickup truck', 'car'], ['van', 'van'], ['big truck', 'lorry'], ['bus', 'bus'], ['motorcycle', 'motorcycle']
])
const COLOURS = new Map<string, Vehicle['colour']>([
  ['black', 'black'], ['blue', 'blue'], ['brown', 'brown'], ['green', 'green'], ['red', 'red'], ['silver', 'silver'],
  ['white', 'white'], ['yellow', 'yellow'], ['orange', 'orange'], ['gray', 'grey'], ['grey', 'grey']
])
/** A colour below this score is a guess among eleven. */
const COLOUR_SCORE_MIN = 0.5

/** `contentType` is the request's header; it decides how the JSON is wrapped. */
export async function parsePlateRecognizer (body: Uint8Array, contentType: string): Promise<ParsedDelivery | IngestRefusal> {
  const parsed = message.safeParse(parseForeignJson(await unwrap(body, contentType)))
  if (!parsed.success) return refuseDelivery('malformed', fieldOf(parsed.error))
  const { results } = parsed.data.data
  if (results === undefined) return isRecognition(parsed.data) ? refuseDelivery('malformed', 'data.results') : { single: false, reports: [] }
  if (results.length > READS_PER_DELIVERY_MAX) return refuseDelivery('too-many-reads')
  return { single: false, reports: results.map(result => parseResult(result, parsed.data)) }
}

/** Heartbeats and the like come to the same address and carry no results. */
const isRecognition = ({ hook }: Message): boolean => (hook?.event ?? 'recognition') === 'recognition'

async function unwrap (body: Uint8Array, contentType: string): Promise<Uint8Array | string> {
  if (!/^(?:multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(contentType)) return body
  try {
    const form = await new Response(body, { headers: { 'content-type': contentType } }).formData()
    const field = form.get('json')
    return typeof field === 'string' ? field : ''
  } catch { return '' }
}

function parseResult (result: unknown, { hook, data }: Message): PlateReport | IngestRefusal {
  const parsed = recognition.safeParse(result)
  if (!parsed.success) return refuseDelivery('malformed', fieldOf(parsed.error))
  const { plate, score, region } = parsed.data
  const country = countryOfRegion(region?.code)
  return {
    camera: data.camera_id,
    rawPlate: plate ?? '',
    country, countryConfidence: country === undefined ? undefined : perMilleOf(region!.score),
    confidence: perMilleOf(score),
    deviceTime: printable(data.timestamp, 64) ?? '',
    vehicle: vehicleOf(parsed.data),
    vendorEventId: printable(hook?.filename, 120),
    origin: JSON.stringify([data.camera_id, data.timestamp, result])
  }
}

/** `lt`, `us-ca`: the country, then perhaps a region of it. */
function countryOfRegion (code: string | undefined): NationId | undefined {
  const country = (/^([a-z]{2})(?:-|$)/i.exec(code ?? '')?.[1] ?? '').toUpperCase()
  return NATION_ID.test(country) ? country as NationId : undefined
}

function vehicleOf ({ vehicle, color }: Recognition): Vehicle | undefined {
  const vehicleClass = VEHICLES.get(vehicle?.type.toLowerCase() ?? '')
  const best = color?.reduce((a, b) => b.score > a.score ? b : a, { color: '', score: 0 })
  const colour = best !== undefined && best.score >= COLOUR_SCORE_MIN ? COLOURS.get(best.color.toLowerCase()) : undefined
  if (vehicleClass === undefined && colour === undefined) return undefined
  return { ...(vehicleClass === undefined ? {} : { class: vehicleClass }), ...(colour === undefined ? {} : { colour }) }
}

/** Undefined unless it is short printable ASCII: what we keep beside a read must not carry anything else. */
const printable = (text: string | undefined, lengthMax: number): string | undefined =>
  text !== undefined && text.length > 0 && text.length <= lengthMax && /^[\x20-\x7E]*$/.test(text) ? text : undefined
