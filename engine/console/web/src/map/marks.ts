import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'
import { FONT } from './base.ts'
import { severityColours, type Palette } from './palette.ts'
import { GRAVITY } from './spots.ts'

const NOTHING = { type: 'FeatureCollection' as const, features: [] }

/** Points that lie so near each other are shown as one, in px. */
const CLUSTER_PX = 44
/** Further in, all are shown. */
const CLUSTER_ZOOM = 16

const sum = (key: string): ExpressionSpecification => ['+', ['get', key]]

export const MARK_SOURCES: Record<string, SourceSpecification> = {
  spots: {
    type: 'geojson',
    data: NOTHING,
    cluster: true,
    clusterRadius: CLUSTER_PX,
    clusterMaxZoom: CLUSTER_ZOOM,
    clusterProperties: { incidents: sum('incidents'), cameras: sum('cameras'), down: sum('down'), gravity: ['max', ['get', 'gravity']] },
  },
  chosen: { type: 'geojson', data: NOTHING },
}

const incidents: ExpressionSpecification = ['get', 'incidents']
const some: ExpressionSpecification = ['>', incidents, 0]

function radius(more: number): ExpressionSpecification {
  const grown: ExpressionSpecification = ['interpolate', ['linear'], incidents, 1, 11 + more, 10, 14 + more, 100, 18 + more, 1_000, 24 + more]
  return ['case', some, grown, ['has', 'point_count'], 10 + more, 6 + more]
}

/** Cameras and incidents: as grave as the gravest, as many as are written on it. */
export function markLayers(palette: Palette): LayerSpecification[] {
  const colours = severityColours(palette)
  const colour: ExpressionSpecification = [
    'match', ['get', 'gravity'],
    GRAVITY.indexOf('high'), colours.high,
    GRAVITY.indexOf('medium'), colours.medium,
    GRAVITY.indexOf('low'), colours.low,
    GRAVITY.indexOf('info'), colours.info,
    palette.surface,
  ]
  return [
    // Not by colour alone: what is grave has a ring.
    { id: 'grave', type: 'circle', source: 'spots', filter: ['==', ['get', 'gravity'], GRAVITY.indexOf('high')], paint: { 'circle-color': colours.high, 'circle-opacity': 0.25, 'circle-radius': radius(7) } },
    {
      id: 'spots',
      type: 'circle',
      source: 'spots',
      paint: {
        'circle-color': colour,
        'circle-radius': radius(0),
        'circle-stroke-width': ['case', some, 1.5, 2.5],
        'circle-stroke-color': ['case', some, palette.surface, ['>', ['get', 'down'], 0], colours.high, palette.accent],
      },
    },
    {
      id: 'counts',
      type: 'symbol',
      source: 'spots',
      filter: ['any', some, ['has', 'point_count']],
      layout: {
        'text-field': ['to-string', ['case', some, incidents, ['get', 'cameras']]],
        'text-font': FONT,
        'text-size': 12,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': ['case', some, palette['on-accent'], palette.text] },
    },
    {
      id: 'names',
      type: 'symbol',
      source: 'spots',
      minzoom: 13,
      filter: ['!', ['has', 'point_count']],
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12, 'text-anchor': 'top', 'text-offset': [0, 1.7], 'text-max-width': 9 },
      paint: { 'text-color': palette.text, 'text-halo-color': palette.surface, 'text-halo-width': 1.5 },
    },
    { id: 'chosen', type: 'circle', source: 'chosen', paint: { 'circle-opacity': 0, 'circle-radius': 20, 'circle-stroke-width': 3, 'circle-stroke-color': palette.accent } },
  ]
}
