// Where a corner goes that is drawn near something: there exactly.
import { distance, nearest, tidy, type Point } from './geometry.ts'

/** What a corner was put on; shown while it is drawn. */
export type SnapTo = 'corner' | 'edge' | 'frame' | 'angle' | 'free'

export interface Snapped {
  point: Point
  to: SnapTo
}

export interface Around {
  /** Outlines and lines of the picture but for the piece that is moved: each edge. */
  edges: [Point, Point][]
  corners: Point[]
  /** How much wider than high the picture is. */
  aspect: number
  /** In heights of the picture: nearer than this is on it. */
  reach: number
  /** Lines from here are at whole multiples of an eighth of a turn, when that is asked for. */
  from: Point | null
  straight: boolean
}

const TURN = Math.PI / 4

/** The point on a line from `from` at the nearest eighth of a turn. */
export function straightened(from: Point, point: Point, aspect: number): Point {
  const dx = (point[0] - from[0]) * aspect
  const dy = point[1] - from[1]
  const angle = Math.round(Math.atan2(dy, dx) / TURN) * TURN
  const length = dx * Math.cos(angle) + dy * Math.sin(angle)
  return [from[0] + (length * Math.cos(angle)) / aspect, from[1] + length * Math.sin(angle)]
}

/** A corner is nearer than an edge, an edge than the frame. */
export function snap(point: Point, around: Around): Snapped {
  const { aspect, reach } = around
  if (around.straight && around.from) return { point: tidy(straightened(around.from, point, aspect)), to: 'angle' }
  const closest = (candidates: Point[]): Point | null => {
    const near = candidates
      .map((candidate) => ({ candidate, far: distance(candidate, point, aspect) }))
      .filter(({ far }) => far <= reach)
      .toSorted((a, b) => a.far - b.far)
    return near[0]?.candidate ?? null
  }
  const corner = closest(around.corners)
  if (corner) return { point: corner, to: 'corner' }
  const edge = closest(around.edges.map((edge) => nearest(edge, point, aspect)))
  const framed = atFrame(edge ?? point, reach, aspect)
  if (edge) return { point: tidy(framed), to: 'edge' }
  return { point: tidy(framed), to: framed === point ? 'free' : 'frame' }
}

/** What is cut off by the frame is only in a zone that reaches there. */
function atFrame(point: Point, reach: number, aspect: number): Point {
  const pull = (value: number, near: number): number => (value <= near ? 0 : value >= 1 - near ? 1 : value)
  const x = pull(point[0], reach / aspect)
  const y = pull(point[1], reach)
  return x === point[0] && y === point[1] ? point : [x, y]
}
