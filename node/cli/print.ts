/**
 * How things look on a terminal. What came from elsewhere is escaped before it is shown, so that no message can move the
 * cursor, turn text around or hide a character. A hit shows first what to do, then how far to trust it.
 */
import { styleText } from 'node:util'
import { MINUTE, SECOND, fromUnixSeconds } from '../../protocol/instant.ts'
import type { Area, HitMessage } from '../../protocol/messages/message.ts'
import { STOP_ACTIONS, type Action } from '../../protocol/messages/vocabulary.ts'
import type { HitView, SentHitView } from '../console/service.ts'

// Controls, formats (bidi and zero width among them), line ends, halves of pairs, private and unassigned characters.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu

/** The text with every character that is not simply seen written as `\u{202e}`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, c => `\\u{${c.codePointAt(0)!.toString(16)}}`)

/** A template whose parts from elsewhere are escaped: `from ${agency}`. */
export const safe = (parts: TemplateStringsArray, ...values: readonly (string | number)[]): string =>
  parts.reduce((text, part, i) => text + printable(String(values[i - 1])) + part)

/** JSON in which nothing but visible characters stands; still the same JSON. */
export const printJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(UNPRINTABLE, c => c === '\n' ? c : [...Array(c.length).keys()].map(i => '\\u' + c.charCodeAt(i).toString(16).padStart(4, '0')).join(''))

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'inverse'
export type Painter = (style: Style, text: string) => string
/** Colours only for people: on a terminal, and unless NO_COLOR is set. */
export const createPainter = (colours: boolean): Painter => (style, text) => colours ? styleText(style, text, { validateStream: false }) : text

/** `12 s`, `5 min`, `3 h`, `4 days`. */
export function printSpan (milliseconds: number): string {
  const seconds = Math.floor(Math.abs(milliseconds) / SECOND)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`
}
export const printTime = (at: number): string => new Date(at).toISOString().replace('.000', '')
/** Clocks differ: a time that lies ahead is said to, not hidden. */
export const printAge = (at: number, now: number): string =>
  at <= now ? `${printSpan(now - at)} ago` : `${printSpan(at - now)} AHEAD of this clock`

const share = (perMille: number): string => `${(perMille / 10).toFixed(1)} %`

/** A person decides, never the message (Directive (EU) 2016/680 article 11): each line asks, in the words of the room. */
const ACTION_WORDS: { readonly [Name in Action]: string } = {
  'use-as-evidence': 'STOP: secure as evidence',
  'seize': 'STOP: seize',
  'specific-check': 'STOP: specific check of persons, vehicle and objects',
  'inquiry-check': 'STOP: inquiry check, question the persons',
  'discreet-check': 'DO NOT REVEAL: discreet check only',
  'observe-only': 'DO NOT STOP: observe only',
  'no-action': 'NO ACTION: report only'
}
const FRESH_MAX = 2 * MINUTE
const UNVERIFIED = 'UNVERIFIED: check the plate with your own eyes before you act'
const VERIFIED_BY = { 'person': 'verified by a person', 'agreeing-reads': 'verified by agreeing reads', 'none': 'verified by nobody' } as const

const printCountry = (hit: HitMessage): string => hit.plate.country === undefined ? 'unknown country' : safe`${hit.plate.country}`

function printArea (area: Area): string {
  const parts = [area.nation, area.nuts3, area.municipality, area.road].filter(part => part !== undefined)
  return parts.length === 0 ? 'not told' : safe`${parts.join(' · ')} (as precise as: ${area.precision})`
}

function printCertainty (hit: HitMessage): string {
  const match = hit.match === 'exact' ? 'exact match' : 'LOOK-ALIKE match: characters that resemble each other differ'
  const country = hit.plate.country === undefined ? 'country not read' : `country ${share(hit.plate.countryConfidence)}`
  return `read ${share(hit.confidence)}, ${country}, ${match}, ${VERIFIED_BY[hit.verification]}`
}

function printHeadline (hit: HitMessage, state: string, because: string | undefined, paint: Painter): string {
  if (state.startsWith('withdraw')) return paint('inverse', safe`WITHDRAWN: do not act on it (${because ?? 'no reason given'})`)
  return paint(STOP_ACTIONS.includes(hit.action) ? 'red' : 'bold', ACTION_WORDS[hit.action])
}

/** Everything but the two ends: who sent it, and what became of it. */
function printFacts (hit: HitMessage, now: number, paint: Painter): string[] {
  const seen = fromUnixSeconds(hit.observedAt)
  const clock = hit.clock === 'good' ? '' : `, camera clock ${hit.clock}`
  const label = (name: string, text: string): string => `  ${paint('dim', name.padEnd(9))} ${text}`
  const vehicle = [hit.vehicle?.colour, hit.vehicle?.class].filter(part => part !== undefined)
  const handling = hit.handling.text === undefined ? '' : safe`: ${hit.handling.text}`
  return [
    `  ${paint('bold', `${printCountry(hit)}  ${safe`${hit.plate.text}`}`)}${vehicle.length > 0 ? safe`  ${vehicle.join(' ')}` : ''}`,
    ...(hit.verification === 'none' ? [`  ${paint('yellow', UNVERIFIED)}`] : []),
    ...(fromUnixSeconds(hit.exp) <= now ? [`  ${paint('yellow', 'OUT OF DATE: its time has passed')}`] : []),
    label('certain', printCertainty(hit)),
    label('seen', paint(now - seen <= FRESH_MAX && now >= seen ? 'green' : 'yellow', `seen ${printAge(seen, now)}`) + ` (${printTime(seen)}${clock})`),
    label('area', `${printArea(hit.area)}, ${hit.direction === 'unknown' ? 'direction unknown' : hit.direction}`),
    label('entry', safe`${hit.entryRef}, sighting ${hit.ordinal}, revision ${hit.revision}`),
    label('grant', safe`${hit.policy.grant}, ${hit.legalBasis}, for ${hit.purpose}`),
    label('handling', safe`${hit.handling.code}` + handling + safe`, evaluation ${hit.evaluation}, third countries: ${hit.thirdCountry}, erase by ${printTime(fromUnixSeconds(hit.retainUntil))}`)
  ]
}

const EXERCISE_LINE = 'EXERCISE EXERCISE EXERCISE: nothing in it is real'
/** Every line says so, so that none can be quoted without it. */
function frameExercise (lines: readonly string[], paint: Painter): string[] {
  const border = paint('inverse', EXERCISE_LINE)
  return [border, ...lines.map(line => `${paint('inverse', 'EXERCISE')} | ${line}`), border]
}

export function printHit (view: HitView, now: number, paint: Painter): string {
  const { hit } = view
  const lines = [
    printHeadline(hit, view.state, view.withdrawnBecause, paint),
    ...printFacts(hit, now, paint),
    `  ${paint('dim', 'from'.padEnd(9))} ${safe`${hit.iss} to ${hit.aud}, received ${printAge(view.receivedAt, now)}, log leaf ${view.leafIndex}, hit ${hit.hitId}`}`
  ]
  return (hit.exercise === true ? frameExercise(lines, paint) : lines).join('\n')
}

export function printSentHit (view: SentHitView, now: number, paint: Painter): string {
  const { hit } = view
  const answer = view.refusal !== undefined ? safe`refused: ${view.refusal}` : view.receiptIndex !== undefined ? safe`receipt at their leaf ${view.receiptIndex}` : safe`${view.state}`
  const lines = [
    printHeadline(hit, view.state, 'by us', paint),
    ...printFacts(hit, now, paint),
    `  ${paint('dim', 'to'.padEnd(9))} ${safe`${view.sentTo}, ${answer}, log leaf ${view.leafIndex}, hit ${hit.hitId}, candidate ${view.candidate}`}`
  ]
  return (hit.exercise === true ? frameExercise(lines, paint) : lines).join('\n')
}

/** Columns as wide as their widest cell; cells are escaped here. */
export function printTable (heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [heads, ...rows].map(row => row.map(cell => printable(String(cell))))
  const widths = heads.map((_, i) => Math.max(...cells.map(row => row[i]!.length)))
  return cells.map(row => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()).join('\n')
}
