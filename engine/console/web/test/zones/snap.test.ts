import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Point } from '../../src/zones/geometry.ts'
import { snap, straightened, type Around } from '../../src/zones/snap.ts'

const AROUND: Around = {
  edges: [[[0.2, 0.5], [0.8, 0.5]]],
  corners: [[0.2, 0.5], [0.8, 0.5]],
  aspect: 16 / 9,
  reach: 0.02,
  from: null,
  straight: false,
}

test('a corner is nearer than an edge, an edge than the frame', () => {
  assert.deepEqual(snap([0.205, 0.505], AROUND), { point: [0.2, 0.5], to: 'corner' })
  assert.deepEqual(snap([0.5, 0.51], AROUND), { point: [0.5, 0.5], to: 'edge' })
  assert.deepEqual(snap([0.004, 0.9], AROUND), { point: [0, 0.9], to: 'frame' })
  assert.deepEqual(snap([0.995, 0.99], AROUND), { point: [1, 1], to: 'frame' })
  assert.deepEqual(snap([0.5, 0.7], AROUND), { point: [0.5, 0.7], to: 'free' })
})

test('reach is the same to the side as up and down', () => {
  // 0.02 of the height is 0.01125 of the width.
  assert.equal(snap([0.212, 0.5], { ...AROUND, edges: [] }).to, 'free')
  assert.equal(snap([0.211, 0.5], { ...AROUND, edges: [] }).to, 'corner')
})

test('with Shift a line lies at an eighth of a turn, as it is seen', () => {
  const from: Point = [0.5, 0.5]
  for (const [point, want] of [
    [[0.7, 0.52], [0.7, 0.5]],
    [[0.51, 0.9], [0.5, 0.9]],
    // 45 degrees on the screen: as many heights to the side as down.
    [[0.5 + 0.09, 0.5 + 0.16], [0.59, 0.66]],
  ] as [Point, Point][]) {
    const got = snap(point, { ...AROUND, from, straight: true })
    assert.equal(got.to, 'angle')
    assert.ok(Math.hypot(got.point[0] - want[0], got.point[1] - want[1]) < 2e-3, `${point} gives ${got.point}`)
  }
  assert.deepEqual(straightened(from, from, 1), from)
})
