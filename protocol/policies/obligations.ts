/**
 * What a permitted message is bound to. When several grants permit, the strictest of each part wins; purpose and legal
 * basis come from the first by its reference, because one transfer has one purpose.
 */
import { TEXT_LENGTH_MAX } from '../limits.ts'
import { HANDLING_CODES, PRECISIONS, type HandlingCode, type Precision, type Purpose } from '../messages/vocabulary.ts'
import type { Grant } from './grant.ts'

export interface Obligations {
  readonly precision: Precision
  readonly retentionDays: number
  readonly handling: HandlingCode
  /** With H3 only. */
  readonly handlingText?: string
  /** Absent when texts in several languages were joined. */
  readonly handlingLang?: string
  readonly thirdCountry: Grant['thirdCountry']
  readonly furtherHits: boolean
  readonly purpose: Purpose
  readonly legalBasis: string
}

const first = <Value extends string>(order: readonly Value[], values: readonly Value[]): Value => order.find(value => values.includes(value))!

/** Every restriction that was said in words holds, so all of them travel. Undefined when they do not fit one message. */
function joinTexts (grants: readonly Grant[]): { handlingText?: string, handlingLang?: string } | undefined {
  const said = grants.filter(grant => grant.handlingText !== undefined)
  if (said.length === 0) return {}
  const handlingText = [...new Set(said.map(grant => grant.handlingText))].join(' / ')
  if (handlingText.length > TEXT_LENGTH_MAX) return undefined
  const languages = [...new Set(said.map(grant => grant.handlingLang))]
  return languages.length === 1 && languages[0] !== undefined ? { handlingText, handlingLang: languages[0] } : { handlingText }
}

/** `grants` in the order of their references, at least one. Undefined when their restrictions in words do not fit one message. */
export function strictestObligations (grants: readonly [Grant, ...Grant[]]): Obligations | undefined {
  const texts = joinTexts(grants)
  return texts && {
    precision: first(PRECISIONS, grants.map(grant => grant.precision)),
    retentionDays: Math.min(...grants.map(grant => grant.retentionDays)),
    handling: first([...HANDLING_CODES].reverse(), grants.map(grant => grant.handling)),
    ...texts,
    thirdCountry: first(['prohibited', 'prior-authorisation'], grants.map(grant => grant.thirdCountry)),
    furtherHits: grants.every(grant => grant.furtherHits),
    purpose: grants[0].purpose,
    legalBasis: grants[0].legalBasis
  }
}
