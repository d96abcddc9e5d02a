import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COUNTRY, graticule, ISLANDS, LAND } from '../../src/map/outline.ts'

test('lines are as far apart as a view bears, at round degrees, and a little beyond it', () => {
  for (const [view, degrees] of [
    [[101, 7, 116, 24], [106, 108]],
    [[107.5, 16.4, 107.7, 16.5], [107.55, 107.6]],
    [[107.59, 16.46, 107.592, 16.461], [107.59, 107.591]],
  ] as [[number, number, number, number], number[]][]) {
    const { features } = graticule(view)
    const found = features.map(({ properties }) => properties.degrees)
    for (const one of degrees) assert.ok(found.includes(one), `${view}: ${one} of ${found}`)
    assert.ok(features.length > 4 && features.length < 60, `${features.length} lines`)
  }
  assert.ok(graticule([0, 0, 0, 0]).features.length < 60, 'a view without width ends too')
  assert.ok(graticule([-180, -90, 180, 90]).features.every(({ geometry }) => geometry.coordinates.every(([, lat]) => Math.abs(lat) <= 85)))
})

test('the outline is closed, crosses itself nowhere, and holds its towns but not the sea', () => {
  for (const [ring] of LAND.geometry.coordinates) {
    assert.deepEqual(ring![0], ring!.at(-1))
    assert.equal(crossings(ring!), 0)
  }
  const mainland = LAND.geometry.coordinates[0]![0]!
  for (const town of [[105.85, 21.03], [107.55, 16.42], [106.7, 10.8], [108.05, 12.67]]) assert.ok(holds(mainland, town), `${town}`)
  for (const sea of [[107.5, 19], [110, 14], [104, 9], ...ISLANDS.map(({ at }) => at)]) assert.ok(!holds(mainland, sea), `${sea}`)
  const [west, south, east, north] = COUNTRY
  for (const [lon, lat] of [...mainland, ...ISLANDS.map(({ at }) => at)]) assert.ok(lon! > west && lon! < east && lat! > south && lat! < north)
})

type Ring = number[][]

function holds(ring: Ring, [x = 0, y = 0]: number[]): boolean {
  let inside = false
  for (let n = 1; n < ring.length; n += 1) {
    const [[ax = 0, ay = 0], [bx = 0, by = 0]] = [ring[n - 1]!, ring[n]!]
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside
  }
  return inside
}

/** Pairs of sides that cross, of those that do not touch. */
function crossings(ring: Ring): number {
  const side = ([ax = 0, ay = 0]: number[], [bx = 0, by = 0]: number[], [x = 0, y = 0]: number[]): number => Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax))
  let count = 0
  for (let a = 1; a < ring.length; a += 1) {
    for (let b = a + 2; b < ring.length; b += 1) {
      if (a === 1 && b === ring.length - 1) continue
      const [p, q, r, s] = [ring[a - 1]!, ring[a]!, ring[b - 1]!, ring[b]!]
      if (side(p, q, r) !== side(p, q, s) && side(r, s, p) !== side(r, s, q)) count += 1
    }
  }
  return count
}
