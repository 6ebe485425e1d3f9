/**
 * `tiltas read`: reads plates off pictures and video, with no node and no config; to try a camera's view, or recognition
 * itself. What it reads goes to the terminal and nowhere else: no log, no store, no hit.
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { NATION_ID, type NationId } from '../../../protocol/identifiers.ts'
import { RecognitionError } from '../../recognition/errors.ts'
import type { CharacterGuess, Look, LookRequest, PlateLook, Recogniser } from '../../recognition/look.ts'
import { createPool } from '../../recognition/pool.ts'
import { advance, createTracks, finish, type TrackRead } from '../../recognition/tracks.ts'
import { CliError, EXIT, defineCommand, usageError, type Context, type Exit } from '../command.ts'
import { printTable, safe } from '../print.ts'
import { drawLook } from './read-drawing.ts'
import { sourcesOf, type Source } from './read-sources.ts'

const FRAMES_PER_SECOND = 5
const FRAMES_PER_SECOND_MAX = 60
/** Per mille; a character below it is marked, with what else it may be. */
const DOUBTFUL = 900
/** Pictures between two lines of progress. */
const PROGRESS_EVERY = 25

export const read = defineCommand({
  name: 'read',
  summary: 'read plates off pictures or video; needs no node, keeps nothing',
  positionals: ['SOURCE...'],
  options: {
    home: { type: 'string', value: 'NATION', help: 'nation of the camera, like LV: weighs where a plate leaves its country open' },
    show: { type: 'string', value: 'OUT.png', help: 'write the picture with numbered outlines around its plates (one picture only)' },
    fps: { type: 'string', value: 'N', help: `frames looked at in a second of video (else ${FRAMES_PER_SECOND})` },
    'single-shot': { type: 'boolean', help: 'video: tell plates that were seen only once, too' },
    models: { type: 'string', value: 'DIR', help: 'other models than those that come with tiltas' }
  },
  notes: [
    'SOURCE: a picture (JPEG, PNG, WebP), a folder of pictures, an http(s) address of a picture, a video file, an rtsp address.',
    'Video needs ffmpeg. Exit code 1 when something could not be looked at; finding no plate is no error.'
  ],
  async run (context) {
    const asked = askedOf(context)
    const sources = await sourcesOf(context.positionals)
    if (asked.show !== undefined && (sources.length !== 1 || sources[0]!.kind !== 'picture')) throw usageError('--show draws one picture.', 'Name one picture with it.')
    await using pool = createPool({ workers: sources.length === 1 && sources[0]!.kind === 'picture' ? 1 : availableParallelism(), ...(asked.models === undefined ? {} : { models: asked.models }) })
    const results: Result[] = []
    const pictures = sources.filter(source => source.kind === 'picture')
    for (const source of sources.filter(source => source.kind === 'video')) results.push(await watch(source, pool, asked, context))
    results.push(...await lookAtAll(pictures, pool, asked, context))
    context.answer(results.length === 1 ? results[0] : results, () => printResults(results, context))
    return results.some(result => result.error !== undefined) ? EXIT.failed : EXIT.ok
  }
})

interface Asked { readonly home?: NationId, readonly show?: string, readonly models?: string, readonly fps: number, readonly singleShot: boolean }

interface Failure { readonly code: string, readonly message: string }
interface Result {
  readonly source: string
  readonly look?: Look
  /** Of a video: one for each vehicle. */
  readonly reads?: readonly TrackRead[]
  readonly frames?: number
  readonly error?: Failure
}

function askedOf (context: Context): Asked {
  const [home, show, models, fps] = ['home', 'show', 'models', 'fps'].map(name => context.text(name))
  const nation = home?.toUpperCase() as NationId | undefined
  if (nation !== undefined && !NATION_ID.test(nation)) throw usageError('--home is a nation of two letters, like LV.')
  const rate = Number(fps ?? FRAMES_PER_SECOND)
  if (!(rate > 0 && rate <= FRAMES_PER_SECOND_MAX)) throw usageError(`--fps is a number up to ${FRAMES_PER_SECOND_MAX}.`)
  return { ...(nation === undefined ? {} : { home: nation }), ...(show === undefined ? {} : { show }), ...(models === undefined ? {} : { models }), fps: rate, singleShot: context.flag('single-shot') }
}

// ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** As many at a time as there are workers; answers stay in order. */
async function lookAtAll (sources: readonly (Source & { kind: 'picture' })[], pool: ReturnType<typeof createPool>, asked: Asked, { io }: Context): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  let done = 0
  const lane = async (camera: string): Promise<void> => {
    while (next < sources.length && !io.stopped.aborted) {
      const at = next++
      results[at] = await lookAt(sources[at]!, pool, asked, camera)
      if (++done % PROGRESS_EVERY === 0 && done < sources.length) io.err(`${done} of ${sources.length} pictures\n`)
    }
  }
  await Promise.all(Array.from({ length: pool.counts().workers }, (_, at) => lane(`lane-${at}`)))
  return results.filter(result => result !== undefined)
}

async function lookAt ({ name, open }: Source & { kind: 'picture' }, recogniser: Recogniser, asked: Asked, camera: string): Promise<Result> {
  try {
    const bytes = await open()
    const look = await recogniser.look(bytes, requestOf(asked, camera, true))
    if (asked.show !== undefined) await show(asked.show, bytes, look)
    return { source: name, look }
  } catch (error) { return { source: name, error: failureOf(error) } }
}

const requestOf = ({ home }: Asked, camera: string, still: boolean): LookRequest => ({ camera, still, ...(home === undefined ? {} : { home }) })

function failureOf (error: unknown): Failure {
  if (error instanceof RecognitionError || error instanceof CliError) return { code: error.code, message: error.message }
  const { code, message } = error as { code?: unknown, message?: unknown }
  return { code: typeof code === 'string' ? code : 'failed', message: typeof message === 'string' ? message : 'failed' }
}

async function show (path: string, bytes: Uint8Array, look: Look): Promise<void> {
  const { decodePicture, drawOver } = await import('../../adapters/sharp-pictures.ts')
  const { image } = await decodePicture(bytes)
  const drawn = await drawOver(image, drawLook(look))
  await writeFile(path, drawn, { mode: 0o600 }).catch((cause: unknown) => { throw new CliError(EXIT.failed, 'unwritable', `the drawing cannot be written: ${(cause as Error).message}`, { cause }) })
}

// ── video ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The last word about each vehicle. A vehicle is printed as soon as it has left, for a stream may never end. */
async function watch ({ name, input }: Source & { kind: 'video' }, recogniser: Recogniser, asked: Asked, context: Context): Promise<Result> {
  const reads = new Map<number, TrackRead>()
  let tracks = createTracks({ singleShot: asked.singleShot })
  let count = 0
  const tell = (some: readonly TrackRead[]): void => {
    for (const found of some) {
      reads.set(found.trackId, found)
      if (found.phase === 'final' && !context.json) context.io.out(printRead(found, context) + '\n')
    }
  }
  try {
    for await (const { at, look } of looksOf(input, recogniser, asked, context)) {
      const advanced = advance(tracks, { frame: ++count, plates: look.plates }, at)
      tracks = advanced.state
      tell(advanced.reads)
      if (count % (PROGRESS_EVERY * 4) === 0) context.io.err(`${count} frames, ${reads.size} vehicles\n`)
    }
  } catch (error) { return { source: name, reads: [...reads.values()], frames: count, error: videoFailureOf(error) } }
  tell(finish(tracks).reads)
  return { source: name, reads: [...reads.values()], frames: count }
}

const EMPTY_LOOK: Pick<Look, 'plates'> = { plates: [] }

/** Looks in the order of their frames, with as many under way as there are workers. A frame that cannot be looked at shows nothing. */
async function * looksOf (input: string, recogniser: Recogniser, asked: Asked, { io }: Context): AsyncGenerator<{ at: number, look: Pick<Look, 'plates'> }> {
  const [{ frames }, { systemClock }] = await Promise.all([import('../../adapters/ffmpeg-frames.ts'), import('../../adapters/system-clock.ts')])
  const underWay: { at: number, look: Promise<Pick<Look, 'plates'>> }[] = []
  let number = 0
  const width = Math.max(availableParallelism(), 1)
  for await (const { at, ...image } of frames(input, { fps: asked.fps, signal: io.stopped, clock: systemClock })) {
    const camera = `lane-${number++ % width}`
    underWay.push({ at, look: recogniser.look(image, requestOf(asked, camera, false)).catch((error: unknown) => { if (isModelError(error)) throw error; return EMPTY_LOOK }) })
    if (underWay.length >= width) { const first = underWay.shift()!; yield { at: first.at, look: await first.look } }
  }
  for (const { at, look } of underWay) yield { at, look: await look }
}

const isModelError = (error: unknown): boolean => error instanceof RecognitionError && error.code.startsWith('model-')

const VIDEO_FAULTS: { readonly [fault: string]: string } = { 'no-ffmpeg': 'video needs ffmpeg, which is not installed or not on the path' }

function videoFailureOf (error: unknown): Failure {
  const { fault } = error as { fault?: unknown }
  return typeof fault === 'string' ? { code: fault, message: VIDEO_FAULTS[fault] ?? `the video breaks off: ${fault}` } : failureOf(error)
}

// ── what people see ──────────────────────────────────────────────────────────────────────────────────────────────

const percent = (perMille: number): string => `${(perMille / 10).toFixed(1)} %`
const span = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const countryOf = (country: string | undefined, confidence: number): string => country === undefined ? '?' : `${country} ${percent(confidence)}`

function printRead ({ text, country, countryConfidence, confidence, looks, firstSeenAt, lastSeenAt }: TrackRead, { paint }: Context): string {
  const when = firstSeenAt > 1e11 ? new Date(lastSeenAt).toISOString() : `${span(firstSeenAt)} – ${span(lastSeenAt)}`
  return safe`${when.padEnd(18)}  ${countryOf(country, countryConfidence).padEnd(10)}  ` + paint('bold', safe`${text.padEnd(10)}`) + safe`  ${percent(confidence).padStart(7)}  ${looks} looks`
}

function printResults (results: readonly Result[], context: Context): string[] {
  const rows = results.flatMap(({ source, look }) => (look?.plates ?? []).map((plate, at) => [
    source, at + 1, countryOf(plate.country, plate.countryConfidence), plate.text, percent(plate.confidence), plate.height, plate.lines, doubtsOf(plate)
  ]))
  return [
    ...(rows.length === 0 ? [] : [printTable(['picture', 'no', 'country', 'plate', 'sure', 'height', 'lines', 'doubtful'], rows)]),
    ...results.flatMap(result => remarksOf(result, context))
  ]
}

/** `3: 8 or B 12.0 %`, for each doubtful character its place and what else it may be. */
const doubtsOf = ({ text, charConfidences, positions }: Pick<PlateLook, 'text' | 'charConfidences' | 'positions'>): string =>
  charConfidences.flatMap((confidence, at) => confidence >= DOUBTFUL ? [] : [`${at + 1}: ${text[at]!}${alternative(positions[at]!, text[at]!)}`]).join(', ')

function alternative (guesses: readonly CharacterGuess[], character: string): string {
  const other = guesses.find(guess => guess.character !== character)
  return other === undefined ? '?' : ` or ${other.character} ${percent(other.probability * 1000)}`
}

function remarksOf ({ source, look, reads, frames, error }: Result, { paint }: Context): string[] {
  const name = safe`${source}`
  const failure = error === undefined ? [] : [paint('red', safe`${name}: ${error.message} (${error.code})`)]
  if (reads !== undefined) return [...failure, safe`${name}: ${reads.length} vehicles in ${frames ?? 0} frames`]
  if (look === undefined || look.plates.length > 0) return failure
  const why = Object.entries(look.rejected).filter(([, count]) => count > 0).map(([reason, count]) => `${count} ${reason}`)
  return [safe`${name}: no plate found${why.length === 0 ? '' : ` (not believed: ${why.join(', ')})`}`]
}
