// Why a rule fired, as its box tells it: as in `engine/contract/src/message` (story).
import type { EndReason, Reason } from './types.ts'

/** What a thing does that a rule asks for. */
export interface AskedThing {
  name: string
  classes: string[]
  place: 'in' | 'near' | 'anywhere' | 'outside'
  motion: 'standing' | 'moving' | null
  speed_min_mps: number | null
  heading: { against: boolean; allowed_deg: number; tolerance_deg: number } | null
  crossing: string | null
  relations: { kind: string; thing: string; min: number; none: boolean }[]
}

/** A condition of a rule: what it asks stands beside its code. */
export type AskedCondition = { name: string; code: string } & Record<string, unknown>

/** What a rule asks for. The first condition is the one that an incident needs. */
export interface Asked {
  /** An incident for each of them; false: one for all. */
  each: boolean
  thing: AskedThing | null
  conditions: AskedCondition[]
}

export type WhyRests = 'schedule' | 'permit' | 'suspended' | 'disaster' | 'moved' | 'blinded' | 'offline' | 'value'

export type Step = {
  at: string
  /** Which of the things that were followed; null for all. */
  subject: { number: number; class: string | null } | null
} & (
  | { code: 'applies'; but_for: string[] }
  | { code: 'rests'; why: { code: WhyRests; permit?: string } }
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
export type StepCode = Step['code']

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
