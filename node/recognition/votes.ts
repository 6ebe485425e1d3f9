/**
 * One text from many looks at the same plate. Looks whose texts are within one edit of each other are of one mind; the
 * mind with most weight wins, and within it each position is decided by the sum of log probabilities, so that ten
 * doubtful looks that lean the same way beat one that is sure of something else. A look weighs as much as its plate is
 * high and surely found: the near view outranks the far one whenever it came.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import type { CharacterGuess } from './look.ts'

/** What one look says, as far as a vote needs it. */
export interface Vote {
  readonly text: string
  readonly positions: readonly (readonly CharacterGuess[])[]
  /** Any positive number; only ratios count. */
  readonly weight: number
  readonly country?: NationId
  /** Per mille. */
  readonly countryConfidence: number
}

export interface Consensus {
  readonly text: string
  /** Per mille. */
  readonly confidence: number
  readonly charConfidences: readonly number[]
  readonly country?: NationId
  readonly countryConfidence: number
  /** The votes that say exactly this text, as places in the list. */
  readonly agreeing: readonly number[]
}

/** What a character weighs that a look did not think of at all. */
const UNTHOUGHT = 0.001
const COUNTRY_SHARE_MIN = 0.5

/** Characters that many plates draw alike count as the same when looks are compared. */
const folded = (text: string): string => text.replaceAll('O', '0').replaceAll('Q', '0').replaceAll('I', '1')

/** Whether the texts are the same, look-alikes aside. */
export const isSameText = (a: string, b: string): boolean => folded(a) === folded(b)

/** Whether one change, one character more or one less makes the texts the same, look-alikes aside. */
export function isWithinOneEdit (first: string, second: string): boolean {
  const [a, b] = first.length <= second.length ? [folded(first), folded(second)] : [folded(second), folded(first)]
  if (b.length - a.length > 1) return false
  let front = 0
  while (front < a.length && a[front] === b[front]) front++
  return a.length === b.length ? a.slice(front + 1) === b.slice(front + 1) : a.slice(front) === b.slice(front + 1)
}

/** Throws nothing; without votes there is no consensus. */
export function consensusOf (votes: readonly Vote[]): Consensus | undefined {
  const centre = heaviest(votes.map(({ text }) => ({ key: text, weight: weightOf(votes.filter(vote => isWithinOneEdit(text, vote.text))) })))
  if (centre === undefined) return undefined
  const minded = votes.filter(({ text }) => isWithinOneEdit(centre, text))
  const length = Number(heaviest(gathered(minded, ({ text }) => String(text.length))))
  const spelled = spell(minded, length, centre)
  const agreeing = votes.flatMap(({ text }, at) => text === spelled.text ? [at] : [])
  const share = weightOf(minded) / weightOf(votes)
  const confidence = spelled.shares.reduce((product, one) => product * one, share)
  return { text: spelled.text, confidence: perMille(confidence), charConfidences: spelled.shares.map(perMille), ...countryOf(minded), agreeing }
}

const perMille = (share: number): number => Math.min(Math.max(Math.round(share * 1000), 0), 1000)
const weightOf = (votes: readonly Vote[]): number => votes.reduce((sum, { weight }) => sum + weight, 0)

interface Weighted { readonly key: string, readonly weight: number }

function gathered (votes: readonly Vote[], keyOf: (vote: Vote) => string): Weighted[] {
  const weights = new Map<string, number>()
  for (const vote of votes) weights.set(keyOf(vote), (weights.get(keyOf(vote)) ?? 0) + vote.weight)
  return [...weights].map(([key, weight]) => ({ key, weight }))
}

/** The first of the heaviest. */
const heaviest = (all: readonly Weighted[]): string | undefined =>
  all.length === 0 ? undefined : all.reduce((most, one) => one.weight > most.weight ? one : most).key

/**
 * Each position's character and its share. Looks at one plate err alike, so n of them count as √n: their mean log
 * probability, times √n.
 */
function spell (votes: readonly Vote[], length: number, centre: string): { text: string, shares: number[] } {
  const guide = heaviest(gathered(votes.filter(({ text }) => text.length === length), ({ text }) => text)) ?? centre
  const lined = votes.map(vote => ({ weight: vote.weight, positions: linedUp(vote, guide) }))
  const scale = Math.sqrt(votes.length) / weightOf(votes)
  const chosen = Array.from({ length }, (_, at) => {
    const characters = new Set([guide[at]!, ...lined.flatMap(({ positions }) => (positions[at] ?? []).map(({ character }) => character))])
    const scores = [...characters].map(character => ({ character, score: scale * lined.reduce((sum, { weight, positions }) => sum + weight * logOf(positions[at], character), 0) }))
    const most = scores.reduce((top, one) => one.score > top.score ? one : top)
    return { character: most.character, share: 1 / scores.reduce((sum, { score }) => sum + Math.exp(score - most.score), 0) }
  })
  return { text: chosen.map(({ character }) => character).join(''), shares: chosen.map(({ share }) => share) }
}

/** A look that has no opinion on a position takes no part in it. */
const logOf = (guesses: readonly CharacterGuess[] | undefined, character: string): number =>
  guesses === undefined ? 0 : Math.log(Math.max(guesses.find(guess => guess.character === character)?.probability ?? 0, UNTHOUGHT))

/** A vote's positions at the guide's: of a text one shorter a position is left out, of one longer a position is skipped. */
function linedUp ({ text, positions }: Vote, guide: string): readonly (readonly CharacterGuess[] | undefined)[] {
  if (text.length === guide.length) return positions
  let front = 0
  while (front < text.length && front < guide.length && text[front] === guide[front]) front++
  return text.length > guide.length
    ? [...positions.slice(0, front), ...positions.slice(front + 1)]
    : [...positions.slice(0, front), undefined, ...positions.slice(front)]
}

function countryOf (votes: readonly Vote[]): Pick<Consensus, 'country' | 'countryConfidence'> {
  const all = weightOf(votes)
  const country = heaviest(gathered(votes.filter(vote => vote.country !== undefined).map(vote => ({ ...vote, weight: vote.weight * vote.countryConfidence })), vote => vote.country!))
  if (country === undefined) return { countryConfidence: 0 }
  const share = votes.reduce((sum, vote) => sum + (vote.country === country ? vote.weight * vote.countryConfidence / 1000 : 0), 0) / all
  return share < COUNTRY_SHARE_MIN ? { countryConfidence: 0 } : { country: country as NationId, countryConfidence: perMille(share) }
}
