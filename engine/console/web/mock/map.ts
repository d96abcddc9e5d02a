import type { Features, IncidentOnMap } from '../src/api/types.ts'
import type { World } from './world.ts'

export function incidentsOnMap(world: World, asked: URLSearchParams): Features<IncidentOnMap> {
  const query = new URLSearchParams(asked)
  query.set('judgement', 'all')
  const ids = asked.get('id')?.split(',')
  const from = Date.parse(asked.get('from') ?? '') || 0
  const found = world
    .matching(query)
    .filter(({ id, opened }) => (!ids || ids.includes(id)) && Date.parse(opened) >= from)
    .flatMap((summary) => {
      const position = world.details.get(summary.id)?.incident.position
      return position ? [{ summary, position }] : []
    })
  const limit = Number(asked.get('limit') ?? 1000)
  const features = found.slice(0, limit).map(({ summary, position: { lat, lon } }) => {
    const { id, site, violation, title, severity, state, escalated, camera, camera_name, zone, place_name, opened, updated, closed } = summary
    const judgement = summary.judgement?.judgement ?? null
    const properties: IncidentOnMap = { site, violation, title, severity, state, judgement, escalated, camera, camera_name, zone, place_name, opened, updated, closed }
    return { type: 'Feature' as const, id, geometry: { type: 'Point' as const, coordinates: [lon, lat] as [number, number] }, properties }
  })
  return { type: 'FeatureCollection', truncated: found.length > limit, features }
}
