/**
 * Vehicles drive along the roads and pass cameras. Invariants: a vehicle is in one place at a time and starts where its
 * last trip ended; passes come in the order of time; the same chance gives the same passes.
 * It knows nothing of what a camera makes of a pass.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import { HOUR, SECOND, type Duration } from '../../protocol/instant.ts'
import type { Camera } from './cameras.ts'
import type { Chance } from './chance.ts'
import { ROADS, TOWNS, nationAhead, type Road, type TownSlug } from './places.ts'
import type { Vehicle } from './vehicles.ts'

/** `at`: ms since traffic began, not whole. */
export interface Pass<V extends Vehicle = Vehicle> { readonly at: number, readonly camera: Camera, readonly vehicle: V }

export interface TrafficPlan<V extends Vehicle, L extends V> {
  readonly cameras: readonly Camera[]
  readonly ordinary: readonly V[]
  /** These keep crossing the border. */
  readonly listed: readonly L[]
  /** The nation that looks for a listed vehicle: traffic begins with some that are just about to be seen abroad. */
  readonly wantedBy: (vehicle: L) => NationId
  readonly chance: Chance
  /** How much faster than real vehicles drive. Everything else, also repeated looks and clocks, goes at its real pace. */
  readonly pace?: number
  /** Passes of ordinary vehicles each second, on the long run. */
  readonly passesPerSecond?: number
  /** Between two departures of listed vehicles. */
  readonly listedEvery?: Duration
}

/** The first listed vehicles meet their first foreign camera at this time, and one after the other at that distance. */
const FIRST_MEETING: Duration = 1.5 * SECOND
const MEETING_DISTANCE: Duration = 2 * SECOND
const MEETINGS = 14
/** A trip that passes no camera still takes its share of time. */
const SILENT_TRIP = 0.25

interface Trip { readonly road: Road, readonly from: number, readonly to: number }
interface Driver<V> { readonly vehicle: V, town: TownSlug, freeAt: number }

export class Traffic<V extends Vehicle, L extends V> implements Iterable<Pass<V>> {
  readonly #plan: Required<TrafficPlan<V, L>>
  readonly #ordinary: Driver<V>[]
  readonly #listed: Driver<L>[]
  readonly #waiting: Pass<V>[] = []
  #ordinaryAt = 0
  #listedAt: number

  constructor (plan: TrafficPlan<V, L>) {
    this.#plan = { pace: 120, passesPerSecond: 5, listedEvery: 4 * SECOND, ...plan }
    const { chance, ordinary, listed } = this.#plan
    this.#ordinary = ordinary.map(vehicle => ({ vehicle, town: chance.pick(TOWN_SLUGS), freeAt: 0 }))
    this.#listed = listed.map(vehicle => ({ vehicle, town: 'utena', freeAt: 0 }))
    this.#listedAt = this.#plan.listedEvery
    this.#beginAtTheBorder()
  }

  /** Without end. */
  * [Symbol.iterator] (): Generator<Pass<V>, never> {
    for (;;) {
      const departAt = Math.min(this.#ordinaryAt, this.#listedAt)
      if (this.#waiting.length > 0 && this.#waiting[0]!.at <= departAt) yield this.#waiting.shift()!
      else if (this.#listedAt <= this.#ordinaryAt) this.#departListed()
      else this.#departOrdinary()
    }
  }

  /** Listed vehicles of either nation in turn are on their way already, so that the first is seen abroad at once. */
  #beginAtTheBorder (): void {
    const nations = [...new Set(this.#listed.map(({ vehicle }) => this.#plan.wantedBy(vehicle)))]
    const turns = nations.map(nation => this.#listed.filter(({ vehicle }) => this.#plan.wantedBy(vehicle) === nation))
    const inTurn = Array.from({ length: MEETINGS }, (_, i) => turns[i % turns.length]?.[Math.floor(i / turns.length)])
    inTurn.forEach((driver, i) => { if (driver !== undefined) this.#meetAbroad(driver, FIRST_MEETING + i * MEETING_DISTANCE) })
    for (const driver of this.#listed) if (driver.freeAt === 0) driver.town = this.#plan.chance.pick(CROSSING_ENDS)
  }

  /** Backdates a crossing so that the driver's first camera abroad comes at `at`. */
  #meetAbroad (driver: Driver<L>, at: number): void {
    const home = this.#plan.wantedBy(driver.vehicle)
    const trips = CROSSINGS.filter(({ road, from }) => TOWNS[road.stops[from]!.town].nation === home)
      .map(trip => ({ trip, first: this.#passedOn(trip).find(({ camera }) => camera.nation !== home && camera.siteGroup === 'border') }))
      .filter(({ first }) => first !== undefined)
    if (trips.length === 0) return
    const { trip, first } = this.#plan.chance.pick(trips)
    this.#drive(driver, trip, first!.camera, at)
  }

  /** Roads with a camera abroad first: what nobody sees shows nothing. */
  #departListed (): void {
    const at = this.#listedAt
    this.#listedAt += this.#plan.listedEvery * this.#plan.chance.between(0.7, 1.3)
    const free = this.#listed.filter(({ freeAt }) => freeAt <= at)
    if (free.length === 0) return
    const driver = this.#plan.chance.pick(free)
    const home = this.#plan.wantedBy(driver.vehicle)
    const trips = CROSSINGS.filter(({ road, from }) => road.stops[from]!.town === driver.town)
    const seen = trips.filter(trip => this.#passedOn(trip).some(({ camera }) => camera.nation !== home))
    this.#drive(driver, this.#plan.chance.pick(seen.length > 0 ? seen : trips), undefined, at)
  }

  #departOrdinary (): void {
    const { chance, passesPerSecond } = this.#plan
    const at = this.#ordinaryAt
    const free = this.#ordinary.filter(({ freeAt }) => freeAt <= at)
    let passes = 0
    if (free.length > 0) {
      const driver = chance.pick(free)
      const road = chance.pick(ROADS.filter(({ stops }) => stops.some(({ town }) => town === driver.town)))
      const from = road.stops.findIndex(({ town }) => town === driver.town)
      const to = (from + 1 + chance.below(road.stops.length - 1)) % road.stops.length
      passes = this.#drive(driver, { road, from, to }, undefined, at)
    }
    this.#ordinaryAt = at + Math.max(passes, SILENT_TRIP) / passesPerSecond * SECOND * chance.between(0.6, 1.4)
  }

  /** Leaves at `at`, or so that it passes `meeting` at `at`. Answers how many cameras it will pass. */
  #drive (driver: Driver<V>, trip: Trip, meeting: Camera | undefined, at: number): number {
    const { road, from, to } = trip
    const kmPerHour = this.#plan.chance.between(70, 95) * this.#plan.pace
    const duration = (km: number): Duration => km / kmPerHour * HOUR
    const start = road.stops[from]!.km
    const departAt = meeting === undefined ? at : at - duration(Math.abs(meeting.km - start))
    const passed = this.#passedOn(trip).map(({ camera, km }) => ({ at: departAt + duration(km), camera, vehicle: driver.vehicle })).filter(pass => pass.at >= 0)
    for (const pass of passed) this.#enqueue(pass)
    driver.town = road.stops[to]!.town
    driver.freeAt = Math.max(0, departAt + duration(Math.abs(road.stops[to]!.km - start)))
    return passed.length
  }

  #passedOn ({ road, from, to }: Trip): { camera: Camera, km: number }[] {
    const start = road.stops[from]!.km; const end = road.stops[to]!.km
    return this.#plan.cameras
      .filter(camera => camera.road === road.id && (camera.km - start) * (camera.km - end) < 0 && looksAt(camera, road, end > start))
      .map(camera => ({ camera, km: Math.abs(camera.km - start) })).sort((a, b) => a.km - b.km)
  }

  #enqueue (pass: Pass<V>): void {
    let i = this.#waiting.length
    while (i > 0 && this.#waiting[i - 1]!.at > pass.at) i--
    this.#waiting.splice(i, 0, pass)
  }
}

/** An inbound camera sees who drives into its nation; `ahead` means towards the road's last town. */
function looksAt ({ direction, nation }: Camera, road: Road, ahead: boolean): boolean {
  const entering = (nationAhead(road) === nation) === ahead
  return direction === 'inbound' ? entering : direction === 'outbound' ? !entering : true
}

const TOWN_SLUGS = [...new Set(ROADS.flatMap(({ stops }) => stops.map(({ town }) => town)))]
/** Whole roads across the border, in both directions. */
const CROSSINGS: readonly Trip[] = ROADS.filter(({ crosses }) => crosses)
  .flatMap(road => [{ road, from: 0, to: road.stops.length - 1 }, { road, from: road.stops.length - 1, to: 0 }])
const CROSSING_ENDS = [...new Set(CROSSINGS.map(({ road, from }) => road.stops[from]!.town))]
