// What a box says of its pipeline file, and what is changed in it: as in `engine/contract/src/message` (site, edit, preview).
import type { Lock } from './causes.ts'
import type { Severity, Subject } from './types.ts'

/** Fractions of the picture: from the left, from above. */
export type Pair = [number, number]

export interface CalibrationView {
  picture: Pair[]
  /** The same points in metres from any point of reference. */
  ground_m: Pair[]
}

/** A rule as it stands in the file; what does not stand there is the catalogue's. */
export interface RuleWritten {
  use: string
  /** Null where it is called as its entry. */
  id: string | null
  zone: string | null
  line: string | null
  sensor: string | null
  window: string | null
  schedule: string[]
  severity: Severity | null
  classes: string[]
  parameters: Record<string, number>
}

export interface PermitWritten {
  id: string
  reason: string
  uses: string[]
  cameras: string[]
  zones: string[]
  schedule: string[]
  from: string | null
  until: string | null
  polygon: Pair[] | null
}

export type Edit =
  | { kind: 'set_zone'; camera: string; zone: string; name: string | null; polygon: Pair[] }
  | { kind: 'remove_zone'; camera: string; zone: string }
  | { kind: 'set_line'; camera: string; line: string; points: Pair[] }
  | { kind: 'remove_line'; camera: string; line: string }
  | { kind: 'set_calibration'; camera: string; picture: Pair[]; ground_m: Pair[] }
  | { kind: 'remove_calibration'; camera: string }
  | { kind: 'set_model'; model: string; package: string }
  | { kind: 'use_model'; camera: string; model: string }
  /** `rule`: by its id, or by `use` where it has none; null for a new one. */
  | { kind: 'set_rule'; camera: string | null; rule: string | null; written: RuleWritten }
  | { kind: 'remove_rule'; camera: string | null; rule: string }
  | { kind: 'set_permit'; permit: string | null; written: PermitWritten }
  | { kind: 'remove_permit'; permit: string }

export interface DiffLine {
  kind: 'same' | 'added' | 'removed'
  line: number
  text: string
}

/** An installed model that sees what the camera's own does not. A box of an earlier version names none. */
export interface SeenBy {
  model: string
  classes: string[]
}

/** What is wrong with an edit, in codes: as in `engine/contract/src/message/fault.rs`. */
export type EditFault =
  | { code: 'out_of_range'; min: number; max: number }
  | { code: 'not_whole' }
  | { code: 'empty' }
  /** The key that must be there. */
  | { code: 'missing'; key: string }
  | { code: 'of_no_use' }
  | { code: 'unknown'; name: string }
  | { code: 'name_taken'; name: string }
  | { code: 'none_measures'; quantity: string }
  | { code: 'not_calibrated' }
  | { code: 'no_position' }
  /** `others`: models that see all of it. */
  | { code: 'model_blind'; model: string; classes: string[]; others: string[]; seen_by?: SeenBy[] }
  | { code: 'absence_too_short'; least_secs: number }
  /** `above`: the value counts from `value_on` upwards. */
  | { code: 'off_beyond_on'; above: boolean }
  | { code: 'hits_beyond_looks'; looks: number }
  | { code: 'bad_hours'; text: string }
  | { code: 'no_calendar'; text: string }
  | { code: 'few_corners' }
  | { code: 'many_corners' }
  | { code: 'crossing' }
  | { code: 'no_area' }
  | { code: 'outside_picture' }
  | { code: 'one_point' }
  | { code: 'no_ground' }

export interface EditProblem {
  /** Such as `camera[le-loi-03].zone.kerb.polygon`; empty for the whole file. */
  field: string
  /** Which of the edits wrote there, from 0. */
  edit: number | null
  /** In English, as is the remedy. */
  text: string
  remedy: string
  /** Null, or not there, for what has no code; a newer box may tell one that the page does not know. */
  fault?: EditFault | null
}

/** What should be known of a right pipeline all the same. A newer box may tell of others. */
export type Advice =
  | { code: 'not_what_runs' }
  | { code: 'signs_of_zone'; zone: string; hours: number; behind: boolean }
  | { code: 'no_rule'; camera: string }
  | { code: 'partial'; camera: string; rule: string; model: string; classes: string[]; seen_by?: SeenBy[] }
  | { code: 'no_licence'; model: string }
  /** `left`: of its left side, seen from its first point. */
  | { code: 'line_at_edge'; camera: string; line: string; left: boolean }
  | { code: 'no_recording'; camera: string }
  | { code: 'permit_over'; permit: string; until: string }
  | { code: 'calendar_ends'; calendar: string; year: number }

/** What came of an edit, or would. */
export interface Edited {
  version: string
  diff: DiffLine[]
  problems: EditProblem[]
  /** In English. */
  warnings: string[]
  /** The same one by one, in codes; empty, or not there, of an older box. */
  advice?: Advice[]
}

export interface PreviewIncident {
  /** The same in both lists: it would be told either way. */
  incident: string
  rule: string
  violation: string
  zone: string | null
  first_seen: string
  opened: string
  closed: string | null
  severity: Severity
  subjects: Subject[]
}

export interface Previewed {
  /** Oldest first. */
  incidents: PreviewIncident[]
  left_out: number
}

/** What the rules of a camera would have told, as they are and as they are edited. */
export interface Preview {
  from: string
  to: string
  /** As long as was asked for. */
  complete: boolean
  /** For so long the camera was looked at. */
  looked_secs: number
  now: Previewed
  then: Previewed
}

export interface CameraView {
  id: string
  name: string | null
  position: { lat: number; lon: number } | null
  model: string
  /** Of the model's input. */
  input_px: Pair | null
  /** The picture keeps its shape on it; else it is stretched. Boxes of earlier versions do not say. */
  letterbox?: boolean
  /** Height on it from which on the model finds at least half of the people in a look. */
  height_min_px: number | null
  /** Parts of the picture may be looked at closely. */
  regions: boolean
  zones: { id: string; name: string | null; polygon: Pair[] }[]
  lines: { id: string; points: Pair[] }[]
  calibration: CalibrationView | null
  rules: RuleWritten[]
}

export interface InBoth {
  vi: string
  en: string
}

export interface ParameterView {
  name: string
  kind: 'number' | 'whole' | 'direction'
  /** Null: each rule must set it. */
  default: number | null
  min: number
  max: number
  unit: string | null
  /** In English. */
  text: string
  /** Null, or not there, of a box of an earlier version. */
  title?: InBoth | null
  help?: InBoth | null
}

/** A kind of violation. */
export interface EntryView {
  entry: string
  title: InBoth
  guidance: InBoth
  traps: InBoth[]
  severity: Severity
  /** What a rule of it must have. */
  needs: {
    camera: boolean
    zone: boolean
    line: boolean
    calibration: boolean
    position: boolean
    sensor: string | null
    window: string | null
  }
  parameters: ParameterView[]
}

export interface MeasureView {
  id: string
  quantity: string
  unit: string
}

/** A text that the file had; `by` and `why` are null for what was written by hand. */
export interface PipelineVersion {
  version: string
  time: string
  by: string | null
  why: string | null
}

/** A pipeline file as the centre sees it. */
export interface SiteView {
  version: string
  /** Why the file cannot be changed from here. */
  locked: string | null
  /** The same as a code; null, or not there, where it has none, and of an older box. */
  lock?: Lock | null
  cameras: CameraView[]
  /** What cameras may be looked at with, and the packages that the box has; not there of a box of an earlier version. */
  models?: { id: string; package: string }[]
  packages?: string[]
  rules: RuleWritten[]
  permits: PermitWritten[]
  sensors: MeasureView[]
  windows: MeasureView[]
  catalogue: EntryView[]
  /** Newest first. */
  history: PipelineVersion[]
}
