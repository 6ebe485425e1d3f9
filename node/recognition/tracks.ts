/**
 * From looks to reads: which looks of one camera show the same vehicle, and when to say what they show. Pure: the time
 * is an argument, and the same looks give the same reads.
 *
 * 1. A look belongs to the track whose expected place it covers (constant velocity) or whose text it repeats, near by
 *    also within one edit; two texts that share little are two vehicles, wherever they stand.
 * 2. A track is told ('new') when LOOKS_MIN looks agree on its text, or at the first one where single shots are allowed.
 *    What later looks make of it is told again ('update'), and what stands at the end once more ('final').
 * 3. A vehicle that stands, or is lost from view for a while, stays the same track: one read, not many.
 * 4. Nothing grows without a limit: votes of a track, tracks in view, tracks remembered.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import { boxOf, overlapOf, type Box, type Corners } from './corners.ts'
import type { PlateLook } from './look.ts'
import { consensusOf, isSameText, isWithinOneEdit, type Consensus, type Vote } from './votes.ts'

/** Agreeing looks before a read leaves its track. */
export const LOOKS_MIN = 2
/** Without a look for this long a track has left the view, in milliseconds. */
export const LEFT_AFTER_MS = 3_000
/** A track that left comes back when its text is seen again within this time, or, where it stood, within the longer one. */
export const BACK_WITHIN_MS = 30_000
export const STANDING_WITHIN_MS = 600_000
export const TRACKS_MAX = 64
const VOTES_MAX = 24
const FRAMES_MAX = 4
/** Shares of two boxes that are one place. */
const SAME_PLACE_MIN = 0.25
const STOOD_PLACE_MIN = 0.5
/** How far from its expected place a vehicle may be found again, in widths of its plate. */
const REACH_WIDTHS = 4

export type Phase = 'new' | 'update' | 'final'

export interface TrackRead {
  readonly trackId: number
  readonly phase: Phase
  readonly text: string
  readonly country?: NationId
  /** Per mille, as the other confidences. */
  readonly countryConfidence: number
  readonly confidence: number
  readonly charConfidences: readonly number[]
  /** How many looks say exactly this text. */
  readonly looks: number
  readonly firstSeenAt: number
  readonly lastSeenAt: number
  /** The look that shows it best, by the caller's number of its frame. */
  readonly best: { readonly frame: number, readonly corners: Corners }
  /** Frames whose looks say this text, the best first. */
  readonly frames: readonly number[]
}

/** The looks of one frame; `frame` is the caller's number, and grows. */
export interface FrameLook { readonly frame: number, readonly plates: readonly PlateLook[] }

interface SeenVote extends Vote { readonly frame: number, readonly corners: Corners }
interface Track {
  readonly id: number
  readonly votes: readonly SeenVote[]
  readonly consensus: Consensus
  readonly box: Box
  /** Pixels a millisecond. */
  readonly velocity: readonly [number, number]
  readonly firstSeenAt: number
  readonly lastSeenAt: number
  readonly isInView: boolean
  readonly told?: { readonly text: string, readonly country: NationId | undefined }
}

export interface TracksState {
  readonly singleShot: boolean
  readonly nextId: number
  readonly tracks: readonly Track[]
  /** Tracks that ended without being told, since the beginning. */
  readonly unconfirmed: number
}
export interface Advance { readonly state: TracksState, readonly reads: readonly TrackRead[] }

export const createTracks = ({ singleShot = false }: { readonly singleShot?: boolean } = {}): TracksState =>
  ({ singleShot, nextId: 1, tracks: [], unconfirmed: 0 })

/** Takes in one frame's looks, those of an empty frame too. `at` in milliseconds, never going back. */
export function advance (state: TracksState, { frame, plates }: FrameLook, at: number): Advance {
  const left = leave(state, at)
  const tracks = [...left.state.tracks]
  let { nextId } = left.state
  for (const [plate, index] of assign(tracks, plates, at)) {
    if (index === undefined) tracks.push(begin(nextId++, plate, frame, at))
    else tracks[index] = extend(tracks[index]!, plate, frame, at)
  }
  const told = tracks.map(track => tell(track, state.singleShot))
  const bounded = bound({ ...left.state, nextId, tracks: told.map(({ track }) => track) })
  return { state: bounded.state, reads: [...left.reads, ...bounded.reads, ...told.flatMap(({ read }) => read ?? [])] }
}

/** Ends every track, as when a video is over. */
export const finish = (state: TracksState): Advance => leave(state, Infinity)

// ── which track ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Every plate with the place of its track in the list, if one fits; no track twice. The best fits are served first. */
function assign (tracks: readonly Track[], plates: readonly PlateLook[], at: number): [PlateLook, number | undefined][] {
  const fits = plates.flatMap((plate, p) => tracks.map((track, t) => ({ p, t, fit: fitOf(track, plate, at) }))).filter(({ fit }) => fit > 0).sort((a, b) => b.fit - a.fit)
  const chosen = new Map<number, number>()
  const taken = new Set<number>()
  for (const { p, t } of fits) {
    if (chosen.has(p) || taken.has(t)) continue
    chosen.set(p, t)
    taken.add(t)
  }
  return plates.map((plate, p) => [plate, chosen.get(p)])
}

/** 0 when they cannot be the same vehicle; more is better. */
function fitOf (track: Track, plate: PlateLook, at: number): number {
  const place = overlapOf(expected(track, at), boxOf(plate.corners))
  if (track.votes.some(({ text }) => isSameText(text, plate.text))) return 2 + place
  const isNear = track.isInView ? isWithinReach(track, plate, at) : place >= STOOD_PLACE_MIN
  if (isNear && track.votes.some(({ text }) => isWithinOneEdit(text, plate.text))) return 1 + place
  return track.isInView && place >= SAME_PLACE_MIN && resembles(track.consensus.text, plate.text) ? place : 0
}

/** A fleet's plates differ by one character: one edit is the same vehicle only where the same vehicle can be. */
function isWithinReach (track: Track, { corners }: PlateLook, at: number): boolean {
  const [box, there] = [expected(track, at), boxOf(corners)]
  const reach = REACH_WIDTHS * Math.max(box[2] - box[0], there[2] - there[0])
  return Math.abs(box[0] + box[2] - there[0] - there[2]) / 2 <= reach && Math.abs(box[1] + box[3] - there[1] - there[3]) / 2 <= reach
}

/** Half of the characters in common, in their order: a bad look at the same plate, not another plate. */
function resembles (a: string, b: string): boolean {
  let row = Array.from({ length: b.length + 1 }, () => 0)
  for (const character of a) {
    const next = [0]
    for (let at = 1; at <= b.length; at++) next.push(character === b[at - 1] ? row[at - 1]! + 1 : Math.max(row[at]!, next[at - 1]!))
    row = next
  }
  return row[b.length]! * 2 >= Math.max(a.length, b.length)
}

function expected ({ box, velocity: [x, y], lastSeenAt, isInView }: Track, at: number): Box {
  const gone = isInView ? at - lastSeenAt : 0
  return [box[0] + x * gone, box[1] + y * gone, box[2] + x * gone, box[3] + y * gone]
}

// ── a track's life ───────────────────────────────────────────────────────────────────────────────────────────────

const voteOf = (plate: PlateLook, frame: number): SeenVote => ({
  text: plate.text, positions: plate.positions, weight: Math.max(plate.height * plate.score / 1000, 1e-3), frame, corners: plate.corners,
  ...(plate.country === undefined ? {} : { country: plate.country }), countryConfidence: plate.countryConfidence
})

function begin (id: number, plate: PlateLook, frame: number, at: number): Track {
  const votes = [voteOf(plate, frame)]
  return { id, votes, consensus: consensusOf(votes)!, box: boxOf(plate.corners), velocity: [0, 0], firstSeenAt: at, lastSeenAt: at, isInView: true }
}

function extend (track: Track, plate: PlateLook, frame: number, at: number): Track {
  const votes = heaviestOf([...track.votes, voteOf(plate, frame)])
  const box = boxOf(plate.corners)
  const gone = at - track.lastSeenAt
  const velocity: Track['velocity'] = gone <= 0 || gone > LEFT_AFTER_MS ? [0, 0] : [speed(0, 2), speed(1, 3)]
  return { ...track, votes, consensus: consensusOf(votes)!, box, velocity, lastSeenAt: at, isInView: true }

  function speed (near: 0 | 1, far: 2 | 3): number { return (box[near] + box[far] - track.box[near] - track.box[far]) / 2 / gone }
}

function heaviestOf (votes: readonly SeenVote[]): readonly SeenVote[] {
  if (votes.length <= VOTES_MAX) return votes
  const lightest = votes.reduce((least, vote) => vote.weight < least.weight ? vote : least)
  return votes.filter(vote => vote !== lightest)
}

/** Tracks that left the view end; those that left long ago are forgotten. */
function leave (state: TracksState, at: number): Advance {
  const reads: TrackRead[] = []
  let { unconfirmed } = state
  const tracks = state.tracks.flatMap((track): Track[] => {
    if (track.isInView && at - track.lastSeenAt > LEFT_AFTER_MS) {
      if (track.told === undefined) { unconfirmed++; return [] }
      reads.push(readOf(track, 'final'))
      return [{ ...track, isInView: false }]
    }
    return track.isInView || at - track.lastSeenAt <= (stood(track) ? STANDING_WITHIN_MS : BACK_WITHIN_MS) ? [track] : []
  })
  return { state: { ...state, tracks, unconfirmed }, reads }
}

/** Where it was at first sight of those kept is where it was last. */
const stood = ({ votes, box }: Track): boolean => votes.length > 1 && overlapOf(boxOf(votes[0]!.corners), box) >= STOOD_PLACE_MIN

/** Too many: those that left longest ago are forgotten first, then those unseen for longest end early. */
function bound (state: TracksState): Advance {
  if (state.tracks.length <= TRACKS_MAX) return { state, reads: [] }
  const order = [...state.tracks].sort((a, b) => Number(a.isInView) - Number(b.isInView) || a.lastSeenAt - b.lastSeenAt || a.id - b.id)
  const over = new Set(order.slice(0, state.tracks.length - TRACKS_MAX))
  const ended = [...over].filter(({ isInView }) => isInView)
  return {
    state: { ...state, tracks: state.tracks.filter(track => !over.has(track)), unconfirmed: state.unconfirmed + ended.filter(({ told }) => told === undefined).length },
    reads: ended.filter(({ told }) => told !== undefined).map(track => readOf(track, 'final'))
  }
}

// ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A text is told once enough looks agree on it, and again when it, or its country, became another. */
function tell (track: Track, singleShot: boolean): { track: Track, read?: TrackRead } {
  const { told, consensus: { text, country, agreeing } } = track
  if (agreeing.length < (singleShot ? 1 : LOOKS_MIN) || (told?.text === text && told.country === country)) return { track }
  const next = { ...track, told: { text, country } }
  return { track: next, read: readOf(next, told === undefined ? 'new' : 'update') }
}

function readOf ({ id, votes, consensus, told, firstSeenAt, lastSeenAt }: Track, phase: Phase): TrackRead {
  const text = told!.text
  const { confidence, charConfidences, country, countryConfidence } = consensus.text === text ? consensus : { ...consensusOf(votes.filter(vote => vote.text === text)) ?? consensus }
  const supporting = votes.filter(vote => vote.text === text).sort((a, b) => b.weight - a.weight || a.frame - b.frame)
  const best = supporting[0] ?? votes.at(-1)!
  return {
    trackId: id, phase, text, ...(country === undefined ? {} : { country }), countryConfidence, confidence, charConfidences,
    looks: supporting.length, firstSeenAt, lastSeenAt, best: { frame: best.frame, corners: best.corners }, frames: [...new Set(supporting.map(({ frame }) => frame))].slice(0, FRAMES_MAX)
  }
}
