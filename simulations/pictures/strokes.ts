/**
 * Letters from pen strokes: a path of the pen's middle line, a weight, and how round its corners and ends are, become
 * closed outlines. Paths are short texts: strokes apart by `;`, points `x,y` apart by spaces in a box from 0,0 (top left)
 * to 1,1 which the middle line of the pen touches, `r` after a point for a corner that the face may round, `z` in front of
 * a stroke that ends where it began.
 */

/** How a face shapes a stroke; lengths as shares of the cap height. */
export interface Pen {
  readonly weight: number
  /** 0 a sharp corner, 1 as round as the letter's width allows. */
  readonly roundness: number
  /** 0 circular corners on long straight sides, 1 ellipses over the whole height. */
  readonly oval: number
  readonly roundEnds: boolean
}

interface Point { readonly x: number, readonly y: number, readonly round: boolean }
interface Stroke { readonly points: readonly Point[], readonly closed: boolean }

const CURVE_STEPS = 5
/** A mitre longer than this many half weights is cut off. */
const MITRE_MAX = 2.2
const END_STEPS = 4

const parsed = new Map<string, readonly Stroke[]>()

function parseStrokes (path: string): readonly Stroke[] {
  const known = parsed.get(path)
  if (known !== undefined) return known
  const strokes = path.split(';').map(text => {
    const words = text.trim().split(/\s+/)
    const closed = words[0] === 'z'
    const points = words.slice(closed ? 1 : 0).map(word => {
      const [x, y] = word.replace('r', '').split(',').map(Number)
      return { x: x!, y: y!, round: word.endsWith('r') }
    })
    return { points, closed }
  })
  parsed.set(path, strokes)
  return strokes
}

/** Outlines of the path in a box `width` × 1 (both as shares of the cap height), to be filled by non-zero winding. */
export function outlinesOf (path: string, width: number, pen: Pen): number[][] {
  const outlines = parseStrokes(path).flatMap(stroke => outlinesOfStroke(middleLine(stroke, width, pen), stroke.closed, pen))
  return outlines.map(outline => outline.map((value, at) => at % 2 === 1 ? Math.min(Math.max(value, 0), 1) : Math.min(Math.max(value, 0), width)))
}

/** The pen's way with round corners as short steps. */
function middleLine ({ points, closed }: Stroke, width: number, pen: Pen): number[] {
  const across = Math.max(width - pen.weight, 0.001)
  const placed = points.map(({ x, y, round }) => ({ x: pen.weight / 2 + x * across, y: pen.weight / 2 + y * (1 - pen.weight), round }))
  const line: number[] = []
  for (let i = 0; i < placed.length; i++) {
    const here = placed[i]!
    const [before, after] = [placed[(i + placed.length - 1) % placed.length]!, placed[(i + 1) % placed.length]!]
    if (here.round && pen.roundness > 0) line.push(...corner(before, here, after, across, pen))
    else line.push(here.x, here.y)
  }
  return line
}

function corner (before: Point, here: Point, after: Point, across: number, pen: Pen): number[] {
  const reach = (to: Point): number => {
    const length = Math.hypot(to.x - here.x, to.y - here.y)
    const most = to.round ? length / 2 : length * 0.92
    const circle = Math.min(across / 2 * pen.roundness, most)
    return Math.abs(to.y - here.y) > Math.abs(to.x - here.x) ? circle + (most - circle) * pen.oval : circle
  }
  const along = (to: Point): Point => {
    const share = reach(to) / Math.max(Math.hypot(to.x - here.x, to.y - here.y), 1e-6)
    return { x: here.x + (to.x - here.x) * share, y: here.y + (to.y - here.y) * share, round: false }
  }
  const [start, end] = [along(before), along(after)]
  const line: number[] = []
  for (let step = 0; step <= CURVE_STEPS; step++) {
    const t = step / CURVE_STEPS
    // A rational quadratic with weight √½ in the middle is an exact quarter of an ellipse.
    const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t) * Math.SQRT1_2, t * t]
    line.push((a * start.x + b * here.x + c * end.x) / (a + b + c), (a * start.y + b * here.y + c * end.y) / (a + b + c))
  }
  return line
}

function outlinesOfStroke (line: number[], closed: boolean, pen: Pen): number[][] {
  const points = withoutRepeats(line, closed)
  const count = points.length / 2
  if (count < 2) return []
  const half = pen.weight / 2
  const left: number[] = []
  const right: number[] = []
  for (let i = 0; i < count; i++) {
    if (!closed && (i === 0 || i === count - 1)) { addEnd(points, i === 0, half, pen, left, right); continue }
    addJoin(points, i, count, half, left, right)
  }
  return closed ? [left, reversed(right)] : [[...left, ...reversed(right)]]
}

function withoutRepeats (line: number[], closed: boolean): number[] {
  const points: number[] = []
  for (let i = 0; i < line.length; i += 2) {
    if (points.length > 0 && Math.hypot(line[i]! - points.at(-2)!, line[i + 1]! - points.at(-1)!) < 1e-4) continue
    points.push(line[i]!, line[i + 1]!)
  }
  if (closed && Math.hypot(points[0]! - points.at(-2)!, points[1]! - points.at(-1)!) < 1e-4) points.splice(-2)
  return points
}

function direction (points: number[], from: number, to: number): readonly [number, number] {
  const [dx, dy] = [points[2 * to]! - points[2 * from]!, points[2 * to + 1]! - points[2 * from + 1]!]
  const length = Math.hypot(dx, dy)
  return [dx / length, dy / length]
}

function addEnd (points: number[], isStart: boolean, half: number, pen: Pen, left: number[], right: number[]): void {
  const last = points.length / 2 - 1
  const [dx, dy] = isStart ? direction(points, 0, 1) : direction(points, last - 1, last)
  const [x, y] = isStart ? [points[0]!, points[1]!] : [points[2 * last]!, points[2 * last + 1]!]
  const out = isStart ? -half : half
  if (!pen.roundEnds) {
    left.push(x + dx * out + dy * half, y + dy * out - dx * half)
    right.push(x + dx * out - dy * half, y + dy * out + dx * half)
    return
  }
  for (let step = 0; step <= END_STEPS; step++) {
    const angle = (isStart ? END_STEPS - step : step) / END_STEPS * Math.PI / 2
    const [side, forth] = [half * Math.cos(angle), out * Math.sin(angle)]
    left.push(x + dx * forth + dy * side, y + dy * forth - dx * side)
    right.push(x + dx * forth - dy * side, y + dy * forth + dx * side)
  }
}

function addJoin (points: number[], i: number, count: number, half: number, left: number[], right: number[]): void {
  const [x, y] = [points[2 * i]!, points[2 * i + 1]!]
  const [ax, ay] = direction(points, (i + count - 1) % count, i)
  const [bx, by] = direction(points, i, (i + 1) % count)
  const mitre = half / Math.max(Math.sqrt(Math.max((1 + ax * bx + ay * by) / 2, 0)), 0.05)
  const long = Math.hypot(ax + bx, ay + by)
  const turnsLeft = ax * by - ay * bx < 0
  const sides: readonly (readonly [number[], number, boolean])[] = [[left, 1, !turnsLeft], [right, -1, turnsLeft]]
  for (const [side, sign, isOuter] of sides) {
    if (long > 1e-3 && (!isOuter || mitre < half * MITRE_MAX)) {
      const length = Math.min(mitre, half * MITRE_MAX) * sign
      side.push(x + (ay + by) / long * length, y - (ax + bx) / long * length)
    } else side.push(x + ay * half * sign, y - ax * half * sign, x + by * half * sign, y - bx * half * sign)
  }
}

function reversed (line: readonly number[]): number[] {
  const back: number[] = []
  for (let i = line.length - 2; i >= 0; i -= 2) back.push(line[i]!, line[i + 1]!)
  return back
}
