/**
 * What a camera makes of a passing vehicle: one to three looks within a second, some misread, dated by its own clock.
 * A wrong look says so by lower confidence more often than not, as real readers do; sometimes it is confidently wrong.
 */
import { HOUR, MINUTE, type Duration, type Instant } from '../../protocol/instant.ts'
import type { Camera } from './cameras.ts'
import type { Chance } from './chance.ts'
import type { Pass } from './traffic.ts'
import type { Vehicle } from './vehicles.ts'

export interface CameraRead {
  readonly camera: Camera
  readonly vehicle: Vehicle
  /** What the camera says it saw, without separators. */
  readonly text: string
  readonly misread: boolean
  /** The camera's opinion; absent when it has none. */
  readonly country?: string
  /** 0 to 1, two decimals. */
  readonly confidence: number
  readonly charConfidences: readonly number[]
  /** When it truly happened, ms since traffic began; the camera does not know it. */
  readonly at: number
  /** What the camera's clock showed, with its offset from UTC. */
  readonly deviceTime: string
  readonly eventId: string
}

/** Shares of looks; together they make the misread rate. */
export const MISREAD_SHARES = { 'look-alike': 0.018, 'wrong-character': 0.008, 'dropped-character': 0.006 } as const
type Misread = keyof typeof MISREAD_SHARES
const COUNTRY_MISSING_SHARE = 0.1
const LOOK_DISTANCE: readonly [Duration, Duration] = [120, 400]

const LOOK_ALIKES: { readonly [character: string]: string } = { 0: 'O', O: '0', D: '0', Q: 'O', 8: 'B', B: '8', 1: 'I', I: '1', 2: 'Z', Z: '2', 5: 'S', S: '5', 6: 'G', G: '6' }
const CHARACTERS = 'ABCDEFGHIJKLMNOPRSTUVXYZ0123456789'

const twoDecimals = (share: number): number => Math.round(share * 100) / 100
const fitsClass = { letter: /[A-Z]/, digit: /\d/ }

/** @returns the text with one fault, and where; undefined when the plate offers no place for this one. */
function spoil (plate: string, fault: Misread, chance: Chance): { text: string, at: number } | undefined {
  const replaced = (at: number, by: string) => ({ text: plate.slice(0, at) + by + plate.slice(at + 1), at })
  if (fault === 'dropped-character') return plate.length > 2 ? replaced(chance.pick([0, plate.length - 1, chance.below(plate.length)]), '') : undefined
  if (fault === 'look-alike') {
    const places = Array.from(plate, (_, at) => at).filter(at => LOOK_ALIKES[plate[at]!] !== undefined)
    return places.length === 0 ? undefined : replaced(...pairAt(plate, chance.pick(places)))
  }
  const at = chance.below(plate.length)
  const alike = fitsClass.digit.test(plate[at]!) ? fitsClass.digit : fitsClass.letter
  return replaced(at, chance.pick([...CHARACTERS].filter(other => other !== plate[at] && alike.test(other))))
}
const pairAt = (plate: string, at: number): [number, string] => [at, LOOK_ALIKES[plate[at]!]!]

function drawFault (chance: Chance): Misread | undefined {
  let left = chance.share()
  return (Object.keys(MISREAD_SHARES) as Misread[]).find(fault => (left -= MISREAD_SHARES[fault]) < 0)
}

/** One look at the plate. */
function look (plate: string, chance: Chance): Pick<CameraRead, 'text' | 'misread' | 'confidence' | 'charConfidences'> {
  const fault = drawFault(chance)
  const spoiled = fault && spoil(plate, fault, chance)
  const isCalm = spoiled === undefined || chance.happens(0.15)
  const charConfidences = [...(spoiled?.text ?? plate)].map(() => twoDecimals(chance.between(0.9, 0.99)))
  if (!isCalm) charConfidences[Math.min(spoiled!.at, charConfidences.length - 1)] = twoDecimals(chance.between(0.35, 0.75))
  const confidence = twoDecimals(isCalm ? chance.between(0.86, 0.99) : chance.between(0.45, 0.85))
  return { text: spoiled?.text ?? plate, misread: spoiled !== undefined, confidence, charConfidences }
}

/** RFC 3339 with the camera's own offset from UTC. */
export function deviceTimeOf ({ clock }: Camera, startedAt: Instant, at: number): string {
  const shown = startedAt + at + clock.offsetMs + clock.driftMsPerHour * at / HOUR
  const sign = clock.zone < 0 ? '-' : '+'
  const [hours, minutes] = [Math.floor(Math.abs(clock.zone) / 60), Math.abs(clock.zone) % 60].map(part => String(part).padStart(2, '0'))
  return new Date(shown + clock.zone * MINUTE).toISOString().replace('Z', `${sign}${hours}:${minutes}`)
}

/** `startedAt` is when traffic began; event ids are unique within one run of the demo. */
export function readsOf (pass: Pass, startedAt: Instant, chance: Chance): CameraRead[] {
  const looks = chance.pick([1, 1, 1, 1, 1, 1, 2, 2, 2, 3])
  const country = chance.happens(COUNTRY_MISSING_SHARE) ? undefined : pass.vehicle.country
  const event = `${pass.camera.id}-${Math.round(pass.at)}-${chance.below(1_000_000)}`
  let at = pass.at
  return Array.from({ length: looks }, (_, i): CameraRead => {
    if (i > 0) at += chance.between(...LOOK_DISTANCE)
    const { camera, vehicle } = pass
    return { camera, vehicle, at, ...look(vehicle.plate, chance), ...(country !== undefined && { country }), deviceTime: deviceTimeOf(camera, startedAt, at), eventId: `${event}-${i + 1}` }
  })
}
