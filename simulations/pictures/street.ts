/**
 * Streets without their traffic: sky, houses, trees, fences, the road in perspective, signs and what stands beside it,
 * and a few places that are nothing but surfaces. Drawn in a view of 1280 × 720; the horizon may lie outside it.
 */
import type { Random } from '../random.ts'
import { real } from './chance.ts'
import { ellipse, gradient, line, polygon, rect, rasterise, type Sprite } from './scene-svg.ts'
import { board, directionBoard, roadSign, shopFront } from './signs.ts'

export const STREET_VIEW = [1280, 720] as const
const [WIDE, HIGH] = STREET_VIEW

/** What a camera looks at, in pixels of the view. */
export interface Outlook {
  /** Where the road ends. */
  readonly horizon: number
  readonly vanishing: number
  /** Half the road's width at the picture's lower edge. */
  readonly reach: number
}

const chooseOutlook = (random: Random): Outlook =>
  ({ horizon: random.chance(250) ? real(random, -600, 0) : real(random, 60, 380), vanishing: real(random, 300, 980), reach: real(random, 500, 1500) })

function sky (random: Random, horizon: number): string {
  const bright = real(random, 120, 250)
  const clouds = Array.from({ length: random.integer(9) }, () => ellipse(real(random, 0, WIDE), real(random, 0, Math.max(horizon, 10)), real(random, 60, 300), real(random, 8, 45), { fill: real(random, 120, 255), opacity: real(random, 0.15, 0.6) }))
  return gradient('sky', [bright * real(random, 0.6, 1), bright]) + rect(0, 0, WIDE, HIGH, { fill: 'sky' }) + clouds.join('')
}

function house (random: Random, x: number, foot: number): string {
  const [width, height] = [real(random, 140, 480), real(random, 120, 520)]
  const tone = real(random, 50, 220)
  const [columns, rows] = [random.between(2, 9), random.between(1, 7)]
  const [wide, high] = [width / columns, height / rows]
  const glass = random.chance(500) ? real(random, 20, 80) : real(random, 90, 230)
  const windows = Array.from({ length: columns * rows }, (_, at) => rect(x + wide * (at % columns + 0.2), foot - height + high * (Math.floor(at / columns) + 0.2), wide * 0.6, high * 0.55, { fill: glass * real(random, 0.7, 1.2), stroke: random.chance(500) ? 230 : tone * 0.7, width: 2 }))
  const roof = random.chance(500) ? polygon([x - 12, foot - height, x + width / 2, foot - height - real(random, 30, 110), x + width + 12, foot - height], { fill: real(random, 40, 130) }) : ''
  const shop = random.chance(450) ? shopFront(random, x, foot - Math.min(height * 0.35, 130), width, Math.min(height * 0.35, 130)) : ''
  const sign = random.chance(250) ? board(random, x + width * real(random, 0.05, 0.4), foot - height * real(random, 0.5, 0.95), width * real(random, 0.2, 0.5), real(random, 16, 50)) : ''
  return rect(x, foot - height, width, height, { fill: tone }) + windows.join('') + roof + shop + sign
}

function tree (random: Random, x: number, foot: number): string {
  const size = real(random, 60, 240)
  const bare = random.chance(300)
  const tone = real(random, 25, 110)
  const trunk = rect(x - size * 0.04, foot - size, size * 0.08, size, { fill: real(random, 20, 80) })
  const leaves = Array.from({ length: bare ? 0 : random.between(20, 60) }, () => ellipse(x + real(random, -0.5, 0.5) * size, foot - size * real(random, 0.7, 1.7), size * real(random, 0.05, 0.18), size * real(random, 0.05, 0.16), { fill: tone * real(random, 0.5, 1.6), opacity: 0.85 }))
  const boughs = Array.from({ length: bare ? 25 : 6 }, () => line(x, foot - size * real(random, 0.6, 1.2), x + real(random, -0.6, 0.6) * size, foot - size * real(random, 1, 1.9), { stroke: real(random, 20, 80), width: real(random, 0.8, 4) }))
  return trunk + boughs.join('') + leaves.join('')
}

/** Posts and rails: upright strokes close to each other are what plates are made of, too. */
function fence (random: Random, x: number, y: number): string {
  const [length, height] = [real(random, 200, 800), real(random, 20, 110)]
  const [gap, tone] = [real(random, 5, 26), real(random, 20, 235)]
  const fall = real(random, -0.2, 0.2)
  const posts = Array.from({ length: Math.floor(length / gap) }, (_, at) => rect(x + at * gap, y + at * gap * fall, gap * real(random, 0.2, 0.5), height, { fill: tone }))
  return posts.join('') + [0.1, 0.9].map(share => line(x, y + height * share, x + length, y + height * share + length * fall, { stroke: tone, width: 3 })).join('')
}

function road (random: Random, { horizon, vanishing, reach }: Outlook): string {
  const tone = real(random, 45, 150)
  const at = (offset: number, y: number): number => vanishing + offset * (y - horizon) / (HIGH - horizon)
  const top = Math.max(horizon, -20)
  const strip = (from: number, to: number, y0: number, y1: number, fill: number, opacity = 1): string => polygon([at(from, y0), y0, at(to, y0), y0, at(to, y1), y1, at(from, y1), y1], { fill, opacity })
  const ground = rect(0, top, WIDE, HIGH - top, { fill: real(random, 50, 190) })
  const pavement = random.chance(700) ? strip(-reach * 1.4, reach * 1.4, top, HIGH, real(random, 90, 200)) : ''
  const lanes = random.between(1, 4)
  const dashes = Array.from({ length: lanes * 10 }, (_, index) => {
    const offset = -reach + 2 * reach * (Math.floor(index / 10) + 1) / (lanes + 1)
    const near = horizon + (HIGH - horizon) * (1 - (index % 10) / 10) ** 2
    return strip(offset - 9, offset + 9, Math.max(horizon + (near - horizon) * 0.8, top), Math.max(near, top), real(random, 170, 245), 0.8)
  })
  const edges = random.chance(600) ? [-0.96, 0.95].map(share => strip(reach * share, reach * share + 14, top, HIGH, 215, 0.7)).join('') : ''
  const patches = Array.from({ length: random.integer(7) }, () => ellipse(real(random, 0, WIDE), real(random, top, HIGH), real(random, 20, 200), real(random, 4, 30), { fill: tone * real(random, 0.5, 1.5), opacity: 0.5 }))
  const zebra = random.chance(200) ? Array.from({ length: 12 }, (_, index) => strip(-reach + index * reach / 6, -reach + (index + 0.5) * reach / 6, horizon + (HIGH - horizon) * 0.6, horizon + (HIGH - horizon) * 0.72, 220)).join('') : ''
  return ground + pavement + strip(-reach, reach, top, HIGH, tone) + edges + dashes.join('') + zebra + patches.join('')
}

function beside (random: Random, foot: number): string {
  const things = Array.from({ length: random.between(2, 9) }, () => {
    const [x, y] = [real(random, -40, WIDE), real(random, foot * 0.2, foot)]
    return random.pick([
      () => roadSign(random, x, y, real(random, 18, 90), foot + real(random, 0, 120)), () => roadSign(random, x, y, real(random, 18, 60), foot + real(random, 0, 120)),
      () => rect(x, real(random, -100, foot * 0.5), real(random, 4, 14), HIGH, { fill: real(random, 30, 170) }), () => fence(random, x, foot - real(random, 0, 40)),
      () => directionBoard(random, x, y * 0.8, real(random, 90, 320), real(random, 40, 170), foot), () => board(random, x, y, real(random, 40, 220), real(random, 12, 60)), () => tree(random, x, foot + real(random, -10, 90))
    ])()
  })
  return things.join('') + (random.chance(400) ? Array.from({ length: random.between(1, 4) }, () => line(0, real(random, 0, foot), WIDE, real(random, 0, foot), { stroke: 30, width: 2 })).join('') : '')
}

/** Bricks, slats, tiles or a gate: a picture of one surface. */
function surface (random: Random): string {
  const [base, gap] = [real(random, 40, 210), real(random, 14, 70)]
  const ratio = random.pick([0.3, 1, 2.2, 30])
  const [wide, high] = [gap * ratio, gap]
  const columns = Math.min(Math.ceil(WIDE / wide), 60)
  const rows = Math.min(Math.ceil(HIGH / high), 40)
  const tiles = Array.from({ length: columns * rows }, (_, at) => rect(at % columns * wide + (Math.floor(at / columns) % 2) * wide / 2, Math.floor(at / columns) * high, wide * 0.94, high * 0.88, { fill: base * real(random, 0.8, 1.2) }))
  return rect(0, 0, WIDE, HIGH, { fill: base * 0.6 }) + tiles.join('') + Array.from({ length: random.integer(4) }, () => board(random, real(random, 0, WIDE), real(random, 0, HIGH), real(random, 60, 400), real(random, 20, 110))).join('')
}

/** An empty street as `outlook` shows it, `width` pixels wide. */
export async function drawStreet (random: Random, width: number, outlook: Outlook = chooseOutlook(random)): Promise<Sprite> {
  const foot = Math.max(outlook.horizon, 0) + real(random, 5, 60)
  const houses = outlook.horizon < 0 ? '' : Array.from({ length: random.between(0, 7) }, () => house(random, real(random, -150, WIDE), foot)).join('')
  const trees = Array.from({ length: random.integer(6) }, () => tree(random, real(random, 0, WIDE), foot)).join('')
  return await rasterise(sky(random, outlook.horizon) + houses + trees + road(random, outlook) + beside(random, foot), STREET_VIEW, width)
}

/** A picture of one surface, with boards on it, `width` pixels wide. */
export const drawSurface = async (random: Random, width: number): Promise<Sprite> => await rasterise(surface(random), STREET_VIEW, width)
