// The road as a plane: four points of the picture with their places on the ground tell where every point is
// (Hartley and Zisserman, Multiple View Geometry, 4.1), and so how large a thing looks that stands there.
import { cross, side, type Point } from './geometry.ts'

export type Metres = readonly [number, number]
type Matrix = [number[], number[], number[]]

/** How a model sees a camera's picture. */
interface Seen {
  input_px: readonly [number, number] | null
  letterbox?: boolean
  height_min_px: number | null
}

export interface Calibration {
  picture: Point[]
  ground_m: Metres[]
}

/** From fractions of the picture to metres on the ground. */
export class Ground {
  readonly #map: Matrix

  private constructor(map: Matrix) {
    this.#map = map
  }

  /** Null when the points tell no plane, as the box would say. */
  static of({ picture, ground_m }: Calibration): Ground | null {
    if (picture.length !== 4 || ground_m.length !== 4) return null
    const rows = picture.flatMap(([x, y], index) => {
      const [east, north] = ground_m[index]!
      return [
        [x, y, 1, 0, 0, 0, -east * x, -east * y, east],
        [0, 0, 0, x, y, 1, -north * x, -north * y, north],
      ]
    })
    const h = solve(rows)
    if (!h) return null
    const ground = new Ground([h.slice(0, 3), h.slice(3, 6), [h[6]!, h[7]!, 1]])
    const exact = picture.every((point, index) => {
      const [east, north] = ground_m[index]!
      const to = ground.at(point)
      return to !== null && Math.hypot(to[0] - east, to[1] - north) < 1e-3
    })
    return exact ? ground : null
  }

  #times([x, y]: Point): number[] {
    return this.#map.map((row) => row[0]! * x + row[1]! * y + row[2]!)
  }

  /** Metres; null on the horizon. */
  at(point: Point): Metres | null {
    const [east = 0, north = 0, scale = 0] = this.#times(point)
    const to: Metres = [east / scale, north / scale]
    return to.every(Number.isFinite) ? to : null
  }

  /** On which side of the horizon: the road is where the sign is that of the points themselves. */
  scale(point: Point): number {
    return this.#times(point)[2] ?? 0
  }

  /**
   * How high something looks that stands at this point and is `height_m` high, in heights of the picture. A step to
   * the side is as far from the camera as what stands, so both are shown alike: true of a camera that is held level and does
   * not look straight down.
   */
  heightAt(point: Point, height_m: number, aspect: number): number {
    const STEP = 1e-4
    const [a, b] = [this.at(point), this.at([point[0] + STEP, point[1]])]
    if (!a || !b) return 0
    const metres = Math.hypot(a[0] - b[0], a[1] - b[1])
    return metres === 0 ? 0 : (height_m * STEP * aspect) / metres
  }
}

/** Gauss and Jordan, with pivots; null when there is no single answer. */
function solve(rows: number[][]): number[] | null {
  const n = rows.length
  for (let column = 0; column < n; column += 1) {
    let pivot = column
    for (let row = column; row < n; row += 1) if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row
    ;[rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!]
    const lead = rows[column]!
    if (Math.abs(lead[column]!) < 1e-9) return null
    for (const row of rows) {
      if (row === lead) continue
      const factor = row[column]! / lead[column]!
      row.forEach((value, index) => (row[index] = value - factor * lead[index]!))
    }
  }
  return rows.map((row, index) => row[n]! / row[index]!)
}

/** Do the points, taken in order, go round without crossing, and are no three of them on a line? */
export function wellPlaced(points: readonly Point[]): boolean {
  const [a, b, c, d] = points
  if (!a || !b || !c || !d) return false
  const ON_A_LINE = 1e-4
  const triples: [Point, Point, Point][] = [[a, b, c], [b, c, d], [c, d, a], [d, a, b]]
  if (triples.some(([p, q, r]) => Math.abs(side(p, q, r)) < ON_A_LINE)) return false
  return !cross([a, b], [c, d]) && !cross([b, c], [d, a])
}

/** The least tall of what rules are about, as high as a small adult. */
export const PERSON_M = 1.6

/** The smallest height that the model finds half of, as a share of the picture's; null where nobody measured it. */
export function leastHeight({ input_px, letterbox, height_min_px }: Seen, aspect: number): number | null {
  if (!input_px || height_min_px === null) return null
  const [width, height] = input_px
  return height_min_px / (letterbox ? Math.min(height, width / aspect) : height)
}

/**
 * The part of the picture where something of this height looks smaller than the model surely sees: an outline from the
 * upper edge of the picture down to where it is large enough. Null when there is no such part.
 */
export function tooSmall(ground: Ground, calibration: Calibration, height_m: number, least: number, aspect: number): Point[] | null {
  const COLUMNS = 48
  const ROWS = 200
  const known = Math.sign(ground.scale(calibration.picture[0]!))
  const large = (x: number, y: number): boolean =>
    Math.sign(ground.scale([x, y])) === known && ground.heightAt([x, y], height_m, aspect) >= least
  const lower: Point[] = []
  for (let column = 0; column <= COLUMNS; column += 1) {
    const x = column / COLUMNS
    let row = ROWS
    while (row > 0 && large(x, row / ROWS)) row -= 1
    lower.push([x, row === 0 ? 0 : Math.min(1, (row + (row === ROWS ? 0 : 0.5)) / ROWS)])
  }
  return lower.some(([, y]) => y > 0) ? [[0, 0], [1, 0], ...lower.toReversed()] : null
}
