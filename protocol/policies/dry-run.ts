/**
 * What a change of policy would have done to past traffic: every match, received hit and shared entry is decided twice by
 * the engine that enforces, under what is in force and under what would be, and the two answers are compared. It counts;
 * the only thing that it keeps of a case is its id, for a small sample. No plate is looked at.
 */
import { foresee, type Fate, type Sighting } from '../hits/foresee.ts'
import type { AgencyId } from '../identifiers.ts'
import { fromUnixSeconds } from '../instant.ts'
import type { HitMessage } from '../messages/message.ts'
import { HANDLING_CODES, PRECISIONS, type Category } from '../messages/vocabulary.ts'
import { idOfRef } from './change.ts'
import { PolicyEngine, type PolicyQuestion } from './decide.ts'
import type { Grant } from './grant.ts'

/** Cases that are shown one by one, without plates: those with the lowest ids, which are digests, so nobody picks them. */
export const DRY_RUN_SAMPLES_MAX = 20

export const DRY_RUN_CLASSES = ['same', 'newly-shared', 'more-detail', 'less'] as const
export type DryRunClass = typeof DRY_RUN_CLASSES[number]
/** In what two hits differ. A new purpose or basis counts as more: the receiver may do something new with it. */
export const DRY_RUN_ASPECTS = ['place', 'retention', 'handling', 'third-country', 'confirmation', 'purpose'] as const
export type DryRunAspect = typeof DRY_RUN_ASPECTS[number]

type Counts = { readonly [C in DryRunClass]: number }
export interface DryRunRow extends Counts { readonly what: 'hit-sent' | 'hit-received' | 'entry-shared', readonly partner: AgencyId, readonly category: Category | 'unknown' }
/** `before` and `after`: the place as closely as it would be told, `waits`, or why it is kept. */
export interface DryRunSample { readonly id: string, readonly partner: AgencyId, readonly category: Category | 'unknown', readonly class: DryRunClass, readonly before: string, readonly after: string }
export interface DryRunCounts {
  readonly total: Counts
  readonly rows: readonly DryRunRow[]
  readonly aspects: { readonly [A in DryRunAspect]: number }
  readonly samples: readonly DryRunSample[]
}

/** The moment at which both policies are compared: when everything that the change puts has begun. Unix seconds. */
export const comparedAt = (put: readonly Grant[], now: number): number => put.reduce((latest, { from }) => Math.max(latest, from), now)

/** What would be in force of one agency at that moment. `end` holds references. */
export function policiesAfter (policies: PolicyEngine, agency: AgencyId, { put, end }: { readonly put: readonly Grant[], readonly end: readonly string[] }, at: number): PolicyEngine {
  const touched = new Set<string>([...put.map(({ id }) => id), ...end.map(idOfRef)])
  const after = new PolicyEngine()
  for (const grant of [...policies.inForce(agency, at).filter(({ id }) => !touched.has(id)), ...put]) after.put(grant)
  return after
}

const RANKS = { kept: 0, waits: 1, told: 2 } as const
type Difference = { readonly aspect: DryRunAspect, readonly more: boolean }

/** Only what the policy decides can differ: both are made of the same match. */
function differences (before: HitMessage, after: HitMessage): Difference[] {
  const compared: [DryRunAspect, number][] = [
    ['place', PRECISIONS.indexOf(after.area.precision) - PRECISIONS.indexOf(before.area.precision)],
    ['retention', after.retainUntil - before.retainUntil],
    ['handling', HANDLING_CODES.indexOf(before.handling.code) - HANDLING_CODES.indexOf(after.handling.code)],
    ['third-country', Number(before.thirdCountry === 'prohibited') - Number(after.thirdCountry === 'prohibited')],
    ['purpose', Number(before.purpose !== after.purpose || before.legalBasis !== after.legalBasis || before.handling.text !== after.handling.text)]
  ]
  return compared.flatMap(([aspect, step]) => step === 0 ? [] : [{ aspect, more: step > 0 }])
}

interface Comparison { readonly class: DryRunClass, readonly aspects: readonly DryRunAspect[] }
const SAME: Comparison = { class: 'same', aspects: [] }

/** Where one thing is told more closely and another less, it counts as more. */
export function compareFates (before: Fate, after: Fate): Comparison {
  const step = RANKS[after.fate] - RANKS[before.fate]
  if (before.fate === 'kept' || after.fate === 'kept') return step === 0 ? SAME : { class: step > 0 ? 'newly-shared' : 'less', aspects: [] }
  const found: Difference[] = [...differences(before.hit, after.hit), ...(step === 0 ? [] : [{ aspect: 'confirmation', more: step > 0 } as const])]
  if (found.length === 0) return SAME
  return { class: found.some(({ more }) => more) ? 'more-detail' : 'less', aspects: found.map(({ aspect }) => aspect) }
}

const shown = (fate: Fate): string => fate.fate === 'kept' ? fate.because : fate.fate === 'waits' ? 'waits' : fate.hit.area.precision

/** One of the two policies with the hits that it would have told of each entry so far. */
interface Side { readonly policies: PolicyEngine, readonly hits: Map<string, number> }

export class DryRun {
  readonly #before: Side
  readonly #after: Side
  readonly #at: number
  readonly #rows = new Map<string, { -readonly [Key in keyof DryRunRow]: DryRunRow[Key] }>()
  readonly #aspects = Object.fromEntries(DRY_RUN_ASPECTS.map(aspect => [aspect, 0])) as { [A in DryRunAspect]: number }
  #samples: DryRunSample[] = []

  /** `at` in unix seconds: `comparedAt`. */
  constructor (before: PolicyEngine, after: PolicyEngine, at: number) {
    this.#before = { policies: before, hits: new Map() }
    this.#after = { policies: after, hits: new Map() }
    this.#at = at
  }

  /** In the order of arrival: whether a sighting is the first one depends on those before. `takenBack`: somebody rejected it, so it does not count as told. */
  addSighting (sighting: Omit<Sighting, 'hits'>, takenBack: boolean): void {
    const { entry, candidate } = sighting
    const key = `${entry.owner}/${entry.ref}`
    const before = this.#foresee(this.#before, key, sighting, takenBack)
    const after = this.#foresee(this.#after, key, sighting, takenBack)
    const compared = compareFates(before, after)
    this.#count('hit-sent', entry.owner, entry.category, compared)
    if (compared.class !== 'same') this.#sample({ id: candidate.id, partner: entry.owner, category: entry.category, class: compared.class, before: shown(before), after: shown(after) })
  }

  #foresee ({ policies, hits }: Side, key: string, sighting: Omit<Sighting, 'hits'>, takenBack: boolean): Fate {
    const told = hits.get(key) ?? 0
    const fate = foresee(policies, { ...sighting, hits: told }, fromUnixSeconds(this.#at))
    if (fate.fate === 'told' && !takenBack) hits.set(key, told + 1)
    return fate
  }

  /** What is only let through or not: a hit that came in, an entry that is shared. */
  addQuestion (what: 'hit-received' | 'entry-shared', question: PolicyQuestion): void {
    const [before, after] = [this.#before, this.#after].map(({ policies }) => policies.decide(question, this.#at).allowed)
    this.#count(what, question.partner, question.category ?? 'unknown', before === after ? SAME : { class: after === true ? 'newly-shared' : 'less', aspects: [] })
  }

  #count (what: DryRunRow['what'], partner: AgencyId, category: DryRunRow['category'], compared: Comparison): void {
    const key = `${what}|${partner}|${category}`
    const row = this.#rows.get(key) ?? { what, partner, category, 'same': 0, 'newly-shared': 0, 'more-detail': 0, 'less': 0 }
    row[compared.class]++
    this.#rows.set(key, row)
    for (const aspect of compared.aspects) this.#aspects[aspect]++
  }

  #sample (sample: DryRunSample): void {
    const last = this.#samples.at(-1)
    if (this.#samples.length === DRY_RUN_SAMPLES_MAX && last !== undefined && last.id <= sample.id) return
    this.#samples = [...this.#samples, sample].sort((a, b) => a.id < b.id ? -1 : 1).slice(0, DRY_RUN_SAMPLES_MAX)
  }

  result (): DryRunCounts {
    const rows = [...this.#rows].sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row)
    const total = Object.fromEntries(DRY_RUN_CLASSES.map(one => [one, rows.reduce((sum, row) => sum + row[one], 0)])) as unknown as Counts
    return { total, rows, aspects: { ...this.#aspects }, samples: this.#samples }
  }
}
