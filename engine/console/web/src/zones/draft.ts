// What is drawn and set for one camera, as a value: each change makes another one. What is sent to the box follows
// from the first and the last, so that whatever was tried in between and taken back is not in it.
import type { CameraView, Edit, EntryView, Pair, PermitWritten, RuleWritten, SiteView } from '../api/pipeline.ts'
import { clockwise, moved, tidy, type Point } from './geometry.ts'
import type { Calibration } from './ground.ts'

/** A thing under the name that it has in the file, or under one of ours while it is new: names may be changed then. */
interface Keyed {
  readonly key: string
  readonly fresh: boolean
}

export interface Zone extends Keyed {
  readonly id: string
  readonly name: string | null
  readonly points: readonly Point[]
}

export interface Line extends Keyed {
  readonly id: string
  readonly points: readonly Point[]
}

export interface Rule extends Keyed {
  readonly written: RuleWritten
}

/** A permit that holds in a part of this camera's picture alone, such as a painted bay. */
export interface Bay extends Keyed {
  readonly written: PermitWritten
}

/** A model of the file, and the package that it is of. */
export interface Model {
  readonly id: string
  readonly package: string
}

export interface Draft {
  /** The package that the camera is looked at with. */
  readonly model: string
  /** Those that the file has. */
  readonly models: readonly Model[]
  readonly zones: readonly Zone[]
  readonly lines: readonly Line[]
  readonly calibration: Calibration | null
  readonly rules: readonly Rule[]
  readonly bays: readonly Bay[]
}

/** What can be drawn. */
export type Drawn = 'zone' | 'line' | 'calibration' | 'bay'

/** One thing of a draft; there is one calibration and one model, without a key. */
export interface Ref {
  readonly kind: Drawn | 'rule' | 'model'
  readonly key: string
}

export const CALIBRATION: Ref = { kind: 'calibration', key: '' }
export const MODEL: Ref = { kind: 'model', key: '' }

export function isRef(a: Ref | null, b: Ref | null): boolean {
  return a?.kind === b?.kind && a?.key === b?.key
}

/** What a rule is called in the file. */
export function nameOf(written: RuleWritten): string {
  return written.id ?? written.use
}

export function draftOf(view: SiteView, camera: CameraView): Draft {
  const bays = view.permits.filter((permit) => isBayOf(permit, camera.id))
  return {
    model: camera.model,
    models: view.models ?? [],
    zones: camera.zones.map(({ id, name, polygon }) => ({ key: id, fresh: false, id, name, points: polygon })),
    lines: camera.lines.map(({ id, points }) => ({ key: id, fresh: false, id, points })),
    calibration: camera.calibration,
    rules: camera.rules.map((written) => ({ key: nameOf(written), fresh: false, written })),
    bays: bays.map((written) => ({ key: written.id, fresh: false, written })),
  }
}

export function isBayOf(permit: PermitWritten, camera: string): boolean {
  return permit.polygon !== null && permit.cameras.length === 1 && permit.cameras[0] === camera
}

function byKey<T extends Keyed>(all: readonly T[], key: string): T | undefined {
  return all.find((one) => one.key === key)
}

export function pointsOf(draft: Draft, { kind, key }: Ref): readonly Point[] {
  switch (kind) {
    case 'zone':
      return byKey(draft.zones, key)?.points ?? []
    case 'line':
      return byKey(draft.lines, key)?.points ?? []
    case 'bay':
      return byKey(draft.bays, key)?.written.polygon ?? []
    case 'calibration':
      return draft.calibration?.picture ?? []
    case 'rule':
    case 'model':
      return []
  }
}

/** All that is drawn, in the order in which it lies over each other. */
export function drawnIn(draft: Draft): Ref[] {
  return [
    ...draft.zones.map(({ key }): Ref => ({ kind: 'zone', key })),
    ...draft.bays.map(({ key }): Ref => ({ kind: 'bay', key })),
    ...draft.lines.map(({ key }): Ref => ({ kind: 'line', key })),
    ...(draft.calibration ? [CALIBRATION] : []),
  ]
}

function pairs(points: readonly Point[]): Pair[] {
  return points.map(([x, y]) => [x, y])
}

function changed<T extends Keyed>(all: readonly T[], key: string, change: (one: T) => Partial<T>): readonly T[] {
  return all.map((one) => (one.key === key ? { ...one, ...change(one) } : one))
}

export function withPoints(draft: Draft, { kind, key }: Ref, points: readonly Point[]): Draft {
  switch (kind) {
    case 'zone':
      return { ...draft, zones: changed(draft.zones, key, () => ({ points })) }
    case 'line':
      return { ...draft, lines: changed(draft.lines, key, () => ({ points })) }
    case 'bay':
      return withBay(draft, key, { polygon: pairs(points) })
    case 'calibration':
      return draft.calibration ? { ...draft, calibration: { ...draft.calibration, picture: [...points] } } : draft
    case 'rule':
    case 'model':
      return draft
  }
}

export function withCorner(draft: Draft, ref: Ref, index: number, point: Point): Draft {
  return withPoints(draft, ref, pointsOf(draft, ref).map((old, at) => (at === index ? tidy(point) : old)))
}

/** Another corner after this one. */
export function withCornerAfter(draft: Draft, ref: Ref, index: number, point: Point): Draft {
  return withPoints(draft, ref, pointsOf(draft, ref).toSpliced(index + 1, 0, tidy(point)))
}

export function withoutCorner(draft: Draft, ref: Ref, index: number): Draft {
  return withPoints(draft, ref, pointsOf(draft, ref).toSpliced(index, 1))
}

export function withMove(draft: Draft, ref: Ref, by: Point): Draft {
  return withPoints(draft, ref, moved(pointsOf(draft, ref), by))
}

export function withZoneName(draft: Draft, key: string, name: string | null): Draft {
  return { ...draft, zones: changed(draft.zones, key, () => ({ name })) }
}

/** Rules follow the new name. */
export function withId(draft: Draft, kind: 'zone' | 'line', key: string, id: string): Draft {
  const was = (kind === 'zone' ? byKey(draft.zones, key) : byKey(draft.lines, key))?.id
  const rules = draft.rules.map((rule) => (rule.written[kind] === was ? { ...rule, written: { ...rule.written, [kind]: id } } : rule))
  if (kind === 'zone') return { ...draft, zones: changed(draft.zones, key, () => ({ id })), rules }
  return { ...draft, lines: changed(draft.lines, key, () => ({ id })), rules }
}

export function withRule(draft: Draft, key: string, change: Partial<RuleWritten>): Draft {
  return { ...draft, rules: changed(draft.rules, key, ({ written }) => ({ written: { ...written, ...change } })) }
}

/** `value` null: what the catalogue says. */
export function withParameter(draft: Draft, key: string, name: string, value: number | null): Draft {
  const written = byKey(draft.rules, key)?.written
  if (!written) return draft
  const { [name]: _, ...others } = written.parameters
  return withRule(draft, key, { parameters: value === null ? others : { ...written.parameters, [name]: value } })
}

export function withBay(draft: Draft, key: string, change: Partial<PermitWritten>): Draft {
  return { ...draft, bays: changed(draft.bays, key, ({ written }) => ({ written: { ...written, ...change } })) }
}

export function withGround(draft: Draft, index: number, to: Pair): Draft {
  const { calibration } = draft
  if (!calibration) return draft
  return { ...draft, calibration: { ...calibration, ground_m: calibration.ground_m.map((old, at) => (at === index ? to : old)) } }
}

/** A name that is not taken: `zone-1`, `zone-2` and so on. */
export function freshName(stem: string, taken: readonly string[]): string {
  for (let no = 1; ; no += 1) if (!taken.includes(`${stem}-${no}`)) return `${stem}-${no}`
}

/** A road 6 m wide and 20 m long, until somebody has measured. */
const GROUND_AT_FIRST: Pair[] = [[0, 0], [6, 0], [6, 20], [0, 20]]

export interface Around {
  camera: string
  /** Names of permits anywhere in the file. */
  permits: readonly string[]
}

function fresh(all: readonly Keyed[]): Keyed {
  return { key: freshName('+', all.map(({ key }) => key)), fresh: true }
}

/** Adds what was drawn; its corners are put in order. */
export function withDrawn(draft: Draft, kind: Drawn, points: readonly Point[], around: Around): [Draft, Ref] {
  switch (kind) {
    case 'zone': {
      const id = freshName('zone', draft.zones.map((zone) => zone.id))
      const zone: Zone = { ...fresh(draft.zones), id, name: null, points: clockwise(points) }
      return [{ ...draft, zones: [...draft.zones, zone] }, { kind, key: zone.key }]
    }
    case 'line': {
      const line: Line = { ...fresh(draft.lines), id: freshName('line', draft.lines.map((line) => line.id)), points }
      return [{ ...draft, lines: [...draft.lines, line] }, { kind, key: line.key }]
    }
    case 'bay': {
      const id = freshName('bay', [...around.permits, ...draft.bays.map((bay) => bay.written.id)])
      const uses = [...new Set(draft.rules.filter(({ written }) => written.zone).map(({ written }) => written.use))]
      const written: PermitWritten = {
        id, reason: 'parking_bay', uses, cameras: [around.camera], zones: [], schedule: [], from: null, until: null, polygon: pairs(clockwise(points)),
      }
      const bay: Bay = { ...fresh(draft.bays), written }
      return [{ ...draft, bays: [...draft.bays, bay] }, { kind, key: bay.key }]
    }
    case 'calibration':
      return [{ ...draft, calibration: { picture: [...points], ground_m: GROUND_AT_FIRST } }, CALIBRATION]
  }
}

/** Up in the picture, away from the camera, until somebody has turned the arrow. */
const DIRECTION_AT_FIRST = 270

export function withNewRule(draft: Draft, entry: EntryView, zone: string | null): [Draft, Ref] {
  const names = draft.rules.map(({ written }) => nameOf(written))
  const id = names.includes(entry.entry) ? freshName(entry.entry, names) : null
  const directions = entry.parameters.filter((parameter) => parameter.kind === 'direction' && parameter.default === null)
  const written: RuleWritten = {
    use: entry.entry, id, zone: entry.needs.zone ? zone : null, line: entry.needs.line ? (draft.lines[0]?.id ?? null) : null, sensor: null, window: null,
    schedule: [], severity: null, classes: [], parameters: Object.fromEntries(directions.map(({ name }) => [name, DIRECTION_AT_FIRST])),
  }
  const rule: Rule = { ...fresh(draft.rules), written }
  return [{ ...draft, rules: [...draft.rules, rule] }, { kind: 'rule', key: rule.key }]
}

function withoutKey<T extends Keyed>(all: readonly T[], key: string): readonly T[] {
  return all.filter((one) => one.key !== key)
}

/** The rules in a zone, or at a line: they go with it. */
export function rulesAt(draft: Draft, { kind, key }: Ref): readonly Rule[] {
  if (kind !== 'zone' && kind !== 'line') return []
  const id = (kind === 'zone' ? byKey(draft.zones, key) : byKey(draft.lines, key))?.id
  return draft.rules.filter(({ written }) => written[kind] === id)
}

export function without(draft: Draft, at: Ref): Draft {
  const along = rulesAt(draft, at)
  const rules = draft.rules.filter((rule) => !along.includes(rule))
  switch (at.kind) {
    case 'zone':
      return { ...draft, zones: withoutKey(draft.zones, at.key), rules }
    case 'line':
      return { ...draft, lines: withoutKey(draft.lines, at.key), rules }
    case 'bay':
      return { ...draft, bays: withoutKey(draft.bays, at.key) }
    case 'rule':
      return { ...draft, rules: withoutKey(draft.rules, at.key) }
    case 'calibration':
      return { ...draft, calibration: null }
    case 'model':
      return draft
  }
}

/** An edit, and what of the draft it is of. */
export interface Made {
  edit: Edit
  of: Ref
}

/** The same but for the order of keys: a number that was taken out and put in again stands last. */
function alike(a: unknown, b: unknown): boolean {
  const sorted = (_: string, value: unknown): unknown =>
    value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value
  return JSON.stringify(a, sorted) === JSON.stringify(b, sorted)
}

/** What makes `from` into `to`. What rules need comes before them, and goes after them. */
export function editsOf(from: Draft, to: Draft, camera: string): Made[] {
  return [
    ...modelEdits(from, to, camera),
    ...calibrationEdits(from, to, camera),
    ...zoneEdits(from, to, camera),
    ...lineEdits(from, to, camera),
    ...ruleEdits(from, to, camera),
    ...bayEdits(from, to),
    ...gone(from.lines, to.lines).map(({ key, id }): Made => ({ edit: { kind: 'remove_line', camera, line: id }, of: { kind: 'line', key } })),
    ...gone(from.zones, to.zones).map(({ key, id }): Made => ({ edit: { kind: 'remove_zone', camera, zone: id }, of: { kind: 'zone', key } })),
  ]
}

function gone<T extends Keyed>(from: readonly T[], to: readonly T[]): T[] {
  return from.filter(({ key }) => !byKey(to, key))
}

/** New ones, and those that are not what they were. */
function set<T extends Keyed>(from: readonly T[], to: readonly T[]): T[] {
  return to.filter((one) => !alike(byKey(from, one.key), one))
}

/** A model of the file that is of the package, or a new one that is called like it. */
function modelEdits(from: Draft, to: Draft, camera: string): Made[] {
  if (from.model === to.model) return []
  const known = to.models.find((one) => one.package === to.model)
  const id = known?.id ?? freshModel(to)
  const use: Made = { edit: { kind: 'use_model', camera, model: id }, of: MODEL }
  return known ? [use] : [{ edit: { kind: 'set_model', model: id, package: to.model }, of: MODEL }, use]
}

function freshModel({ model, models }: Draft): string {
  const ids = models.map(({ id }) => id)
  return ids.includes(model) ? freshName(model, ids) : model
}

function calibrationEdits(from: Draft, to: Draft, camera: string): Made[] {
  if (alike(from.calibration, to.calibration)) return []
  if (!to.calibration) return [{ edit: { kind: 'remove_calibration', camera }, of: CALIBRATION }]
  const { picture, ground_m } = to.calibration
  return [{ edit: { kind: 'set_calibration', camera, picture: pairs(picture), ground_m: pairs(ground_m) }, of: CALIBRATION }]
}

function zoneEdits(from: Draft, to: Draft, camera: string): Made[] {
  return set(from.zones, to.zones).map(({ key, id, name, points }) => ({
    edit: { kind: 'set_zone', camera, zone: id, name, polygon: pairs(points) },
    of: { kind: 'zone', key },
  }))
}

function lineEdits(from: Draft, to: Draft, camera: string): Made[] {
  return set(from.lines, to.lines).map(({ key, id, points }) => ({ edit: { kind: 'set_line', camera, line: id, points: pairs(points) }, of: { kind: 'line', key } }))
}

function ruleEdits(from: Draft, to: Draft, camera: string): Made[] {
  return [
    ...gone(from.rules, to.rules).map(({ key }): Made => ({ edit: { kind: 'remove_rule', camera, rule: key }, of: { kind: 'rule', key } })),
    ...set(from.rules, to.rules).map(({ key, fresh, written }): Made => ({
      edit: { kind: 'set_rule', camera, rule: fresh ? null : key, written },
      of: { kind: 'rule', key },
    })),
  ]
}

function bayEdits(from: Draft, to: Draft): Made[] {
  return [
    ...gone(from.bays, to.bays).map(({ key }): Made => ({ edit: { kind: 'remove_permit', permit: key }, of: { kind: 'bay', key } })),
    ...set(from.bays, to.bays).map(({ key, fresh, written }): Made => ({ edit: { kind: 'set_permit', permit: fresh ? null : key, written }, of: { kind: 'bay', key } })),
  ]
}

/** My changes made once more, in what somebody else has left there meanwhile. */
export function carried(from: Draft, mine: Draft, theirs: Draft): Draft {
  const list = <T extends Keyed>(of: (draft: Draft) => readonly T[]): readonly T[] => {
    const lost = new Set(gone(of(from), of(mine)).map(({ key }) => key))
    const put = set(of(from), of(mine))
    const kept = of(theirs).filter(({ key }) => !lost.has(key)).map((one) => byKey(put, one.key) ?? one)
    // Of what was there and is gone on their side, what I have changed is new.
    const more = put.filter(({ key }) => !byKey(kept, key)).map((one) => ({ ...one, fresh: true }))
    return [...kept, ...more]
  }
  return {
    model: from.model === mine.model ? theirs.model : mine.model,
    models: theirs.models,
    zones: list((draft) => draft.zones),
    lines: list((draft) => draft.lines),
    calibration: alike(from.calibration, mine.calibration) ? theirs.calibration : mine.calibration,
    rules: list((draft) => draft.rules),
    bays: list((draft) => draft.bays),
  }
}
