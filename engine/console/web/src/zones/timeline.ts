// What rules would have told, over time: now and then beside each other.
import type { Preview, PreviewIncident } from '../api/pipeline.ts'

/** Of one list: told either way, not any more, or only then. */
export type Fate = 'same' | 'gone' | 'fresh'

export interface Bar {
  incident: PreviewIncident
  fate: Fate
  /** From where to where, as shares of the time that was replayed. */
  from: number
  to: number
  /** How many lie above it, so that none lies over another. */
  level: number
}

export interface Row {
  rule: string
  violation: string
  now: Bar[]
  then: Bar[]
}

export interface Tally {
  now: number
  then: number
  gone: number
  fresh: number
}

function share(time: string, { from, to }: Preview): number {
  const [start, end] = [Date.parse(from), Date.parse(to)]
  return end > start ? Math.min(1, Math.max(0, (Date.parse(time) - start) / (end - start))) : 0
}

/** A bar is drawn at least so wide, or nobody could point at it. */
const WIDE_MIN = 0.03

/** Each bar at the first level where there is room. */
function levelled(bars: Bar[]): Bar[] {
  const ends: number[] = []
  return bars.map((bar) => {
    const free = ends.findIndex((end) => end <= bar.from)
    const level = free < 0 ? ends.length : free
    ends[level] = Math.max(bar.to, bar.from + WIDE_MIN)
    return { ...bar, level }
  })
}

/** So many levels have bars. */
export function levelsOf(bars: Bar[]): number {
  return Math.max(0, ...bars.map(({ level }) => level)) + 1
}

/** A row for each rule, in the order in which they first told something. */
export function rowsOf(preview: Preview): Row[] {
  const other = (list: PreviewIncident[]): Set<string> => new Set(list.map(({ incident }) => incident))
  const [now, then] = [other(preview.now.incidents), other(preview.then.incidents)]
  const bar = (incident: PreviewIncident, fate: Fate): Bar => ({
    incident, fate, from: share(incident.opened, preview), to: incident.closed === null ? 1 : share(incident.closed, preview), level: 0,
  })
  const rows = new Map<string, Row>()
  const rowOf = ({ rule, violation }: PreviewIncident): Row => {
    const row = rows.get(rule) ?? { rule, violation, now: [], then: [] }
    rows.set(rule, row)
    return row
  }
  const all = [...preview.now.incidents, ...preview.then.incidents].toSorted((a, b) => Date.parse(a.opened) - Date.parse(b.opened))
  all.forEach(rowOf)
  for (const incident of preview.now.incidents) rowOf(incident).now.push(bar(incident, then.has(incident.incident) ? 'same' : 'gone'))
  for (const incident of preview.then.incidents) rowOf(incident).then.push(bar(incident, now.has(incident.incident) ? 'same' : 'fresh'))
  return [...rows.values()].map((row) => ({ ...row, now: levelled(row.now), then: levelled(row.then) }))
}

/** Those that were left out count too; what became of them is not known. */
export function tallyOf(preview: Preview): Tally {
  const rows = rowsOf(preview)
  const count = (list: 'now' | 'then', fate: Fate): number => rows.reduce((sum, row) => sum + row[list].filter((bar) => bar.fate === fate).length, 0)
  const all = ({ incidents, left_out }: Preview['now']): number => incidents.length + left_out
  return { now: all(preview.now), then: all(preview.then), gone: count('now', 'gone'), fresh: count('then', 'fresh') }
}
