// Why a rule fired, as its box tells it: as in `engine/contract/src/message` (story, asked). A test of the service holds
// the codes against those of the contract.
import type { EndReason, Reason } from './types.ts'

/** A set of things in a picture. */
export interface AskedThing {
  /** As the catalogue entry calls it. */
  name: string
  classes: string[]
  place: 'in' | 'out' | 'over' | 'anywhere'
  motion: 'standing' | 'moving' | null
  speed_min_mps: number | null
  heading: { against: boolean; allowed_deg: number; tolerance_deg: number } | null
  crossing: 'left_to_right' | 'right_to_left' | 'either' | null
  relations: AskedRelation[]
}

export interface AskedRelation {
  kind: 'beside' | 'on' | 'under'
  /** As the entry calls it. */
  thing: string
  min: number
  none: boolean
}

/** Something that is true or false at each time. Others are told by their names. */
export type AskedCondition = { name: string } & (
  | { code: 'is'; thing: AskedThing }
  | { code: 'count'; thing: AskedThing; min: number; max: number | null }
  | { code: 'share'; thing: AskedThing; min_percent: number }
  | { code: 'value'; from: 'sensor' | 'window'; quantity: string; unit: string; above: boolean; on: number; off: number }
  | { code: 'camera'; states: string[] }
  | { code: 'light'; day: boolean }
  | { code: 'queue'; among: AskedThing }
  | { code: 'all'; of: string[] }
  | { code: 'any'; of: string[] }
  | { code: 'not'; of: string }
  | { code: 'held'; of: string; secs: number; gap_secs: number; first_gap_secs: number | null; paused_by: string | null }
  | { code: 'hits'; of: string; min: number; looks: number }
  | { code: 'sequence'; of: string[]; within_secs: number }
  | { code: 'absent'; after: string; of: string; secs: number }
  | { code: 'rate'; of: string; min: number; within_secs: number }
)

/** What a rule asks for. */
export interface Asked {
  /** An incident for each of them; false: one for all. */
  each: boolean
  thing: AskedThing | null
  /** The first must hold while an incident is told; the others are what it is made of. */
  conditions: AskedCondition[]
}

export type WhyRests =
  | { code: 'schedule' }
  | { code: 'permit'; permit: string }
  | { code: 'suspended'; until: string }
  | { code: 'disaster'; level: number }
  | { code: 'moved' }
  | { code: 'blinded' }
  | { code: 'too_dark' }
  | { code: 'offline' }
  | { code: 'value' }

export type Step = {
  at: string
  /** Which of the things that are followed; null for the rule as a whole. */
  subject: { number: number; class: string | null } | null
} & (
  | { code: 'applies'; but_for: string[] }
  | { code: 'rests'; why: WhyRests }
  | { code: 'began'; condition: string }
  | { code: 'holds'; condition: string; since: string | null; missed: number; missed_secs_max: number }
  | { code: 'ceased'; condition: string }
  | { code: 'came_to_nothing'; condition: string }
  | { code: 'opened'; incident: string }
  | { code: 'held_back' }
  | { code: 'ended'; reason: EndReason }
  | { code: 'last_seen'; x: number; y: number }
  | { code: 'left_out'; count: number }
)

export interface Story {
  incident: string
  title: string
  rule: string
  violation: string
  camera: string | null
  zone: string | null
  line: string | null
  sensor: string | null
  window: string | null
  asked: Asked
  /** How much of what the box saw then it still has. */
  known: 'whole' | 'part' | 'none' | 'changed'
  known_from: string | null
  steps: Step[]
  verdicts: { revision: number; judgement: 'confirmed' | 'dismissed' | 'withdrawn'; reason: Reason | null; role: string; time: string }[]
}
