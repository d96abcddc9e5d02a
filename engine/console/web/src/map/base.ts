import type { LayerSpecification, SourceSpecification } from 'maplibre-gl'
import { PMTiles } from 'pmtiles'
import type { Language, Tiles } from '../api/types.ts'
import { graticule, ISLANDS, LAND, COUNTRY } from './outline.ts'
import type { Palette } from './palette.ts'
import type { Bounds } from './spots.ts'

/** What lies below all else. */
export interface Base {
  sources: Record<string, SourceSpecification>
  layers: (palette: Palette, language: Language, islands: Record<'hoangSa' | 'truongSa', string>) => LayerSpecification[]
  bounds: Bounds
  /** Whose work it is, in its own words; null: it is the outline of ours. */
  credit: string | null
}

export const FONT = ['Be Vietnam Pro']
const ADDRESS = '/map/base.pmtiles'

/** The one that is drawn without a file. */
export function plainBase(): Base {
  return {
    sources: {
      land: { type: 'geojson', data: LAND },
      graticule: { type: 'geojson', data: graticule(COUNTRY) },
      islands: {
        type: 'geojson',
        data: {
          type: 'FeatureCollection',
          features: ISLANDS.map(({ name, at }) => ({ type: 'Feature', properties: { name }, geometry: { type: 'Point', coordinates: at } })),
        },
      },
    },
    layers: plainLayers,
    bounds: COUNTRY,
    credit: null,
  }
}

function plainLayers(palette: Palette, _language: Language, islands: Record<'hoangSa' | 'truongSa', string>): LayerSpecification[] {
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': palette.sunken } },
    { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': palette.surface } },
    { id: 'graticule', type: 'line', source: 'graticule', paint: { 'line-color': palette.line } },
    { id: 'coast', type: 'line', source: 'land', paint: { 'line-color': palette['line-strong'], 'line-width': 1.2 } },
    {
      id: 'degrees',
      type: 'symbol',
      source: 'graticule',
      layout: { 'symbol-placement': 'line', 'symbol-spacing': 400, 'text-field': ['concat', ['get', 'degrees'], '°'], 'text-font': FONT, 'text-size': 11 },
      paint: { 'text-color': palette.muted, 'text-halo-color': palette.sunken, 'text-halo-width': 1.5 },
    },
    { id: 'islands-point', type: 'circle', source: 'islands', paint: { 'circle-color': palette['line-strong'], 'circle-radius': 3 } },
    {
      id: 'islands',
      type: 'symbol',
      source: 'islands',
      maxzoom: 9,
      layout: {
        'text-field': ['match', ['get', 'name'], 'hoangSa', islands.hoangSa, islands.truongSa],
        'text-font': FONT,
        'text-size': 12,
        'text-anchor': 'top',
        'text-offset': [0, 0.5],
        'text-max-width': 8,
      },
      paint: { 'text-color': palette.muted, 'text-halo-color': palette.sunken, 'text-halo-width': 1.5 },
    },
  ]
}

/** The file of the console's configuration. */
export async function baseOf(tiles: Exclude<Tiles, null>, add: (file: PMTiles) => void): Promise<Base> {
  const file = new PMTiles(ADDRESS)
  add(file)
  const [header, metadata] = await Promise.all([file.getHeader(), file.getMetadata()])
  const { vector_layers, attribution } = (metadata ?? {}) as { vector_layers?: { id: string }[]; attribution?: string }
  const names = (vector_layers ?? []).map(({ id }) => id)
  if (tiles === 'vector' && names.length === 0) throw new Error('the map names no layers')
  const { minLon, minLat, maxLon, maxLat } = header
  return {
    sources: { base: { type: tiles, url: `pmtiles://${ADDRESS}` } },
    layers: (palette, language) => (tiles === 'raster' ? pictures(palette) : drawn(names, palette, language)),
    bounds: [minLon, Math.max(minLat, -85), maxLon, Math.min(maxLat, 85)],
    credit: plain(attribution ?? ''),
  }
}

/** Words without markup: whose they are is not known. */
function plain(html: string): string {
  return new DOMParser().parseFromString(html, 'text/html').body.textContent.trim()
}

function pictures(palette: Palette): LayerSpecification[] {
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': palette.sunken } },
    { id: 'pictures', type: 'raster', source: 'base', paint: { 'raster-saturation': -0.4, 'raster-fade-duration': 0 } },
  ]
}

type Kind = 'land' | 'green' | 'water' | 'building' | 'road' | 'border' | 'place' | 'other'

/** What a layer holds, by the names that the usual schemas have (Protomaps, OpenMapTiles, Shortbread). */
function kindOf(name: string): Kind {
  const kinds: [RegExp, Kind][] = [
    [/^(earth|land)$/, 'land'],
    [/^(landcover|landuse|park|parks|natural|sites)$/, 'green'],
    [/water|ocean|river/, 'water'],
    [/building/, 'building'],
    [/^place|_label|_name|^pois?$|housenumber|peak/, 'place'],
    [/^road|^street|transport|transit|ferr|bridge|aero/, 'road'],
    [/bound/, 'border'],
  ]
  return kinds.find(([pattern]) => pattern.test(name))?.[1] ?? 'other'
}

/** From below to above. */
const ORDER: Kind[] = ['land', 'green', 'water', 'other', 'building', 'road', 'border', 'place']

function drawn(names: string[], palette: Palette, language: Language): LayerSpecification[] {
  const layers = names.map((name) => ({ name, kind: kindOf(name) })).toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
  const ground: LayerSpecification = { id: 'ground', type: 'background', paint: { 'background-color': palette.ground } }
  return [ground, ...layers.flatMap(({ name, kind }) => (kind === 'place' ? [labels(name, palette, language)] : shapes(name, kind, palette)))]
}

function shapes(name: string, kind: Exclude<Kind, 'place'>, palette: Palette): LayerSpecification[] {
  const from = { source: 'base', 'source-layer': name } as const
  const areas = { land: palette.surface, green: palette['good-ground'], water: palette['low-ground'], building: palette['info-ground'], road: palette.line, border: palette.line, other: palette['info-ground'] }
  const lines = { land: palette.line, green: palette.line, water: palette['low-ground'], building: palette.line, road: palette['line-strong'], border: palette['line-strong'], other: palette.line }
  const layers: LayerSpecification[] = []
  if (kind !== 'road' && kind !== 'border') {
    layers.push({
      id: `${name}-area`,
      type: 'fill',
      ...from,
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': areas[kind], 'fill-opacity': kind === 'green' ? 0.6 : 1 },
    })
  }
  layers.push({
    id: `${name}-line`,
    type: 'line',
    ...from,
    filter: ['==', ['geometry-type'], 'LineString'],
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      'line-color': lines[kind],
      'line-opacity': kind === 'road' ? 0.55 : 1,
      'line-width': kind === 'road' ? ['interpolate', ['exponential', 1.6], ['zoom'], 5, 0.6, 12, 1.2, 18, 12] : 1,
      ...(kind === 'border' ? { 'line-dasharray': [3, 2] } : {}),
    },
  })
  return layers
}

function labels(name: string, palette: Palette, language: Language): LayerSpecification {
  return {
    id: `${name}-label`,
    type: 'symbol',
    source: 'base',
    'source-layer': name,
    filter: ['==', ['geometry-type'], 'Point'],
    layout: {
      'text-field': ['coalesce', ['get', `name:${language}`], ['get', `name_${language}`], ['get', 'name'], ''],
      'text-font': FONT,
      'text-size': 12,
      'text-max-width': 8,
    },
    paint: { 'text-color': palette.muted, 'text-halo-color': palette.surface, 'text-halo-width': 1.5 },
  }
}
