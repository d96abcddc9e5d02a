// What the service says, as in its OpenAPI document. Times are RFC 3339 with the offset of the site.
import type { Cause, Refusal } from './causes.ts'
import type { EditProblem } from './pipeline.ts'

export type Severity = 'info' | 'low' | 'medium' | 'high'
export type State = 'open' | 'closed'
export type Stage = 'remind' | 'commitment' | 'record'
export type Moment = 'first_seen' | 'opened' | 'closed' | 'commanded'
export type Judgement = 'confirmed' | 'dismissed'
/** What became of a case: nobody has judged those that wait in a flood or on a shelf. */
export type Mark = Judgement | 'folded' | 'shelved'
export type Reason =
  | 'permitted'
  | 'wrong_class'
  | 'already_reported'
  | 'poor_view'
  | 'camera_moved'
  | 'sensor_fault'
  | 'other'
export type EndReason =
  | 'over'
  | 'rule_inactive'
  | 'view_lost'
  | 'sensor_lost'
  | 'rule_changed'
  | 'state_lost'
export type Role = 'viewer' | 'operator' | 'installer' | 'ward' | 'ml' | 'admin' | 'box'
export type Language = 'vi' | 'en'

/** The reasons, in the order of their digits. */
export const REASONS: readonly Reason[] = [
  'permitted',
  'wrong_class',
  'already_reported',
  'poor_view',
  'camera_moved',
  'sensor_fault',
  'other',
]

export interface Me {
  name: string
  display_name: string
  role: Role
  /** Null: all. */
  sites: string[] | null
  language: Language
  csrf: string
}

export interface Verdict {
  no: number
  by: string
  display_name: string
  role: Role
  judgement: Judgement
  reason: Reason | null
  note: string
  revision: number
  at: string
  /** When it was undone. */
  undone: string | null
}

export interface Escalation {
  no: number
  by: string
  display_name: string
  role: Role
  note: string
  at: string
}

export interface Summary {
  id: string
  site: string
  violation: string
  title: string
  severity: Severity
  state: State
  revision: number
  /** Site, camera and zone. */
  place: string
  camera: string | null
  camera_name: string | null
  zone: string | null
  place_name: string | null
  opened: string
  updated: string
  closed: string | null
  stage: Stage | null
  offence: number | null
  picture: string | null
  judgement: Verdict | null
  escalated: boolean
  /** The shelf that keeps it out of the queue. */
  shelf: number | null
  /** The flood that it came with. */
  flood: number | null
  /** The clock of its box was ahead by so much: its times here are earlier than the box says. */
  clock_ahead_secs: number | null
}

export interface Line {
  place: string
  site: string
  camera: string | null
  camera_name: string | null
  zone: string | null
  place_name: string | null
  incidents: number
  /** How many of them wait for a verdict. */
  waiting: number
  newest: Summary
  severity: Severity
  first_opened: string
  last_updated: string
}

export interface QueuePage {
  lines: Line[]
  cursor: string | null
  total_lines: number
  total_incidents: number
  /** More match than were counted. */
  at_least: boolean
}

export interface IncidentPage {
  incidents: Summary[]
  cursor: string | null
}

/** The incident as its box told it. */
export interface Incident {
  incident: string
  revision: number
  state: State
  rule: string
  rule_version: number
  severity: Severity
  title: string
  guidance: string
  stage: Stage | null
  stage_text: string | null
  offence: number | null
  citations: { law: string; article: string; verified?: boolean }[]
  camera: string | null
  camera_name: string | null
  zone: string | null
  place: string | null
  position: { lat: number; lon: number } | null
  first_seen: string
  opened: string
  updated: string
  closed: string | null
  ended_by: EndReason | null
  measured: { name: string; value: number; unit: string }[]
  subjects: Subject[]
  /** Boxes of earlier versions do not tell it. */
  geometry?: Geometry
  model: { name: string; sha256: string } | null
  clock: { source: string; offset_ms: number }
}

export interface Subject {
  track: number
  class: string
  confidence: number
  box: Box
}

/** Fractions of the picture. */
export type Point = [number, number]
/** Fractions of the picture: x0, y0, x1, y1. */
export type Box = [number, number, number, number]

/** What is drawn over an incident's pictures; what there is nothing of is left out. */
export interface Geometry {
  /** As it was when the incident opened; it ends when the zone is changed. */
  zone?: Point[]
  /** Where it was permitted then, nearest to the first subject first. */
  bays?: Point[][]
  line?: [Point, Point]
  /** Where the first subject went since it was first seen, oldest first. */
  path?: Point[]
  boxes?: { first_seen?: Box[]; opened?: Box[] }
}

export interface Evidence {
  sha256: string
  moment: Moment
  bytes: number
  media_type: string
  captured: string
  /** Null: the box has not sent it yet. */
  arrived: string | null
  /** When it was removed, as its time was over. */
  gone: string | null
}

export interface Looking {
  name: string
  display_name: string
  since: string
}

export interface Detail {
  summary: Summary
  incident: Incident
  revisions: { revision: number; received: string; state: State; updated: string }[]
  evidence: Evidence[]
  verdicts: Verdict[]
  escalations: Escalation[]
  looking: Looking[]
  similar: Summary[]
  shelf: Shelf | null
}

/** A rule that is kept out of the queue, or was. */
export interface Shelf {
  no: number
  site: string
  /** Null: all of the site. */
  camera: string | null
  rule: string
  reason: string
  by: string
  display_name: string
  begun: string
  until: string
  ended: string | null
  ended_by: string | null
  incidents: number
}

export interface NewVerdict {
  revision: number
  judgement: Judgement
  reason: Reason | null
  note: string
  replaces: number | null
}

export interface Suspension {
  reason: string
  camera: string | null
  rules: string[]
  all: boolean
  since: string
  until: string | null
  by: string | null
}

export interface CameraState {
  state: 'online' | 'stalled' | 'offline'
  /** In English; empty when it is well. */
  reason: string
  /** The same in codes; none of what has no codes, and of an older box. */
  causes?: Cause[]
  time: string
  fps: number | null
  resolution: [number, number] | null
  clock_offset_ms: number | null
  suspensions: Suspension[]
  quarantine?: { deaths: number; next_try: string } | null
  looks?: { hz: number; resting: { rule: string; why: string }[] } | null
  decoding?: Decoding | null
  /** What people call it. */
  name?: string | null
  position?: { lat: number; lon: number } | null
}

/** `strained`: it is less than the rules need; all others are no less. */
export type DecodeReason =
  | 'enough'
  | 'not_measured'
  | 'keys_too_rare'
  | 'no_keys'
  | 'fields'
  | 'strained'

export interface Decoding {
  mode: 'all' | 'references' | 'keys' | 'none'
  /** Why not fewer. A newer box may tell of others. */
  reason: DecodeReason | (string & {})
  key_interval_secs: number | null
}

export interface CameraHeard {
  site: string
  camera: string
  heard: string
  /** Of one that is not, `state` is told as offline. */
  box_online: boolean
  state: CameraState
  /** The newest that somebody asked for. */
  still: Still | null
}

/** A picture that somebody asked a camera for. */
export interface Still {
  sha256: string
  taken: string
}

/** A point of a map, as GeoJSON (RFC 7946) has it: longitude and latitude. */
export interface Feature<P> {
  type: 'Feature'
  id: string
  geometry: { type: 'Point'; coordinates: [number, number] }
  properties: P
}

export interface Features<P> {
  type: 'FeatureCollection'
  /** There are more. */
  truncated: boolean
  features: Feature<P>[]
}

export type IncidentOnMap = Pick<
  Summary,
  'site' | 'violation' | 'title' | 'severity' | 'state' | 'escalated' | 'camera' | 'camera_name' | 'zone' | 'place_name' | 'opened' | 'updated' | 'closed'
> & { judgement: Judgement | null }

/** What the tiles of `/map/base.pmtiles` are; null: there is no such file. */
export type Tiles = 'vector' | 'raster' | null

/** What may not work at a box, as `docs/mqtt.asyncapi.yaml` lists it. */
export type TroubleCode =
  | 'nobody_listens'
  | 'no_broker'
  | 'incidents_refused'
  | 'states_refused'
  | 'acks_unheard'
  | 'command_link'
  | 'broker_offers_less'
  | 'client_id_taken'
  | 'disk_full'
  | 'store_failing'
  | 'store_damaged'
  | 'state_lost'
  | 'evidence_failing'
  | 'history_failing'
  | 'recording_failing'
  | 'rules_suspended'
  | 'disaster'
  | 'retained_command'
  | 'model_output'
  | 'model_refused'
  | 'provider_unused'
  | 'shadow'
  | 'worker_memory'
  | 'worker_refused'
  | 'rules_below_need'
  | 'console_refuses'
  | 'console_away'

export interface Trouble {
  /** A newer box may have others. */
  trouble: TroubleCode | (string & {})
  /** In English, with what to do. */
  text: string
  since: string
}

export type BoxState =
  | {
      state: 'online'
      version: string
      outbox_depth: number
      unsaved: number
      quarantined: number
      troubles: Trouble[]
      time: string
    }
  | { state: 'offline'; reason: 'shutdown'; version: string; time: string }
  | { state: 'offline'; reason: 'lost'; version: string; connected: string }

export interface BoxHeard {
  site: string
  heard: string
  state: BoxState
}

export interface Person {
  name: string
  display_name: string
  role: Role
  sites: string[] | null
  language: Language
  created: string
  last_login: string | null
  /** Since when. */
  disabled: string | null
}

export interface Token {
  id: number
  name: string
  role: Role
  sites: string[] | null
  created: string
  created_by: string
  last_used: string | null
  /** Since when. */
  revoked: string | null
}

export interface AuditEntry {
  no: number
  at: string
  who: string
  what: string
  about: string
  site: string | null
  from: string
}

export type ChangeKind = 'incident' | 'verdict' | 'looking' | 'camera' | 'box' | 'flood' | 'shelf' | 'reset'

/** What an event of the stream says. */
export interface Change {
  kind: ChangeKind
  no: number
  site: string
  id?: string
  place?: string
  camera?: string
}

export type ProblemType =
  | 'unauthenticated'
  | 'forbidden'
  | 'csrf'
  | 'too_many_tries'
  | 'not_found'
  | 'method_not_allowed'
  | 'invalid'
  | 'conflict'
  | 'too_large'
  | 'unavailable'
  | 'busy'
  /** Of a box: no answer in time, not there, of a version without this, or its own no. */
  | 'box_silent'
  | 'box_offline'
  | 'box_too_old'
  | 'refused'
  /** Ours: no answer came. */
  | 'offline'

export interface Problem {
  type: ProblemType
  title: string
  status: number
  detail: string
  fields?: { field: string; problem: string }[]
  /** Of a conflict: the verdict that stands. */
  theirs?: Verdict
  /** Of what a box refused: what is wrong with the pipeline. */
  problems?: EditProblem[]
  /** Why a box refuses it; not there where it has no code. */
  refusal?: Refusal
}
