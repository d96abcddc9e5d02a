import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockwise, contains, crossings, faultOf, heart, moved, nearest, signedArea, tidy, type Point } from '../../src/zones/geometry.ts'
import { seeded } from './seeded.ts'

const SQUARE: Point[] = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
const BOW: Point[] = [[0, 0], [1, 1], [1, 0], [0, 1]]
const ELL: Point[] = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.5], [0.5, 0.5], [0.5, 0.9], [0.1, 0.9]]

test('corners are written clockwise, beginning with the same one', () => {
  assert.ok(signedArea(SQUARE) > 0)
  assert.deepEqual(clockwise(SQUARE), SQUARE)
  const other: Point[] = [SQUARE[0]!, SQUARE[3]!, SQUARE[2]!, SQUARE[1]!]
  assert.deepEqual(clockwise(other), SQUARE)
  assert.deepEqual(clockwise([]), [])
})

test('what is no outline is refused for the reason of the box', () => {
  const many = Array.from({ length: 65 }, (_, i): Point => [0.5 + 0.4 * Math.cos((i / 65) * 6.283), 0.5 + 0.4 * Math.sin((i / 65) * 6.283)])
  const cases: [Point[], ReturnType<typeof faultOf>][] = [
    [SQUARE.slice(0, 2), 'few_corners'],
    [many, 'many_corners'],
    [many.slice(1), null],
    [BOW, 'crossing'],
    [[[0, 0], [0.5, 0.5], [1, 1]], 'no_area'],
    [SQUARE, null],
    [ELL, null],
  ]
  for (const [points, fault] of cases) assert.equal(faultOf(points), fault, JSON.stringify(points))
})

test('edges that cross are told by the corner where they begin', () => {
  assert.deepEqual(crossings(BOW), new Set([0, 2]))
  assert.deepEqual(crossings(SQUARE), new Set())
  // While it is drawn, the last corner does not lead back yet.
  const drawn: Point[] = [[0, 0], [1, 0], [1, 1], [0.5, -0.5 + 1]]
  assert.deepEqual(crossings(drawn, true), new Set())
  assert.deepEqual(crossings([[0.1, 0.5], [0.9, 0.5], [0.9, 0.9], [0.5, 0.1]], true), new Set([0, 2]))
  // Edges that only touch do not cross.
  assert.deepEqual(crossings([[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]]), new Set())
})

test('inside is what the angles around a point say', () => {
  const next = seeded(12)
  for (let run = 0; run < 300; run += 1) {
    // A star around its middle never crosses itself.
    const n = 3 + Math.floor(next() * 10)
    const star = Array.from({ length: n }, (_, i): Point => {
      const angle = ((i + 0.8 * next()) / n) * 2 * Math.PI
      const far = 0.05 + 0.4 * next()
      return [0.5 + far * Math.cos(angle), 0.5 + far * Math.sin(angle)]
    })
    const point: Point = [next(), next()]
    assert.equal(contains(star, point), Math.abs(turned(star, point)) > Math.PI, `run ${run} of seed 12`)
  }
})

function turned(points: Point[], [x, y]: Point): number {
  const angles = points.map(([px, py]) => Math.atan2(py - y, px - x))
  return angles.reduce((sum, angle, i) => {
    const step = angles[(i + 1) % angles.length]! - angle
    return sum + step - 2 * Math.PI * Math.round(step / (2 * Math.PI))
  }, 0)
}

test('a name stands inside, also of an outline that is hollow', () => {
  assert.ok(contains(ELL, heart(ELL)))
  const u: Point[] = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.8], [0.8, 0.8], [0.8, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]
  assert.ok(contains(u, heart(u)))
  assert.deepEqual(heart([[0.2, 0.4], [0.4, 0.4]]).map((v) => v.toFixed(3)), ['0.300', '0.400'])
})

test('what is moved keeps its form and stays in the picture', () => {
  assert.deepEqual(moved(SQUARE, [0.1, 0]), [[0.3, 0.2], [0.9, 0.2], [0.9, 0.8], [0.3, 0.8]])
  assert.deepEqual(moved(SQUARE, [0.5, -1]), [[0.4, 0], [1, 0], [1, 0.6], [0.4, 0.6]])
})

test('points are in the picture, with four digits', () => {
  assert.deepEqual(tidy([-0.2, 1.7]), [0, 1])
  assert.deepEqual(tidy([0.123449, 1 / 3]), [0.1234, 0.3333])
})

test('the nearest point of an edge is that of the picture, not of its fractions', () => {
  // In a picture twice as wide as high, the diagonal is not at 45 degrees.
  const at = nearest([[0, 0], [1, 1]], [0.5, 0], 2)
  assert.ok(Math.abs(at[0] - 0.4) < 1e-9 && Math.abs(at[1] - 0.4) < 1e-9, String(at))
  assert.deepEqual(nearest([[0.2, 0.2], [0.2, 0.2]], [1, 1], 2), [0.2, 0.2])
})
