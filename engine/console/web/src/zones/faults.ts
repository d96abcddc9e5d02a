// What is wrong with a draft that a person sees at once, without asking the box.
import { drawnIn, nameOf, pointsOf, type Draft, type Ref } from './draft.ts'
import { faultOf as outlineFault, same, type Fault as OutlineFault } from './geometry.ts'
import { Ground, wellPlaced } from './ground.ts'

export type Fault = OutlineFault | 'one_point' | 'no_ground' | 'bad_name'

export interface Found {
  at: Ref
  fault: Fault
}

const NAME = /^[a-z0-9-]{3,40}$/

/** May it be called so? `others`: the names that are taken. */
export function isName(text: string, others: readonly string[]): boolean {
  return NAME.test(text) && !others.includes(text)
}

export function faultsOf(draft: Draft): Found[] {
  const drawn = drawnIn(draft).flatMap((at): Found[] => {
    const fault = drawnFault(draft, at)
    return fault ? [{ at, fault }] : []
  })
  return [...drawn, ...nameFaults(draft)]
}

function drawnFault(draft: Draft, at: Ref): Fault | null {
  const points = pointsOf(draft, at)
  if (at.kind === 'line') return points[0] && points[1] && same(points[0], points[1]) ? 'one_point' : null
  if (at.kind !== 'calibration') return outlineFault(points)
  const known = draft.calibration && wellPlaced(points) && Ground.of(draft.calibration)
  return known ? null : 'no_ground'
}

function nameFaults(draft: Draft): Found[] {
  const bad = (kind: Ref['kind'], all: { key: string; name: string }[]): Found[] =>
    all.filter(({ name }, index) => !isName(name, all.slice(0, index).map((one) => one.name))).map(({ key }) => ({ at: { kind, key }, fault: 'bad_name' }))
  return [
    ...bad('zone', draft.zones.map(({ key, id }) => ({ key, name: id }))),
    ...bad('line', draft.lines.map(({ key, id }) => ({ key, name: id }))),
    ...bad('bay', draft.bays.map(({ key, written }) => ({ key, name: written.id }))),
    ...bad('rule', draft.rules.map(({ key, written }) => ({ key, name: nameOf(written) }))),
  ]
}
