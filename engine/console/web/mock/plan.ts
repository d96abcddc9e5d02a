// The plan of the made-up city, in metres east and north of its middle.

export type Point = readonly [number, number]

const MIDDLE = { lat: 10.776, lon: 106.7 }
const LAT_M = 111_320
const LON_M = LAT_M * Math.cos((MIDDLE.lat * Math.PI) / 180)

/** Longitude and latitude, to 0.1 m. */
export function degrees([east, north]: Point): [number, number] {
  const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6
  return [round(MIDDLE.lon + east / LON_M), round(MIDDLE.lat + north / LAT_M)]
}

/** The streets that have a name, in the order of their names; each from one end to the other. */
const STREETS: readonly (readonly [Point, Point])[] = [
  [[-1700, 820], [1500, 1010]], [[-1250, 1500], [-1050, -1500]], [[-1750, 330], [1550, 430]], [[-640, 1500], [-520, -1550]],
  [[-1800, -120], [1500, -90]], [[30, 1550], [0, -1550]], [[-1800, -560], [1450, -640]], [[640, 1500], [560, -1500]],
  [[-1750, -1010], [1350, -1180]], [[1240, 1450], [1120, -1350]],
]
/** Cameras go along a street by this share of it, so that they never meet. */
const GOLDEN = 0.618_034
const ENDS = 0.06

function between([a, b]: readonly [Point, Point], share: number): Point {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share]
}

/** Where camera number `n` stands, at the street that it has its name of. */
export function positionOf(n: number): { lat: number; lon: number } {
  const street = STREETS[n % STREETS.length]!
  const along = (0.31 + Math.floor(n / STREETS.length) * GOLDEN) % 1
  const [lon, lat] = degrees(between(street, ENDS + along * (1 - 2 * ENDS)))
  return { lat, lon }
}

/** Streets, and lanes between them. */
export function roads(): Point[][] {
  const lanes = Array.from({ length: 9 }, (_, n): Point[][] => {
    const at = -1_400 + n * 350
    return [
      [[at + 60, 1_300 - ((n * 370) % 500)], [at - 20, -1_300 + ((n * 530) % 700)]],
      [[-1_500 + ((n * 410) % 800), at], [1_300 - ((n * 290) % 600), at + 50]],
    ]
  })
  return [...STREETS.map(([from, to]) => [from, to]), ...lanes.flat()]
}

export function river(): Point[] {
  const bank = (side: number): Point[] => Array.from({ length: 25 }, (_, n): Point => [1_850 + side + 260 * Math.sin(n / 3.1), -2_400 + n * 200])
  return [...bank(0), ...bank(330).toReversed()]
}

function rectangle([x, y]: Point, width: number, height: number): Point[] {
  return [[x, y], [x + width, y], [x + width, y - height], [x, y - height]]
}

export function parks(): Point[][] {
  return [rectangle([-480, 800], 470, 330), rectangle([700, -180], 380, 300), rectangle([-1_650, -640], 330, 300)]
}

/** Blocks of houses along the streets that go north. */
export function buildings(): Point[][] {
  const [PITCH, GAP] = [112, 26]
  const all: Point[][] = []
  for (let column = 0; column < 26; column += 1) {
    for (let row = 0; row < 25; row += 1) {
      const size = 40 + ((column * 17 + row * 29) % 46)
      const corner: Point = [-1_450 + column * PITCH, 1_400 - row * PITCH]
      const isBuilt = (column * 7 + row * 11) % 5 !== 0
      if (isBuilt) all.push(rectangle(corner, size, PITCH - GAP - ((row * 13) % 30)))
    }
  }
  return all
}

export const WARDS: readonly (readonly [string, Point])[] = [['Bến Nghé', [200, -380]], ['Đa Kao', [330, 700]], ['Tân Định', [-900, 1_180]]]
