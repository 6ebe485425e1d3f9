/**
 * Reads the plates of one picture. Each is cut out straight, with a margin, as the reader was trained to see it; the
 * first look says whether it is a plate at all, of which country, and of how many lines. A plate of two lines is cut
 * into its halves, which overlap, and each half is read as a line of its own; whether it is one is the reader's to say,
 * never the shape's. All plates of a picture go through the network together.
 *
 * On a still, a plate that is read doubtfully is cut out again, a little larger and smaller each way, for its corners are
 * never exact; the surest reading stands. Of video the next frame is that other look, and costs nothing more.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import { cornersOf, grown, rowsOf, type Corners } from './corners.ts'
import { columnsOf, guessesOf, sharesOf, spellingsOf, type Columns, type Spelling } from './ctc.ts'
import type { GrayImage } from './image.ts'
import { countrySharesOf, judge, type CountryShare, type Judgement } from './judge.ts'
import type { CharacterGuess } from './look.ts'
import { KINDS, NETWORK_VALUES, READER_HEIGHT, READER_WIDTH, type Models, type Readings } from './models.ts'
import { rectify } from './resample.ts'

/** Around a plate's outline, on each side, as a share of its width and height. */
const MARGIN_ACROSS = 0.04
const MARGIN_ALONG = 0.08
/** Where the upper line of two ends and the lower one begins, as shares of the height. */
const UPPER_END = 0.54
const LOWER_START = 0.44
const SPELLINGS_MAX = 16
/** Shares of one: a plate read less surely is cut out again, unless it hardly is one. */
const SURE_MIN = 0.9
const PLATE_MIN = 0.2
/** Of one picture: more doubtful plates than that are a crowd far away. */
const AGAIN_MAX = 6
/** What is added on each side, across and along. */
const OTHER_CUTS = [[-0.03, 0], [0.04, 0], [0, -0.07], [0, 0.08]] as const

export interface Reading extends Judgement {
  /** Share of one: that it is a plate at all. */
  readonly plate: number
  readonly lines: 1 | 2
  /** For each character what else it may be. */
  readonly positions: readonly (readonly CharacterGuess[])[]
}

export interface ReadingWishes { readonly home?: NationId, readonly still?: boolean }

/** What one view through the network says, in shares of one. */
interface View { readonly columns: Columns, readonly kind: Float64Array, readonly countries: readonly CountryShare[] }

/** Corners whose margin ends where the picture does: for a picture that is a tight crop of one plate. */
export function wholePicture ({ width, height }: GrayImage): Corners {
  const [x, y] = [width * MARGIN_ACROSS / (1 + 2 * MARGIN_ACROSS), height * MARGIN_ALONG / (1 + 2 * MARGIN_ALONG)]
  return cornersOf([x, y, width - x, height - y])
}

/** One reading for each place, in their order. */
export async function readPlates (models: Models, image: GrayImage, places: readonly Corners[], { home, still = false }: ReadingWishes = {}): Promise<Reading[]> {
  const readings = await readCuts(models, image, places, home)
  if (!still) return readings
  const doubtful = readings.flatMap(({ confidence, plate }, at) => confidence < SURE_MIN && plate >= PLATE_MIN ? [at] : []).slice(0, AGAIN_MAX)
  const again = await readCuts(models, image, doubtful.flatMap(at => OTHER_CUTS.map(([across, along]) => grown(places[at]!, across, along))), home)
  doubtful.forEach((at, place) => {
    const others = again.slice(place * OTHER_CUTS.length, (place + 1) * OTHER_CUTS.length)
    readings[at] = others.reduce((best, other) => other.confidence * other.plate > best.confidence * best.plate ? other : best, readings[at]!)
  })
  return readings
}

async function readCuts (models: Models, image: GrayImage, places: readonly Corners[], home: NationId | undefined): Promise<Reading[]> {
  const wholes = places.map(place => grown(place, MARGIN_ACROSS, MARGIN_ALONG))
  const views = await viewsOf(models, image, wholes)
  const lines = views.map(({ kind }) => kind[2]! > kind[1]! ? 2 : 1)
  const halves = await viewsOf(models, image, wholes.filter((_, at) => lines[at] === 2).flatMap(whole => [rowsOf(whole, 0, UPPER_END), rowsOf(whole, LOWER_START, 1)]))
  return views.map((view, at) => readingOf(view, lines[at] === 2 ? halves.splice(0, 2) : [view], home))
}

async function viewsOf (models: Models, image: GrayImage, places: readonly Corners[]): Promise<View[]> {
  if (places.length === 0) return []
  const plates = new Float32Array(places.length * READER_HEIGHT * READER_WIDTH)
  places.forEach((place, at) => {
    const { data } = rectify(image, place, READER_WIDTH, READER_HEIGHT)
    for (let pixel = 0, to = at * data.length; pixel < data.length; pixel++) plates[to++] = NETWORK_VALUES[data[pixel]!]!
  })
  const readings = await models.read(plates, places.length)
  return places.map((_, at) => viewOf(models, readings, at))
}

function viewOf ({ about: { reader: { countries, temperature } } }: Models, { characters, country, kind }: Readings, at: number): View {
  return {
    columns: columnsOf(characters, at, temperature.characters),
    kind: sharesOf(kind, at * KINDS.length, KINDS.length, temperature.kind),
    countries: countrySharesOf(sharesOf(country, at * (countries.length + 1), countries.length + 1, temperature.country), countries)
  }
}

function readingOf (whole: View, lines: readonly View[], home: NationId | undefined): Reading {
  const spelled = lines.map(({ columns }) => spellingsOf(columns))
  const judgement = judge(spelled.reduce(joined), whole.countries, home)
  return { ...judgement, plate: 1 - whole.kind[0]!, lines: lines.length === 2 ? 2 : 1, positions: positionsOf(lines, spelled, judgement) }
}

/** The upper line, then the lower one. */
const joined = (upper: readonly Spelling[], lower: readonly Spelling[]): Spelling[] =>
  upper.flatMap(first => lower.map(second => ({ text: first.text + second.text, probability: first.probability * second.probability })))
    .sort((a, b) => b.probability - a.probability).slice(0, SPELLINGS_MAX)

/** What the columns say, with what the format added: the answered character never counts for less than its confidence. */
function positionsOf (lines: readonly View[], spelled: readonly (readonly Spelling[])[], { text, charConfidences }: Judgement): CharacterGuess[][] {
  const guesses = lines.flatMap(({ columns }, line) => guessesOf(columns, partOf(text, spelled, line)))
  return [...text].map((character, at) => {
    const seen = guesses[at] ?? []
    const own = seen.find(guess => guess.character === character)?.probability ?? 0
    const sure = Math.max(own, charConfidences[at]!)
    const others = seen.filter(guess => guess.character !== character)
    const share = own < 1 ? (1 - sure) / (1 - own) : 0
    return [{ character, probability: sure }, ...others.map(guess => ({ character: guess.character, probability: guess.probability * share }))]
  })
}

/** The text's part on one line. */
function partOf (text: string, spelled: readonly (readonly Spelling[])[], line: number): string {
  if (spelled.length === 1) return text
  const [upper = [], lower = []] = spelled
  const first = upper.find(({ text: start }) => text.startsWith(start) && lower.some(end => start + end.text === text))?.text ?? ''
  return line === 0 ? first : text.slice(first.length)
}
