/** Vehicles obey time and roads, and listed ones are seen abroad early and often. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nationOf } from '../../../protocol/identifiers.ts'
import type { ListedVehicle } from '../../../simulations/demo/entries.ts'
import { distanceKm, roadOf } from '../../../simulations/demo/places.ts'
import type { Pass } from '../../../simulations/demo/traffic.ts'
import { makeWorld, trafficOf, type World } from '../../../simulations/demo/world.ts'

const SEEDS = ['1', '2', '3', '4', '5', '6']
const PACE = 120
const worldOf = (seed: string, full = false): World => makeWorld(seed, { full, now: 1_795_000_000 })

/** Passes of the first `seconds`. */
function watch (world: World, seconds: number): Pass[] {
  const passes: Pass[] = []
  for (const pass of trafficOf(world)) {
    if (pass.at > seconds * 1000) return passes
    passes.push(pass)
  }
  throw new Error('traffic has no end')
}

/** Seconds at which a listed vehicle was seen in the other nation. */
function seenAbroad (world: World, passes: readonly Pass[]): number[] {
  const owners = new Map(world.listed.map((vehicle: ListedVehicle) => [vehicle.plate, nationOf(vehicle.owner)]))
  return passes.filter(({ vehicle, camera }) => owners.has(vehicle.plate) && owners.get(vehicle.plate) !== camera.nation).map(({ at }) => at / 1000)
}

const traffic = suite('demo traffic')

traffic('comes in the order of time, from its beginning on, and the same for the same seed', () => {
  const world = worldOf('order')
  const passes = watch(world, 120)
  assert.ok(passes[0]!.at >= 0)
  passes.forEach((pass, i) => assert.ok(i === 0 || passes[i - 1]!.at <= pass.at))
  assert.equal(watch(worldOf('order'), 120), passes)
  assert.not.equal(watch(worldOf('other'), 120), passes)
})

traffic('shows a listed vehicle abroad within three seconds, both ways within six, then every few seconds', () => {
  for (const seed of SEEDS) {
    for (const full of [false, true]) {
      const world = worldOf(seed, full)
      const passes = watch(world, 240)
      const seen = seenAbroad(world, passes)
      assert.ok(seen[0]! <= 3, `seed ${seed}: first after ${seen[0]} s`)
      const early = passes.filter(({ at }) => at <= 6000)
      for (const nation of ['LV', 'LT']) assert.ok(seenAbroad(world, early.filter(({ camera }) => camera.nation === nation)).length > 0, `seed ${seed}: ${nation} sees none`)
      const longest = Math.max(...seen.map((at, i) => at - (seen[i - 1] ?? 0)))
      assert.ok(longest < 20, `seed ${seed}: ${longest} s without one`)
      assert.ok(seen.length > 240 / 6, `seed ${seed}: ${seen.length} in all`)
    }
  }
})

traffic('never has a vehicle in two places: no leap is faster than the roads allow', () => {
  const last = new Map<string, Pass>()
  for (const pass of watch(worldOf('leaps', true), 600)) {
    const before = last.get(pass.vehicle.plate)
    last.set(pass.vehicle.plate, pass)
    if (before === undefined || before.camera === pass.camera) continue
    const stopOf = ({ camera }: Pass) => { const { stops } = roadOf(camera.road); return stops.reduce((near, stop) => Math.abs(stop.km - camera.km) < Math.abs(near.km - camera.km) ? stop : near) }
    const [from, to] = [before, pass].map(stopOf) as [ReturnType<typeof stopOf>, ReturnType<typeof stopOf>]
    const slack = Math.abs(from.km - before.camera.km) + Math.abs(to.km - pass.camera.km)
    const hours = (pass.at - before.at) * PACE / 3_600_000
    assert.ok(distanceKm(from.town, to.town) - slack <= hours * 95 + 0.1, `${before.camera.id} to ${pass.camera.id}`)
  }
})

traffic('passes an inbound camera only towards its nation', () => {
  const passes = watch(worldOf('direction'), 600)
  const next = new Map<string, Pass>()
  let pairs = 0
  for (const pass of passes.toReversed()) {
    const after = next.get(pass.vehicle.plate)
    next.set(pass.vehicle.plate, pass)
    const isBorderPair = after !== undefined && after.camera.road === pass.camera.road && after.camera.road === 'utena-daugavpils'
    if (!isBorderPair || after.camera.id !== 'medumi-in' || pass.camera.nation !== 'LT') continue
    assert.ok(['smelyne-out', 'zarasai-lake'].includes(pass.camera.id), pass.camera.id)
    pairs++
  }
  assert.ok(pairs > 5)
  assert.ok(passes.some(({ camera }) => camera.id === 'smelyne-in') && passes.some(({ camera }) => camera.id === 'medumi-out'))
})

traffic('keeps the wished number of passes on the long run', () => {
  const world = worldOf('rate')
  const listed = new Set(world.listed.map(({ plate }) => plate))
  let passes = 0; let until = 0
  for (const { at, vehicle } of trafficOf(world, { passesPerSecond: 8 })) {
    until = at / 1000
    if (until > 600) break
    if (!listed.has(vehicle.plate)) passes++
  }
  assert.ok(passes / until > 4 && passes / until < 9, `${passes / until} each second`)
})

traffic.run()
