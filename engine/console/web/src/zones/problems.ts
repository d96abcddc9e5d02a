// What a box found wrong, at the field where a person can mend it.
import type { EditProblem } from '../api/pipeline.ts'
import { CALIBRATION, MODEL, nameOf, type Draft, type Made, type Ref } from './draft.ts'

/** A problem, with what it is about where that is in the draft, and which of its fields. */
export interface Placed {
  problem: EditProblem
  at: Ref | null
  /** The key in the file: `polygon`, `zone`, `dwell_secs` and so on; empty for the whole thing. */
  key: string
}

/** `camera[le-loi-03].rule[parking-night].dwell_secs` → camera, le-loi-03, rule, parking-night, dwell_secs. */
function parts(field: string): string[] {
  return field.split(/[.[\]]+/).filter(Boolean)
}

/** The last of them, without the place in a list: the key that a problem is about. */
export function keyOf(field: string): string {
  return parts(field).findLast((part) => !/^\d+$/.test(part)) ?? ''
}

export function placed(problems: readonly EditProblem[], made: readonly Made[], draft: Draft, camera: string): Placed[] {
  return problems.map((problem) => {
    const steps = parts(problem.field)
    const found = find(steps, draft, camera)
    const at = found?.at ?? (problem.edit === null ? null : (made[problem.edit]?.of ?? null))
    return { problem, at, key: found?.key ?? steps.at(-1) ?? '' }
  })
}

function find([table, owner, kind, name, ...key]: string[], draft: Draft, camera: string): { at: Ref; key: string } | null {
  if (table === 'permit') return found('bay', draft.bays.find(({ written }) => written.id === owner), kind ?? '')
  if (table === 'model') return { at: MODEL, key: kind ?? '' }
  if (table !== 'camera' || owner !== camera) return null
  const last = key.join('.')
  switch (kind) {
    case 'model':
      return { at: MODEL, key: '' }
    case 'calibration':
      return draft.calibration ? { at: CALIBRATION, key: name ?? '' } : null
    case 'rule':
      return found('rule', draft.rules.find(({ written }) => nameOf(written) === name) ?? draft.rules[Number(name)], last)
    case 'zone':
      return found('zone', draft.zones.find(({ id }) => id === name), last)
    case 'line':
      return found('line', draft.lines.find(({ id }) => id === name), last)
    default:
      return null
  }
}

function found(kind: Ref['kind'], one: { key: string } | undefined, key: string): { at: Ref; key: string } | null {
  return one ? { at: { kind, key: one.key }, key } : null
}

/** Those of one field; without a key, those of the whole thing. */
export function toldAt(all: readonly Placed[], at: Ref, key?: string): Placed[] {
  return all.filter((one) => one.at?.kind === at.kind && one.at.key === at.key && (key === undefined || one.key === key || one.key.startsWith(`${key}[`) || one.key.startsWith(`${key}.`)))
}
