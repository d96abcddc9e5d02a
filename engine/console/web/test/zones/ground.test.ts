import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contains, type Point } from '../../src/zones/geometry.ts'
import { Ground, leastHeight, tooSmall, wellPlaced, type Calibration } from '../../src/zones/ground.ts'

const ASPECT = 16 / 9
const ROAD: Calibration = {
  picture: [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]],
  ground_m: [[0, 0], [6, 0], [6, 20], [0, 20]],
}

/** A level camera so high above a flat road, its horizon in the middle, with this focal length in heights of the picture. */
function camera(height_m: number, focal: number, tilt = 0): (east: number, ahead: number, up?: number) => Point {
  return (east, ahead, up = 0) => {
    const drop = height_m - up
    const depth = ahead * Math.cos(tilt) + drop * Math.sin(tilt)
    const down = drop * Math.cos(tilt) - ahead * Math.sin(tilt)
    return [0.5 + (focal * east) / depth / ASPECT, 0.5 + (focal * down) / depth]
  }
}

test('four points tell where the road is, as they tell the box', () => {
  const ground = Ground.of(ROAD)!
  const near = ground.at([0.5, 0.9])!
  assert.ok(Math.abs(near[0] - 3) < 1e-6 && Math.abs(near[1]) < 1e-6, String(near))
  const far = ground.at([0.5, 0.7])!
  assert.ok(Math.abs(far[0] - 3) < 1e-6 && far[1] < 8, String(far))
  assert.equal(Ground.of({ ...ROAD, picture: [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.9, 0.1]] }), null)
  assert.equal(Ground.of({ picture: ROAD.picture.slice(1), ground_m: ROAD.ground_m }), null)
})

test('a person looks as high as a camera would show them', () => {
  for (const [tilt, off] of [[0, 0.001], [0.35, 0.12]] as const) {
    const show = camera(6, 1.2, tilt)
    const corners = [[-3, 8], [3, 8], [3, 30], [-3, 30]] as const
    const ground = Ground.of({ picture: corners.map(([e, n]) => show(e, n)), ground_m: [...corners] })!
    for (const [east, ahead] of [[0, 10], [2, 18], [-2, 28]] as const) {
      const feet = show(east, ahead)
      const seen = feet[1] - show(east, ahead, 1.6)[1]
      const said = ground.heightAt(feet, 1.6, ASPECT)
      assert.ok(Math.abs(said / seen - 1) <= off, `${ahead} m ahead: ${said} for ${seen}`)
    }
  }
})

test('what is far is too small, and what is above the horizon too', () => {
  const show = camera(6, 1.2)
  const corners = [[-3, 8], [3, 8], [3, 30], [-3, 30]] as const
  const calibration: Calibration = { picture: corners.map(([e, n]) => show(e, n)), ground_m: [...corners] }
  // 1.6 m are 0.08 of the height where f * 1.6 / 24 m.
  const part = tooSmall(Ground.of(calibration)!, calibration, 1.6, 0.08, ASPECT)!
  assert.ok(contains(part, show(0, 26)) && contains(part, [0.5, 0.3]))
  assert.ok(!contains(part, show(0, 22)) && !contains(part, [0.5, 0.99]))
  const border = show(0, 24)[1]
  assert.ok(Math.abs(part.at(-24)![1] - border) < 0.01, `${part.at(-24)} for ${border}`)
})

test('the least height follows from how the picture lies on the input', () => {
  const of = (letterbox: boolean): number | null => leastHeight({ input_px: [416, 416], letterbox, height_min_px: 26 }, ASPECT)
  assert.equal(of(false), 26 / 416)
  // 416 x 234 px of it.
  assert.equal(of(true), 26 / 234)
  assert.equal(leastHeight({ input_px: [416, 416], letterbox: true, height_min_px: 26 }, 0.5), 26 / 416)
  assert.equal(leastHeight({ input_px: [300, 300], height_min_px: null }, ASPECT), null)
})

test('where all is large enough nothing is shaded', () => {
  // A camera that looks straight down: everything is as far away.
  const down: Calibration = { picture: [[0, 0], [1, 0], [1, 1], [0, 1]], ground_m: [[0, 0], [16, 0], [16, 9], [0, 9]] }
  assert.equal(tooSmall(Ground.of(down)!, down, 1.6, 0.05, ASPECT), null)
})

test('points that go round and are not on a line are well placed', () => {
  assert.ok(wellPlaced(ROAD.picture))
  assert.ok(!wellPlaced([[0.2, 0.9], [0.6, 0.5], [0.8, 0.9], [0.4, 0.5]]), 'crossed')
  assert.ok(!wellPlaced([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.9, 0.1]]), 'three on a line')
  assert.ok(!wellPlaced(ROAD.picture.slice(1)))
})
