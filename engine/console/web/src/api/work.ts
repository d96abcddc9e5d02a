// How much work incidents make, as the service tells it: floods, shelves, workload, precision.
import type { Severity, Summary } from './types.ts'

export type Cause = 'disaster' | 'rain' | 'box_back' | 'cameras_back' | 'camera_moved'

/** Incidents that came together for one likely cause, and wait as one line. */
export interface Flood {
  no: number
  site: string
  cause: Cause
  /** Null: all of the site. */
  cameras: string[] | null
  begun: string
  ended: string | null
  incidents: number
  waiting: number
  places: number
  at_least: boolean
  severity: Severity
  /** A verdict on all is on those up to this one. */
  newest: number
  dissolved_by: string | null
}

export interface FloodDone {
  incidents: number
  flood: Flood
}

export interface NewShelf {
  site: string
  rule: string
  camera: string | null
  until: string
  reason: string
}

export interface Point {
  from: string
  told: number
  alerts: number
  operators: number
  /** Most alerts for each operator in ten minutes; null: nobody was at work. */
  peak: number | null
}

export interface Workload {
  from: string
  to: string
  manageable_per_hour: number
  most_per_hour: number
  flood_per_ten_minutes: number
  told: number
  alerts: number
  folded: number
  shelved: number
  unattended: number
  operator_hours: number
  per_operator_hour: number | null
  peak: { from: string; each: number } | null
  windows: number
  above_manageable: number
  above_most: number
  in_flood: number
  step_minutes: number
  points: Point[]
  floods: Flood[]
}

export interface Grade {
  confirmed: number
  dismissed: number
  together: number
  waiting: number
  precision: number | null
  low: number | null
  high: number | null
}

export interface RuleGrade {
  site: string
  rule: string
  camera: string | null
  title: string
  grade: Grade
  reasons: { reason: string; count: number }[]
}

export interface Aside {
  by: string
  display_name: string
  at: string
  until: string
  reason: string
}

export interface Proposal extends RuleGrade {
  cases: Summary[]
  aside: Aside | null
}

export interface Precision {
  from: string
  to: string
  bound: number
  verdicts_min: number
  all: Grade
  rules: RuleGrade[]
  cameras: RuleGrade[]
  /** 0 to 23. */
  hours: Grade[]
  at_least: boolean
  proposals: Proposal[]
}
