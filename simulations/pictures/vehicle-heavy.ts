/**
 * Lorries, buses and motorcycles from before and behind. The big ones are walls with lettering, lamps low down and a
 * plate in the bumper or under the tail; a motorcycle is narrow, with a rider above the plate. All in millimetres.
 */
import type { Random } from '../random.ts'
import { real } from './chance.ts'
import { ellipse, gradient, line, path, polygon, rect, type Tone } from './scene-svg.ts'
import { board } from './signs.ts'
import { digits, word } from './street-lettering.ts'
import type { Drawing, Facing } from './vehicle.ts'
import { badge, grille, lampPair, nameplate, pane, shadow, wheels } from './vehicle-parts.ts'

const WIDTH = 2500

/** A cab: a high screen, a wide grille with the maker's name, a bumper with lamps. */
function lorryFront (random: Random, tone: Tone): Drawing {
  const height = real(random, 2700, 3700)
  const [middle, floor] = [WIDTH / 2, height - 280]
  const screenLow = height * real(random, 0.5, 0.56)
  const plateY = floor - real(random, 90, 330)
  const lamp = { x: WIDTH * 0.13, y: floor - real(random, 150, 380), width: 320, height: 190 }
  const shapes = shadow(WIDTH, height) + wheels(WIDTH, height, 330, 120) + gradient('cab', [Math.min(tone * 1.15 + 10, 255), tone, tone * 0.75]) +
    rect(40, height * 0.02, WIDTH - 80, floor - height * 0.02, { fill: 'cab' }, 140) + pane(random, 'screen', [190, height * 0.17, WIDTH - 190, height * 0.17, WIDTH - 120, screenLow, 120, screenLow]) +
    [20, WIDTH - 130].map(x => rect(x - 60, height * 0.22, 170, 520, { fill: 20 }, 40)).join('') + grille(random, middle - real(random, 500, 900), screenLow + 130, real(random, 1000, 1800), (floor - screenLow) * real(random, 0.35, 0.55), tone) +
    (random.chance(600) ? nameplate(random, middle - 420, screenLow + 30, real(random, 80, 150), tone > 120 ? 30 : 230) : '') + (random.chance(500) ? board(random, 400, height * 0.05, WIDTH - 800, 240, word(random, 4, 9)) : '') +
    badge(random, middle, screenLow + 220, real(random, 150, 260)) + rect(50, floor - 430, WIDTH - 100, 450, { fill: random.chance(500) ? tone * 0.85 : 45 }, 60) + lampPair(random, lamp, middle, real(random, 140, 235)) +
    (random.chance(400) ? rect(middle - 620, plateY - 110, 1240, 220, { fill: 30 }, 20) : '')
  return { shapes, width: WIDTH, height, plate: [middle, plateY], lamps: [[lamp.x, lamp.y, 130], [WIDTH - lamp.x, lamp.y, 130]] }
}

const hazard = (x: number, y: number, width: number): string =>
  rect(x, y, width, 120, { fill: 225 }) + Array.from({ length: Math.floor(width / 140) }, (_, at) => polygon([x + at * 140, y, x + at * 140 + 70, y, x + at * 140 + 140, y + 120, x + at * 140 + 70, y + 120], { fill: 90 })).join('')

/** A box with doors, rods and lettering; lamps and plate on the bar below. */
function lorryRear (random: Random, tone: Tone): Drawing {
  const height = real(random, 3300, 4000)
  const [middle, deck] = [WIDTH / 2, height - real(random, 900, 1150)]
  const barY = height - real(random, 520, 700)
  const rods = random.chance(700) ? [0.2, 0.38, 0.62, 0.8].map(share => line(WIDTH * share, 60, WIDTH * share, deck - 20, { stroke: tone > 100 ? tone * 0.6 : 150, width: 30 })).join('') : ''
  const goods = random.chance(650) ? board(random, WIDTH * real(random, 0.1, 0.3), deck * real(random, 0.15, 0.5), WIDTH * real(random, 0.4, 0.6), real(random, 200, 420)) : ''
  const phone = random.chance(500) ? nameplate(random, 400, deck * real(random, 0.62, 0.85), real(random, 90, 170), tone > 120 ? 30 : 225, digits(random, 8)) : ''
  const plateX = middle + random.pick([0, 0, -520, 520])
  const shapes = shadow(WIDTH, height) + wheels(WIDTH, height, 520, 130) + gradient('box', [Math.min(tone * 1.1 + 8, 255), tone * 0.85]) + rect(20, 20, WIDTH - 40, deck - 20, { fill: 'box', stroke: tone * 0.5, width: 40 }) +
    line(middle, 40, middle, deck - 20, { stroke: tone * 0.4, width: 20 }) + rods + goods + phone + rect(60, deck, WIDTH - 120, barY - deck + 180, { fill: real(random, 20, 70) }) +
    (random.chance(600) ? hazard(random.pick([120, 200]), deck - 180, 700) + hazard(WIDTH - 900, deck - 180, 700) : '') + lampPair(random, { x: 330, y: barY, width: 420, height: 160 }, middle, real(random, 60, 130)) +
    (random.chance(300) ? board(random, middle - 150, deck + 40, 300, 130, `${random.pick(['80', '90', '100'])}`) : '') + rect(plateX - 300, barY - 120, 600, 260, { fill: 30 })
  return { shapes, width: WIDTH, height, plate: [plateX, barY], lamps: [[330, barY, 90], [WIDTH - 330, barY, 90]] }
}

export const drawLorry = (random: Random, facing: Facing, tone: Tone): Drawing => facing === 'front' ? lorryFront(random, tone) : lorryRear(random, tone)

/** Glass above, its line's number and goal in lamps, the plate in the bumper. */
export function drawBus (random: Random, facing: Facing, tone: Tone): Drawing {
  const height = real(random, 2900, 3300)
  const [middle, floor, isFront] = [WIDTH / 2, height - 260, facing === 'front']
  const paneLow = height * (isFront ? real(random, 0.56, 0.66) : real(random, 0.38, 0.5))
  const lampY = floor - real(random, 200, 420)
  const goal = `${random.between(1, 99)} ${word(random, 4, 9)}`
  const shapes = shadow(WIDTH, height) + wheels(WIDTH, height, 320, 130) + gradient('bus', [Math.min(tone * 1.1 + 10, 255), tone * 0.8]) + rect(25, 20, WIDTH - 50, floor - 20, { fill: 'bus' }, 180) +
    pane(random, 'screen', [130, height * 0.14, WIDTH - 130, height * 0.14, WIDTH - 110, paneLow, 110, paneLow]) + rect(250, height * 0.035, WIDTH - 500, 290, { fill: 12 }, 30) +
    nameplate(random, 330, height * 0.035 + 60, 170, 235, goal) + (random.chance(700) ? nameplate(random, 220, paneLow + 70, real(random, 80, 150), tone > 120 ? 30 : 225, digits(random, random.between(3, 5))) : '') +
    (random.chance(500) ? badge(random, middle, paneLow + 200, 220) : '') + (isFront ? '' : grille(random, 500, paneLow + 250, 1500, Math.max(lampY - paneLow - 420, 100), tone)) +
    lampPair(random, { x: 300, y: lampY, width: isFront ? 330 : 180, height: isFront ? 190 : 380 }, middle, isFront ? 200 : 90) + rect(60, floor - 170, WIDTH - 120, 180, { fill: tone * 0.6 }, 40)
  return { shapes, width: WIDTH, height, plate: [middle, floor - real(random, 110, 420)], lamps: [[300, lampY, 120], [WIDTH - 300, lampY, 120]] }
}

/** The tail with its plate, a wheel below, a rider above. */
export function drawMotorcycle (random: Random, _facing: Facing, tone: Tone): Drawing {
  const [width, height] = [real(random, 780, 980), real(random, 1500, 1800)]
  const middle = width / 2
  const seat = height * 0.5
  const plateY = seat + real(random, 230, 380)
  const rider = gradient('rider', [60, 25]) + path(`M${middle - 260} ${seat + 60}Q${middle - 330} ${height * 0.2} ${middle} ${height * 0.18}Q${middle + 330} ${height * 0.2} ${middle + 260} ${seat + 60}Z`, { fill: 'rider' }) +
    ellipse(middle, height * 0.1, 140, height * 0.095, { fill: random.pick([20, 70, 200, 230]), stroke: 20, width: 10 })
  const shapes = shadow(width, height) + rect(middle - 95, height - 680, 190, 680, { fill: 16 }, 90) + line(40, seat - 120, width - 40, seat - 120, { stroke: 40, width: 50 }) +
    (random.chance(750) ? rider : '') + polygon([middle - 190, seat, middle + 190, seat, middle + 130, seat + 220, middle - 130, seat + 220], { fill: tone }) +
    [-1, 1].map(side => ellipse(middle + side * 230, height - 520, 75, 190, { fill: real(random, 60, 180) })).join('') + ellipse(middle, seat + 90, 130, 55, { fill: 100, stroke: 20, width: 10 }) +
    [-1, 1].map(side => ellipse(middle + side * 250, seat + 110, 45, 35, { fill: 190 })).join('') + rect(middle - 140, plateY - 115, 280, 230, { fill: 25 }, 12)
  return { shapes, width, height, plate: [middle, plateY], lamps: [[middle, seat + 90, 80]] }
}
