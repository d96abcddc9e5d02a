// The map of the made-up city as a PMTiles file of version 3, with the one vector tile that it lies on.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { zxyToTileId } from 'pmtiles'
import { buildings, degrees, parks, river, roads, WARDS, type Point } from './plan.ts'

const ZOOM = 10
const [COLUMN, ROW] = [815, 481]
/** Units of a tile. */
const EXTENT = 8192
const HEADER_BYTES = 127
const KINDS = { point: 1, line: 2, area: 3 } as const

function varint(number: number): number[] {
  const bytes: number[] = []
  let rest = number
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return [...bytes, rest]
}

/** A field of protobuf: bytes, or a number. */
function field(key: number, value: number | Uint8Array | readonly number[]): number[] {
  return typeof value === 'number' ? [...varint(key << 3), ...varint(value)] : [...varint((key << 3) | 2), ...varint(value.length), ...value]
}

/** Units of the tile, down from the north (Web Mercator). */
function project(point: Point): [number, number] {
  const [lon, lat] = degrees(point)
  const side = 2 ** ZOOM
  const y = 0.5 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI)
  return [Math.round(((lon + 180) / 360 * side - COLUMN) * EXTENT), Math.round((y * side - ROW) * EXTENT)]
}

/** Move to the first point, draw to the others, close an area; each from the point before. */
function geometry(kind: keyof typeof KINDS, shapes: readonly (readonly Point[])[]): number[] {
  let before: [number, number] = [0, 0]
  const zigzag = (n: number): number => (n < 0 ? -2 * n - 1 : 2 * n)
  return shapes.flatMap((shape) => {
    const steps = shape.map((point, n) => {
      const at = project(point)
      const by = [at[0] - before[0], at[1] - before[1]].flatMap((way) => varint(zigzag(way)))
      before = at
      const command = n === 0 ? varint((1 << 3) | 1) : n === 1 ? varint(((shape.length - 1) << 3) | 2) : []
      return [...command, ...by]
    })
    return [...steps.flat(), ...(kind === 'area' ? varint((1 << 3) | 7) : [])]
  })
}

type Feature = { shapes: readonly (readonly Point[])[]; name?: string }

function layer(name: string, kind: keyof typeof KINDS, features: Feature[]): number[] {
  const text = (of: string): Uint8Array => new TextEncoder().encode(of)
  const drawn = features.flatMap(({ shapes, name }, n) => field(2, [...(name ? field(2, [0, n]) : []), ...field(3, KINDS[kind]), ...field(4, geometry(kind, shapes))]))
  const names = features.flatMap(({ name }) => (name ? field(4, field(1, text(name))) : []))
  const keys = names.length > 0 ? field(3, text('name')) : []
  return field(3, [...field(1, text(name)), ...drawn, ...keys, ...names, ...field(5, EXTENT), ...field(15, 2)])
}

function makeMap(): Buffer {
  const ground: Point[] = [[-9_000, 6_000], [9_000, 6_000], [9_000, -9_000], [-9_000, -9_000]]
  const tile = Uint8Array.from([
    ...layer('earth', 'area', [{ shapes: [ground] }]),
    ...layer('water', 'area', [{ shapes: [river()] }]),
    ...layer('landuse', 'area', [{ shapes: parks() }]),
    ...layer('buildings', 'area', [{ shapes: buildings() }]),
    ...layer('roads', 'line', [{ shapes: roads() }]),
    ...layer('places', 'point', WARDS.map(([name, at]) => ({ shapes: [[at]], name }))),
  ])
  // One entry: how many, its id, how many tiles it stands for, its length, its place and one.
  const root = Uint8Array.from([1, zxyToTileId(ZOOM, COLUMN, ROW), 1, tile.length, 1].flatMap(varint))
  const layers = ['earth', 'water', 'landuse', 'buildings', 'roads', 'places'].map((id) => ({ id, fields: {} }))
  const metadata = new TextEncoder().encode(JSON.stringify({ vector_layers: layers, attribution: 'Thành phố mẫu' }))
  const header = Buffer.alloc(HEADER_BYTES)
  header.write('PMTiles\x03', 'latin1')
  const [metadataAt, tilesAt] = [HEADER_BYTES + root.length, HEADER_BYTES + root.length + metadata.length]
  // Root directory, metadata, other directories, tiles; then how many tiles, entries and contents.
  const numbers = [HEADER_BYTES, root.length, metadataAt, metadata.length, tilesAt, 0, tilesAt, tile.length, 1, 1, 1]
  numbers.forEach((number, n) => header.writeBigUInt64LE(BigInt(number), 8 + 8 * n))
  // Ordered, nothing compressed, vector tiles, of one zoom.
  header.set([1, 1, 1, 1, ZOOM, ZOOM], 96)
  const [[west, south], [east, north]] = [degrees([-2_500, -2_200]), degrees([2_500, 2_200])]
  ;[west, south, east, north].forEach((of, n) => header.writeInt32LE(Math.round(of * 1e7), 102 + 4 * n))
  return Buffer.concat([header, root, metadata, tile])
}

/** Where the page asks for it. */
export const MAP = '/map/base.pmtiles'
let made: Buffer | undefined

/** The part of the file that is asked for. */
export function answerMap(request: IncomingMessage, response: ServerResponse): void {
  made ??= makeMap()
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const part = made.subarray(Number(from ?? 0), Number(to ?? made.length - 1) + 1)
  response.writeHead(from ? 206 : 200, { 'content-type': 'application/octet-stream', 'content-length': part.length })
  response.end(part)
}
