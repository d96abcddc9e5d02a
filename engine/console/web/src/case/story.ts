// Words of a story, from its codes.

import type { AskedCondition, AskedRelation, AskedThing, Step, Story } from '../api/story.ts'
import { count, exact, percent, seconds, value, when } from '../words/format.ts'
import { className, words } from '../words/index.svelte.ts'

/** Conditions are made of each other; one that is made of itself would have no end. */
const DEPTH_MAX = 8

/** Its name, inside of a sentence. */
function thingName(kind: string): string {
  const name = className(kind)
  return name.charAt(0).toLowerCase() + name.slice(1)
}

function relation({ kind, thing, min, none }: AskedRelation): string {
  const t = words().story
  const called = t.things[thing] ?? thingName(thing)
  return (none ? t.noRelation : t.relation)[kind](min > 1 ? t.atLeast(count(min), called) : called)
}

/** "ô tô hoặc xe tải đứng yên trong vùng". */
export function thingInWords({ classes, place, motion, speed_min_mps, heading, crossing, relations }: AskedThing): string {
  const t = words().story
  return [
    classes.map(thingName).join(t.or),
    motion ? t.motion[motion] : '',
    speed_min_mps === null ? '' : t.faster(value(Math.round(speed_min_mps * 3.6))),
    heading ? (heading.against ? t.against : t.along) : '',
    crossing ? t.crossing[crossing] : '',
    t.place[place],
    relations.map(relation).join(t.and),
  ]
    .filter(Boolean)
    .join(' ')
}

/** A condition of a story, by its name; the name itself where the story has none such. */
export function conditionInWords(story: Story, name: string, depth = 0): string {
  const found = story.asked.conditions.find((condition) => condition.name === name)
  return found && depth < DEPTH_MAX ? told(story, found, depth + 1) : name
}

function told(story: Story, condition: AskedCondition, depth: number): string {
  const t = words().story.condition
  const { and, or, cameraState, quantity } = words().story
  const inner = (name: string): string => conditionInWords(story, name, depth)
  switch (condition.code) {
    case 'is':
      return t.is(thingInWords(condition.thing))
    case 'count': {
      const [thing, min] = [thingInWords(condition.thing), count(condition.min)]
      return condition.max === null ? t.count(thing, min) : t.countTo(thing, min, count(condition.max))
    }
    case 'share':
      return t.share(thingInWords(condition.thing), percent(condition.min_percent / 100))
    case 'value': {
      const called = quantity[condition.quantity] ?? condition.quantity
      return (condition.above ? t.above : t.below)(called, `${value(condition.on)} ${condition.unit}`)
    }
    case 'camera':
      return t.camera(condition.states.map((state) => cameraState[state] ?? state).join(or))
    case 'light':
      return condition.day ? t.day : t.night
    case 'queue':
      return t.queue(thingInWords(condition.among))
    case 'all':
      return condition.of.map(inner).join(and)
    case 'any':
      return condition.of.map(inner).join(or)
    case 'not':
      return t.not(inner(condition.of))
    case 'held': {
      const held = condition.secs > 0 ? t.held(inner(condition.of), seconds(condition.secs)) : inner(condition.of)
      return held + (condition.paused_by === null ? '' : t.pausedBy(inner(condition.paused_by)))
    }
    case 'hits':
      return t.hits(inner(condition.of), count(condition.min), count(condition.looks))
    case 'sequence':
      return t.sequence(condition.of.map(inner).join(t.then), seconds(condition.within_secs))
    case 'absent':
      return t.absent(inner(condition.after), inner(condition.of), seconds(condition.secs))
    case 'rate':
      return t.rate(inner(condition.of), count(condition.min), seconds(condition.within_secs))
    default:
      return ofALaterVersion(condition).name
  }
}

/** What this page does not know, a box of a later version may tell. That all it knows has words is checked here. */
function ofALaterVersion(code: never): { name: string; code: string } {
  return code
}

/** What the rule asks for, in a sentence. */
export function asksInWords(story: Story): string {
  const first = story.asked.conditions[0]
  return first ? words().story.asks(conditionInWords(story, first.name)) : ''
}

/** What happened at a step. */
export function stepInWords(story: Story, step: Step, now: number): string {
  const t = words().story.step
  const condition = (name: string): string => conditionInWords(story, name)
  switch (step.code) {
    case 'applies':
      return step.but_for.length > 0 ? t.appliesButFor(step.but_for.join(', ')) : t.applies
    case 'rests': {
      const { why } = step
      const because = words().story.rests[why.code] as ((of: typeof why, time: string) => string) | undefined
      return t.rests(because?.(why, why.code === 'suspended' ? when(why.until, now) : '') ?? why.code)
    }
    case 'began':
      return t.began(condition(step.condition))
    case 'holds': {
      const what = condition(step.condition)
      const holds = step.since === null || step.since === step.at ? t.holds(what) : t.holdsSince(what, exact(step.since))
      return step.missed > 0 ? `${holds} ${t.missed(count(step.missed), seconds(step.missed_secs_max))}` : holds
    }
    case 'ceased':
      return t.ceased(condition(step.condition))
    case 'came_to_nothing':
      return t.came_to_nothing(condition(step.condition))
    case 'opened':
      return step.incident === story.incident ? t.opened : t.openedOther
    case 'held_back':
      return t.held_back
    case 'ended':
      return t.ended(words().endedBy[step.reason])
    case 'last_seen':
      return t.last_seen
    case 'left_out':
      return t.left_out(count(step.count))
    default:
      return ofALaterVersion(step).code
  }
}

/** Whom a step is about; empty where it is about the rule as a whole. */
export function subjectInWords({ asked }: Story, { subject }: Step): string {
  const t = words().story
  return asked.each && subject ? t.subject(subject.class === null ? t.subjectUnknown : className(subject.class), count(subject.number)) : ''
}
