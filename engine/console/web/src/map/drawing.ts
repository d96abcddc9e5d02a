import {
  addProtocol,
  Map as Drawn,
  ScaleControl,
  setWorkerUrl,
  type GeoJSONSource,
  type LayerSpecification,
  type MapLayerMouseEvent,
} from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
// By itself the library asks for a file that no build of ours has, and then draws no vector at all, in silence.
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { Protocol } from 'pmtiles'
import type { Language, Tiles } from '../api/types.ts'
import { baseOf, plainBase, type Base } from './base.ts'
import { markLayers, MARK_SOURCES } from './marks.ts'
import { graticule } from './outline.ts'
import { paletteOf } from './palette.ts'
import { around, marksOf, type Bounds, type Mark, type Spot } from './spots.ts'

setWorkerUrl(worker)
const protocol = new Protocol()
addProtocol('pmtiles', protocol.tile)

/** Words that stand on the map. */
export interface Labels {
  language: Language
  title: string
  islands: Record<'hoangSa' | 'truongSa', string>
}

export interface Hears {
  chose: (key: string) => void
  sees: (bounds: Bounds) => void
  /** What lies below could not be drawn. */
  baseFailed: () => void
}

const CLOSE_ZOOM = 16
const FAR_ZOOM = 3
const PADDING_PX = 60

/** Where the map was left: who comes back from a case finds it so. */
let last: { center: [number, number]; zoom: number } | null = null

/** What lies below all else, and whether it is what it should be; null: there is no file. */
export async function findBase(tiles: Promise<Tiles>): Promise<{ base: Base; failed: boolean }> {
  try {
    const kind = await tiles
    const base = kind === null ? plainBase() : await baseOf(kind, (file) => protocol.add(file))
    return { base, failed: false }
  } catch {
    return { base: plainBase(), failed: true }
  }
}

/** A map on the screen. */
export class Drawing {
  readonly #map: Drawn
  readonly #box: HTMLElement
  readonly #base: Base
  readonly #hears: Hears
  #labels: Labels
  #spots: Spot[] = []
  #chosen: string | null = null
  #placed = last !== null
  #ready = false

  /** Throws where the browser cannot draw one. */
  constructor(box: HTMLElement, base: Base, labels: Labels, hears: Hears) {
    // The library itself says so by an event that nobody can hear yet, and in other versions by an error.
    if (!document.createElement('canvas').getContext('webgl2')) throw new Error('no WebGL 2')
    this.#box = box
    this.#base = base
    this.#labels = labels
    this.#hears = hears
    const map = (this.#map = new Drawn({
      container: box,
      style: { version: 8, sources: { ...base.sources, ...MARK_SOURCES }, layers: this.#layers() },
      ...(last ?? { bounds: base.bounds, fitBoundsOptions: { padding: 20 } }),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      minZoom: FAR_ZOOM,
      maxZoom: 19,
    }))
    map.touchZoomRotate.disableRotation()
    map.keyboard.disableRotation()
    map.addControl(new ScaleControl(), 'bottom-left')
    map.on('load', () => this.#begin())
    map.on('moveend', () => this.#moved())
    map.on('error', () => hears.baseFailed())
    map.on('click', 'spots', (event) => void this.#clicked(event))
    map.on('mouseenter', 'spots', () => (map.getCanvas().style.cursor = 'pointer'))
    map.on('mouseleave', 'spots', () => (map.getCanvas().style.cursor = ''))
    const busy = (is: boolean) => (): void => box.setAttribute('aria-busy', String(is))
    map.on('dataloading', busy(true))
    map.on('movestart', busy(true))
    map.on('idle', busy(false))
    busy(true)()
    this.#name()
  }

  show(spots: Spot[]): void {
    this.#spots = spots
    if (!this.#ready) return
    this.#source('spots').setData(marksOf(spots))
    this.#mark()
    if (!this.#placed && spots.length > 0) {
      this.#placed = true
      this.whole()
    }
  }

  /** One of the spots is looked at. */
  choose(key: string | null): void {
    this.#chosen = key
    if (this.#ready) this.#mark()
  }

  /** Bring it into sight, near enough to stand alone. */
  goTo({ at }: Spot): void {
    const zoom = Math.max(this.#map.getZoom(), CLOSE_ZOOM + 0.5)
    this.#map.easeTo({ center: at, zoom })
  }

  /** All that there is. */
  whole(): void {
    const [west, south, east, north] = around(this.#spots) ?? this.#base.bounds
    this.#map.fitBounds([[west, south], [east, north]], { padding: PADDING_PX, maxZoom: CLOSE_ZOOM, animate: false })
  }

  zoom(by: 1 | -1): void {
    this.#map.zoomTo(this.#map.getZoom() + by)
  }

  /** In other colours or another language. */
  repaint(labels: Labels): void {
    this.#labels = labels
    this.#name()
    if (!this.#ready) return
    for (const { id, paint, layout } of this.#layers()) {
      for (const [key, value] of Object.entries(paint ?? {})) this.#map.setPaintProperty(id, key as never, value as never)
      for (const [key, value] of Object.entries(layout ?? {})) this.#map.setLayoutProperty(id, key as never, value as never)
    }
  }

  end(): void {
    this.#map.remove()
  }

  #layers(): LayerSpecification[] {
    const palette = paletteOf(this.#box)
    const { language, islands } = this.#labels
    return [...this.#base.layers(palette, language, islands), ...markLayers(palette)]
  }

  #name(): void {
    this.#map.getCanvas().setAttribute('aria-label', this.#labels.title)
  }

  #begin(): void {
    this.#ready = true
    this.show(this.#spots)
    this.#moved()
  }

  #moved(): void {
    const map = this.#map
    const bounds = map.getBounds()
    const seen: Bounds = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]
    if (this.#ready && map.getSource('graticule')) this.#source('graticule').setData(graticule(seen))
    const { lng, lat } = map.getCenter()
    if (this.#placed) last = { center: [lng, lat], zoom: map.getZoom() }
    this.#hears.sees(seen)
  }

  #mark(): void {
    const chosen = this.#spots.filter(({ key }) => key === this.#chosen)
    this.#source('chosen').setData(marksOf(chosen))
  }

  #source(name: string): GeoJSONSource {
    return this.#map.getSource(name) as GeoJSONSource
  }

  /** Several that are one on the map are looked at from nearer; one is chosen. */
  async #clicked({ features }: MapLayerMouseEvent): Promise<void> {
    const feature = features?.[0]
    if (!feature) return
    const { cluster_id, key } = feature.properties as Partial<Mark> & { cluster_id?: number }
    if (cluster_id === undefined) return this.#hears.chose(key ?? '')
    if (feature.geometry.type !== 'Point') return
    const [lon = 0, lat = 0] = feature.geometry.coordinates
    const zoom = await this.#source('spots').getClusterExpansionZoom(cluster_id)
    this.#map.easeTo({ center: [lon, lat], zoom })
  }
}
