// A plain base for consoles without a map of their own. Drawn by hand, some twenty kilometres exact: it says about
// where one is, and nothing about borders.
import type { Bounds } from './spots.ts'

type Point = [number, number]

/** From Móng Cái along the coast to Hà Tiên, and back by land. */
const MAINLAND: Point[] = [
  [108.05, 21.55], [107.4, 21], [106.8, 20.7], [106.55, 20.2], [105.95, 19.9], [105.8, 19.3], [105.7, 18.8], [106.1, 18.2],
  [106.45, 17.95], [106.65, 17.45], [107.15, 16.95], [107.65, 16.55], [108.25, 16.1], [108.65, 15.5], [108.9, 15.2], [109.1, 14.3],
  [109.25, 13.8], [109.46, 12.9], [109.25, 12.2], [109.2, 11.7], [109, 11.35], [108.1, 10.9], [107.5, 10.5], [107.08, 10.35],
  [106.75, 10.05], [106.55, 9.6], [106.1, 9.3], [105.25, 8.65], [104.75, 8.6], [104.82, 9.5], [105.08, 10], [104.48, 10.38],
  [105.05, 10.93], [105.8, 11], [106.15, 11.05], [105.8, 11.6], [106.45, 11.7], [107.5, 12.35], [107.55, 13.5], [107.55, 14.7],
  [107.65, 15.3], [107.2, 15.9], [106.6, 16.6], [105.75, 17.65], [105.1, 18.65], [103.9, 19.3], [104.95, 20.1], [103.7, 20.7],
  [103, 21.1], [102.15, 22.4], [102.5, 22.75], [103.3, 22.7], [103.95, 22.5], [104.8, 22.95], [105.35, 23.35], [106, 22.95],
  [106.75, 22.3], [106.65, 21.95], [107.4, 21.6], [108.05, 21.55],
]
const PHU_QUOC: Point[] = [[103.85, 10.35], [104.05, 10.4], [104.05, 10.05], [103.98, 10], [103.85, 10.35]]

/** Archipelagos that are too small for an outline. */
export const ISLANDS: { name: 'hoangSa' | 'truongSa'; at: Point }[] = [
  { name: 'hoangSa', at: [111.8, 16.5] },
  { name: 'truongSa', at: [114.2, 9.8] },
]

export const COUNTRY: Bounds = [101, 7.5, 115.5, 24]

export const LAND = {
  type: 'Feature' as const,
  properties: {},
  geometry: { type: 'MultiPolygon' as const, coordinates: [[MAINLAND], [PHU_QUOC]] },
}

/** Degrees between two lines. */
const STEPS = [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
/** Lines across a view at most. */
const LINES = 8

interface Line {
  type: 'Feature'
  properties: { degrees: number }
  geometry: { type: 'LineString'; coordinates: Point[] }
}

/** Meridians and parallels for a view, some of them beyond its edges so that it can be moved a little. */
export function graticule([west, south, east, north]: Bounds): { type: 'FeatureCollection'; features: Line[] } {
  const width = Math.max(Math.min(east - west, 360), 0.001)
  const step = STEPS.findLast((step) => width / step <= LINES) ?? STEPS[0]!
  const [left, right] = [west - width / 2, east + width / 2]
  const [bottom, top] = [Math.max(south - width / 2, -85), Math.min(north + width / 2, 85)]
  const line = (degrees: number, from: Point, to: Point): Line => ({
    type: 'Feature',
    properties: { degrees },
    geometry: { type: 'LineString', coordinates: [from, to] },
  })
  const steps = (from: number, to: number): number[] => {
    const [first, last] = [Math.ceil(from / step), Math.floor(to / step)]
    // Counted, not added up: sums of 0.1 are no tenths.
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => Number(((first + n) * step).toFixed(3)))
  }
  const meridians = steps(left, right).map((lon) => line(lon, [lon, bottom], [lon, top]))
  const parallels = steps(bottom, top).map((lat) => line(lat, [left, lat], [right, lat]))
  return { type: 'FeatureCollection', features: [...meridians, ...parallels] }
}
