// Points and outlines in fractions of the picture: [0, 0] is top left, [1, 1] bottom right. What is judged here is
// judged by the box in the same way (`core/geometry.rs`), so that a person is told while drawing and not after.

export type Point = readonly [number, number]

/** A polygon of a pipeline has so many corners. */
export const CORNERS_MIN = 3
export const CORNERS_MAX = 64

/** Finer than a pixel of any camera, and short enough to be read in the file. */
const GRID = 10_000

function onGrid(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * GRID) / GRID
}

/** In the picture, and written with four digits. */
export function tidy([x, y]: Point): Point {
  return [onGrid(x), onGrid(y)]
}

export function same(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1]
}

/** The corner after this one, all around. */
function after(points: readonly Point[], index: number): Point {
  return points[(index + 1) % points.length]!
}

/** Positive when the corners go round clockwise as one sees them, y being downwards (shoelace formula). */
export function signedArea(points: readonly Point[]): number {
  return points.reduce((sum, a, index) => {
    const b = after(points, index)
    return sum + (a[0] * b[1] - b[0] * a[1]) / 2
  }, 0)
}

/** The same outline, its corners clockwise, beginning with the same one. */
export function clockwise(points: readonly Point[]): Point[] {
  const [first, ...rest] = points
  if (!first || signedArea(points) >= 0) return [...points]
  return [first, ...rest.reverse()]
}

/** Even–odd rule. */
export function contains(points: readonly Point[], [x, y]: Point): boolean {
  let inside = false
  points.forEach((a, index) => {
    const b = after(points, index)
    if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) inside = !inside
  })
  return inside
}

/** On which side of the way from `from` to `to` a point is: negative on the left of who walks there. */
export function side(from: Point, to: Point, point: Point): number {
  return (to[0] - from[0]) * (point[1] - from[1]) - (to[1] - from[1]) * (point[0] - from[0])
}

/** Do two pieces of lines cross? Those that only touch do not. */
export function cross(a: [Point, Point], b: [Point, Point]): boolean {
  return side(...a, b[0]) * side(...a, b[1]) < 0 && side(...b, a[0]) * side(...b, a[1]) < 0
}

/**
 * The edges (each by the corner where it begins) that cross another one. `open`: the outline is still being drawn, so
 * its last corner does not lead back to the first.
 */
export function crossings(points: readonly Point[], open = false): Set<number> {
  const n = points.length
  const edges = open ? n - 1 : n
  const found = new Set<number>()
  const edge = (i: number): [Point, Point] => [points[i]!, after(points, i)]
  for (let i = 0; i < edges; i += 1) {
    for (let j = i + 2; j < edges; j += 1) {
      const neighbours = !open && (j + 1) % n === i
      if (neighbours || !cross(edge(i), edge(j))) continue
      found.add(i).add(j)
    }
  }
  return found
}

/** Why an outline is none; the page has words for each. */
export type Fault = 'few_corners' | 'many_corners' | 'crossing' | 'no_area'

/** As in the box: a share of the frame. */
const AREA_MIN = 1.2e-7

export function faultOf(points: readonly Point[]): Fault | null {
  if (points.length < CORNERS_MIN) return 'few_corners'
  if (points.length > CORNERS_MAX) return 'many_corners'
  if (crossings(points).size > 0) return 'crossing'
  return Math.abs(signedArea(points)) <= AREA_MIN ? 'no_area' : null
}

/** The point of a piece of a line that is nearest. `aspect`: how much wider than high the picture is. */
export function nearest([a, b]: [Point, Point], point: Point, aspect: number): Point {
  const along = [(b[0] - a[0]) * aspect, b[1] - a[1]] as const
  const to = [(point[0] - a[0]) * aspect, point[1] - a[1]] as const
  const length = along[0] ** 2 + along[1] ** 2
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, (to[0] * along[0] + to[1] * along[1]) / length))
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share]
}

/** How far apart, in heights of the picture. */
export function distance(a: Point, b: Point, aspect: number): number {
  return Math.hypot((a[0] - b[0]) * aspect, a[1] - b[1])
}

export function middle(a: Point, b: Point): Point {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
}

/** All of it moved, as far as it stays in the picture. */
export function moved(points: readonly Point[], [dx, dy]: Point): Point[] {
  const within = (by: number, values: number[]): number => Math.min(1 - Math.max(...values), Math.max(-Math.min(...values), by))
  const x = within(dx, points.map(([x]) => x))
  const y = within(dy, points.map(([, y]) => y))
  return points.map((point) => tidy([point[0] + x, point[1] + y]))
}

/**
 * A point well inside, where a name may stand: in the middle of the widest stretch at a few heights. Of what is no
 * outline yet, its middle.
 */
export function heart(points: readonly Point[]): Point {
  if (points.length < CORNERS_MIN) return mean(points)
  const ROWS = 9
  const ys = points.map(([, y]) => y)
  const top = Math.min(...ys)
  const high = Math.max(...ys) - top
  let best: { width: number; at: Point } | null = null
  for (let row = 1; row <= ROWS; row += 1) {
    const y = top + (high * row) / (ROWS + 1)
    const middling = 1 - Math.abs(row / (ROWS + 1) - 0.5)
    const cuts = cutsAt(points, y)
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const [from, to] = [cuts[i]!, cuts[i + 1]!]
      const width = (to - from) * middling
      if (!best || width > best.width) best = { width, at: [(from + to) / 2, y] }
    }
  }
  return best?.at ?? mean(points)
}

/** Where the outline passes this height, from left to right. */
function cutsAt(points: readonly Point[], y: number): number[] {
  return points
    .flatMap((a, index) => {
      const b = after(points, index)
      return a[1] > y === b[1] > y ? [] : [a[0] + ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1])]
    })
    .toSorted((a, b) => a - b)
}

function mean(points: readonly Point[]): Point {
  const n = Math.max(1, points.length)
  return [points.reduce((sum, [x]) => sum + x, 0) / n, points.reduce((sum, [, y]) => sum + y, 0) / n]
}
