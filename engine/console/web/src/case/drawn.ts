// What is drawn over a picture of an incident: only what was so when the picture was taken.

import type { Box, Evidence, Incident, Point } from '../api/types.ts'

export interface Drawn {
  zone: Point[]
  bays: Point[][]
  line: [Point, Point] | null
  path: Point[]
  boxes: Box[]
  /** The boxes are those of the incident's list of subjects, so its numbers are theirs. */
  numbered: boolean
}

export type Mark = 'zone' | 'bays' | 'line' | 'boxes' | 'path'

export const NOTHING: Drawn = { zone: [], bays: [], line: null, path: [], boxes: [], numbered: false }

/** Boxes of earlier versions tell only where the subjects were at the newest revision. */
const SAME_MOMENT_MS = 500

export function drawnOn(incident: Incident, picture: Evidence): Drawn {
  const { zone = [], bays = [], line = null, path = [] } = incident.geometry ?? {}
  const boxes = boxesOn(incident, picture)
  // In the first picture it has not gone anywhere yet.
  const gone = picture.moment === 'opened' || picture.moment === 'closed'
  return { zone, bays, line, path: gone && path.length > 1 ? path : [], boxes, numbered: areListed(boxes, incident) }
}

/** What there is to see, in the order of the legend. */
export function marksOf(all: Drawn[]): Mark[] {
  const has: Record<Mark, (drawn: Drawn) => boolean> = {
    zone: ({ zone }) => zone.length > 0,
    bays: ({ bays }) => bays.length > 0,
    line: ({ line }) => line !== null,
    boxes: ({ boxes }) => boxes.length > 0,
    path: ({ path }) => path.length > 0,
  }
  return (Object.keys(has) as Mark[]).filter((mark) => all.some(has[mark]))
}

function boxesOn(incident: Incident, { moment, captured }: Evidence): Box[] {
  // What is over is not in the picture of its end any more.
  if (moment === 'closed') return []
  if (incident.geometry) return moment === 'commanded' ? [] : (incident.geometry.boxes?.[moment] ?? [])
  const apart = Math.abs(Date.parse(captured) - Date.parse(incident.updated))
  return apart <= SAME_MOMENT_MS ? incident.subjects.map(({ box }) => box) : []
}

function areListed(boxes: Box[], { subjects }: Incident): boolean {
  return boxes.every((box, index) => box.every((side, at) => side === subjects[index]?.box[at]))
}
