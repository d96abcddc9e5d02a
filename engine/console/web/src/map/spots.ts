import type { CameraHeard, Feature, IncidentOnMap, Severity } from '../api/types.ts'

/** West, south, east, north in degrees. */
export type Bounds = [number, number, number, number]

/** What stands at one point: incidents are where their camera is, so many share one. */
export interface Spot {
  key: string
  /** Longitude and latitude. */
  at: [number, number]
  name: string
  site: string
  cameras: CameraHeard[]
  /** The newest first. */
  incidents: Feature<IncidentOnMap>[]
  /** Of the gravest incident; -1: there is none. */
  gravity: number
  /** When the newest opened, in ms; 0: there is none. */
  newest: number
}

export const GRAVITY: readonly Severity[] = ['info', 'low', 'medium', 'high']

/** Rounded to what GPS can tell, so that a position that was copied by hand is the same one: 0.1 m. */
function keyOf([lon, lat]: [number, number]): string {
  return `${lon.toFixed(6)},${lat.toFixed(6)}`
}

function isOnEarth({ lat, lon }: { lat: number; lon: number }): boolean {
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180
}

/** Is it known where this camera stands? */
export function isPlaced({ state: { position } }: CameraHeard): boolean {
  return Boolean(position && isOnEarth(position))
}

export function spotsOf(incidents: Iterable<Feature<IncidentOnMap>>, cameras: CameraHeard[]): Spot[] {
  const spots = new Map<string, Spot>()
  function spot(at: [number, number], site: string): Spot {
    const key = keyOf(at)
    const known = spots.get(key)
    if (known) return known
    const fresh: Spot = { key, at, name: '', site, cameras: [], incidents: [], gravity: -1, newest: 0 }
    spots.set(key, fresh)
    return fresh
  }
  for (const camera of cameras) {
    const { position, name } = camera.state
    if (!position || !isOnEarth(position)) continue
    const here = spot([position.lon, position.lat], camera.site)
    here.cameras.push(camera)
    here.name ||= name ?? camera.camera
  }
  for (const incident of incidents) {
    const { severity, opened, site, place_name, camera_name, camera } = incident.properties
    const here = spot(incident.geometry.coordinates, site)
    here.incidents.push(incident)
    here.gravity = Math.max(here.gravity, GRAVITY.indexOf(severity))
    here.newest = Math.max(here.newest, Date.parse(opened))
    here.name ||= camera_name ?? place_name ?? camera ?? site
  }
  for (const { incidents } of spots.values()) incidents.sort((a, b) => Date.parse(b.properties.opened) - Date.parse(a.properties.opened))
  return [...spots.values()].sort(urgentFirst)
}

function isDown({ cameras }: Spot): boolean {
  return cameras.some(({ state }) => state.state !== 'online')
}

/** The gravest and newest incidents, then cameras that do not work, then the rest by name. */
function urgentFirst(a: Spot, b: Spot): number {
  return b.gravity - a.gravity || b.newest - a.newest || Number(isDown(b)) - Number(isDown(a)) || (a.name < b.name ? -1 : 1)
}

/** West is more than east where the view holds the meridian 180. */
export function within(spots: Spot[], [west, south, east, north]: Bounds): Spot[] {
  const across = (lon: number): boolean => (west <= east ? lon >= west && lon <= east : lon >= west || lon <= east)
  return spots.filter(({ at: [lon, lat] }) => lat >= south && lat <= north && across(lon))
}

/** In the order of `before`, so that nothing moves while somebody reads; what is new comes last. */
export function settled(spots: Spot[], before: string[]): Spot[] {
  const places = new Map(before.map((key, place) => [key, place]))
  const place = ({ key }: Spot): number => places.get(key) ?? places.size
  return spots.toSorted((a, b) => place(a) - place(b))
}

export function around(spots: Spot[]): Bounds | null {
  if (spots.length === 0) return null
  const [lons, lats] = [spots.map(({ at }) => at[0]), spots.map(({ at }) => at[1])]
  const least = (of: number[]): number => of.reduce((a, b) => Math.min(a, b))
  const most = (of: number[]): number => of.reduce((a, b) => Math.max(a, b))
  return [least(lons), least(lats), most(lons), most(lats)]
}

/** What a point of the map must know of its spot. */
export interface Mark {
  key: string
  name: string
  incidents: number
  gravity: number
  cameras: number
  down: number
}

export function marksOf(spots: Spot[]): { type: 'FeatureCollection'; features: { type: 'Feature'; geometry: { type: 'Point'; coordinates: [number, number] }; properties: Mark }[] } {
  const features = spots.map(({ key, at, name, incidents, gravity, cameras }) => ({
    type: 'Feature' as const,
    geometry: { type: 'Point' as const, coordinates: at },
    properties: {
      key,
      name,
      incidents: incidents.length,
      gravity,
      cameras: cameras.length,
      down: cameras.filter(({ state }) => state.state !== 'online').length,
    },
  }))
  return { type: 'FeatureCollection', features }
}
