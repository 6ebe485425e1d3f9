/**
 * Cars and vans from before and behind. A car is a cabin on a body: the body carries lamps, grille or boot, bumper and
 * the plate's recess. All in millimetres.
 */
import type { Random } from '../random.ts'
import { real } from './chance.ts'
import { gradient, line, path, polygon, rect, type Tone } from './scene-svg.ts'
import type { Drawing, Facing } from './vehicle.ts'
import { badge, grille, lampPair, mirrored, nameplate, pane, shadow, wheels } from './vehicle-parts.ts'

/** What the shapes are fitted to. */
interface Frame { readonly width: number, readonly height: number, readonly middle: number, readonly belt: number, readonly roof: number, readonly floor: number, readonly tone: Tone }

function frameOf (random: Random, isTall: boolean, tone: Tone): Frame {
  const width = real(random, 1660, 2050)
  const height = isTall ? real(random, 1900, 2600) : real(random, 1380, 1780)
  return { width, height, middle: width / 2, belt: height * (isTall ? real(random, 0.44, 0.56) : real(random, 0.38, 0.48)), roof: width * (isTall ? real(random, 0.84, 0.95) : real(random, 0.6, 0.76)), floor: height - real(random, 170, 260), tone }
}

function hull (random: Random, { width, height, middle, belt, roof, floor, tone }: Frame): string {
  const top = height * 0.015
  const cabin = [middle - roof / 2, top + 40, middle - roof * 0.36, top, middle + roof * 0.36, top, middle + roof / 2, top + 40, width * 0.965, belt, width * 0.035, belt]
  const body = `M${width * 0.03} ${belt}Q${-width * 0.015} ${(belt + floor) / 2} ${width * 0.03} ${floor}L${width * 0.97} ${floor}Q${width * 1.015} ${(belt + floor) / 2} ${width * 0.97} ${belt}Z`
  const mirror = random.chance(800) ? [0, 1].map(side => rect(side * width * 0.9 + width * (side === 0 ? -0.02 : 0.02), belt - 60, width * 0.12, 130, { fill: random.chance(500) ? tone * 0.9 : 25 }, 50)).join('') : ''
  const shades = gradient('hull', [Math.min(tone * 1.25 + 18, 255), tone, tone * real(random, 0.55, 0.8)])
  return shades + wheels(width, height, width * 0.13, width * 0.05) + polygon(cabin, { fill: tone * 0.9 }) + mirror + path(body, { fill: 'hull' })
}

/** The pane between the roof's posts. */
function screen (random: Random, { width, height, middle, belt, roof }: Frame, lower: number): string {
  const top = height * real(random, 0.05, 0.08)
  return pane(random, 'screen', [middle - roof * 0.43, top, middle + roof * 0.43, top, width * real(random, 0.88, 0.92), belt * lower, width * real(random, 0.08, 0.12), belt * lower])
}

const crease = (frame: Frame, y: number, opacity: number): string =>
  line(frame.width * 0.06, y, frame.width * 0.94, y, { stroke: frame.tone > 60 ? frame.tone * 0.5 : frame.tone + 45, width: 12, opacity })

/** The recess or holder about the plate, and what a dealer wrote under it. */
function holder (random: Random, x: number, y: number, tone: Tone): string {
  const [wide, high] = [real(random, 540, 720), real(random, 130, 240)]
  const kinds = [
    () => rect(x - wide / 2, y - high / 2, wide, high, { fill: tone * 0.75, stroke: tone * 0.5, width: 10 }, 30),
    () => rect(x - 275, y - 70, 550, 150, { fill: 20 }, 8) + (random.chance(500) ? nameplate(random, x - 150, y + 62, 16, 200) : ''),
    () => '',
    () => polygon([x - wide / 2, y - high / 2, x + wide / 2, y - high / 2, x + wide * 0.44, y + high / 2, x - wide * 0.44, y + high / 2], { fill: tone * 0.6 })
  ]
  return random.pick(kinds)()
}

function lowerFront (random: Random, frame: Frame, plateY: number): string {
  const { width, middle, floor, tone } = frame
  const mouth = random.chance(700) ? grille(random, middle - width * real(random, 0.25, 0.4), plateY + real(random, -40, 100), width * real(random, 0.5, 0.8), Math.max(floor - plateY - 160, 60), tone) : ''
  const fogs = random.chance(600) ? lampPair(random, { x: width * 0.14, y: floor - 140, width: 140, height: 90 }, middle, real(random, 60, 220)) : ''
  return mouth + fogs + rect(width * 0.06, floor - 45, width * 0.88, 60, { fill: 30 }, 25)
}

function front (random: Random, frame: Frame): Drawing {
  const { width, height, middle, belt, floor, tone } = frame
  const lampY = belt + (floor - belt) * real(random, 0.22, 0.38)
  const lamp = { x: width * real(random, 0.13, 0.19), y: lampY, width: width * real(random, 0.14, 0.24), height: real(random, 90, 190) }
  const plateY = belt + (floor - belt) * real(random, 0.58, 0.78)
  const grilleHigh = real(random, 80, 260)
  const plateX = middle + (random.chance(80) ? real(random, -300, 300) : 0)
  const shapes = shadow(width, height) + hull(random, frame) + screen(random, frame, 0.97) + crease(frame, belt + 20, 0.5) +
    [0.3, 0.7].map(share => line(width * share, belt + 20, width * (share * 0.8 + 0.1), lampY - 60, { stroke: tone * 0.7, width: 10, opacity: 0.5 })).join('') +
    (random.chance(850) ? grille(random, middle - width * real(random, 0.16, 0.3), lampY - grilleHigh * 0.3, width * real(random, 0.36, 0.55), grilleHigh, tone) : '') +
    lampPair(random, lamp, middle, real(random, 120, 235)) + (random.chance(850) ? badge(random, middle, lampY + real(random, -40, 60), real(random, 90, 180)) : '') +
    (random.chance(100) ? nameplate(random, middle - 300, lampY + 60, 90, tone > 120 ? 30 : 220) : '') + lowerFront(random, frame, plateY) + holder(random, plateX, plateY, tone)
  return { shapes, width, height, plate: [plateX, plateY], lamps: [[lamp.x, lampY, 110], [2 * middle - lamp.x, lampY, 110]] }
}

function rear (random: Random, frame: Frame): Drawing {
  const { width, height, middle, belt, floor, tone } = frame
  const lampHigh = real(random, 140, 420)
  const lamp = { x: width * real(random, 0.08, 0.16), y: belt + (floor - belt) * real(random, 0.18, 0.36), width: width * real(random, 0.1, 0.24), height: lampHigh }
  const inBumper = random.chance(300)
  const plateY = belt + (floor - belt) * (inBumper ? real(random, 0.68, 0.8) : real(random, 0.36, 0.56))
  const ink = tone > 130 && random.chance(400) ? 40 : real(random, 170, 250)
  const names = [random.chance(600) ? nameplate(random, width * 0.2, lamp.y + real(random, 0, 180), real(random, 34, 60), ink) : '', random.chance(600) ? nameplate(random, width * 0.7, lamp.y + real(random, 0, 180), real(random, 34, 60), ink, `${random.between(1, 9)}.${random.between(0, 9)}`) : '']
  const bumper = gradient('bumper', [tone * 0.95, tone * 0.6]) + rect(width * 0.03, floor - (floor - belt) * 0.34, width * 0.94, (floor - belt) * 0.3, { fill: random.chance(700) ? 'bumper' : 35 }, 40)
  const shapes = shadow(width, height) + hull(random, frame) + screen(random, frame, real(random, 0.86, 1)) + crease(frame, belt + (floor - belt) * real(random, 0.08, 0.2), 0.6) +
    bumper + lampPair(random, lamp, middle, real(random, 50, 130)) + (random.chance(700) ? badge(random, middle, belt + (plateY - belt) * real(random, 0.3, 0.7), real(random, 80, 140)) : '') + names.join('') +
    (random.chance(400) ? lampPair(random, { x: width * 0.15, y: floor - 130, width: 160, height: 50 }, middle, 90) : '') +
    (random.chance(400) ? lampPair(random, { x: width * 0.2, y: floor - 20, width: 110, height: 50 }, middle, 140) : '') + holder(random, middle, plateY, tone) +
    (random.chance(500) ? rect(middle - width * 0.17, plateY - 105, width * 0.34, 35, { fill: real(random, 120, 240) }, 12) : '')
  return { shapes, width, height, plate: [middle, plateY], lamps: [[lamp.x, lamp.y, 90], [2 * middle - lamp.x, lamp.y, 90]] }
}

export const drawCar = (random: Random, facing: Facing, tone: Tone): Drawing =>
  facing === 'front' ? front(random, frameOf(random, false, tone)) : rear(random, frameOf(random, false, tone))

/** A van's rear has two doors, and often its owner's name and telephone number. */
export function drawVan (random: Random, facing: Facing, tone: Tone): Drawing {
  const frame = frameOf(random, true, tone)
  if (facing === 'front') return front(random, frame)
  const drawing = rear(random, frame)
  const { width, height, middle, belt, floor } = frame
  const seam = line(middle, height * 0.03, middle, floor - 60, { stroke: tone * 0.45, width: 14 })
  const owner = random.chance(500) ? nameplate(random, width * 0.15, belt + (floor - belt) * 0.12, real(random, 60, 110), tone > 120 ? 35 : 225, `${random.between(60, 89)} ${random.between(100, 999)} ${random.between(100, 999)}`) : ''
  const [x, y] = [random.chance(400) ? middle - width * 0.22 : middle, drawing.plate[1]]
  return { ...drawing, shapes: drawing.shapes + seam + owner + polygon(mirrored([x - 280, y - 70, x + 280, y - 70, x + 280, y + 70, x - 280, y + 70], x), { fill: tone * 0.8 }), plate: [x, y] }
}
