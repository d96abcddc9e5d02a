// A pipeline file as a box has it: read, changed, held against its history. It knows no more than the page needs.

import { createHash } from 'node:crypto'
import type { CameraView, DiffLine, Edit, Edited, EditFault, EditProblem, EntryView, Pair, PermitWritten, PipelineVersion, RuleWritten, SiteView } from '../src/api/pipeline.ts'
import { local } from './local.ts'
import { Problem } from './problem.ts'

/** What of a view stands in the file. */
type File = Pick<SiteView, 'cameras' | 'rules' | 'permits'> & { models: { id: string; package: string }[] }

const PACKAGES = ['nanodet-g', 'ssdlite-coco', 'yolox-nano']

const NEEDS: EntryView['needs'] = { camera: true, zone: true, line: false, calibration: false, position: false, sensor: null, window: null }

function entry(name: string, vi: string, en: string, needs: Partial<EntryView['needs']>, parameters: EntryView['parameters']): EntryView {
  return {
    entry: name, title: { vi, en }, severity: 'medium', needs: { ...NEEDS, ...needs }, parameters,
    guidance: { vi: 'Xác nhận khi thấy rõ ở cả hai ảnh.', en: 'Confirm when both pictures show it.' },
    traps: [{ vi: 'Bóng xe và xe in trên biển quảng cáo: đặt vùng trên mặt đường.', en: 'Shadows, and vehicles on posters: keep the zone on the ground.' }],
  }
}

const DWELL = {
  name: 'dwell_secs', kind: 'number', default: 180, min: 1, max: 86_400, unit: 's', text: 'Seconds for which the condition must hold before an incident opens.',
  title: { vi: 'Kéo dài ít nhất', en: 'Lasts at least' }, help: { vi: 'Phải diễn ra lâu chừng này rồi mới báo.', en: 'It must go on for so long before it is told.' },
} as const

const CATALOGUE: EntryView[] = [
  entry('illegal-parking', 'Đỗ xe trái phép', 'Illegal parking', {}, [DWELL]),
  entry('motorbike-on-sidewalk', 'Xe máy trên vỉa hè', 'Motorcycle on the sidewalk', {}, [DWELL, { name: 'count_min', kind: 'whole', default: 1, min: 1, max: 100, unit: null, text: 'so many at least' }]),
  entry('wrong-way', 'Đi ngược chiều', 'Wrong way', {}, [
    { name: 'allowed_deg', kind: 'direction', default: null, min: 0, max: 360, unit: 'deg', text: 'Allowed direction in the picture, degrees: 0 is right, 90 is down, 180 is left, 270 is up.' },
    { name: 'tolerance_deg', kind: 'number', default: 130, min: 0, max: 179, unit: 'deg', text: 'Degrees to either side that are still allowed.' },
  ]),
  entry('camera-fault', 'Camera bị che, xoay hoặc mất tín hiệu', 'Camera moved, blinded or offline', { zone: false }, [DWELL]),
  entry('speeding', 'Chạy quá tốc độ', 'Speeding', { calibration: true }, [{ name: 'speed_min_mps', kind: 'number', default: 14, min: 0.1, max: 60, unit: 'm/s', text: 'Speed on the ground.' }]),
]

function rule(use: string, more: Partial<RuleWritten>): RuleWritten {
  return { use, id: null, zone: null, line: null, sensor: null, window: null, schedule: [], severity: null, classes: [], parameters: {}, ...more }
}

function camera(id: string, n: number): CameraView {
  const kerb: Pair[] = [[0.05, 0.6], [0.95, 0.6], [0.95, 0.74], [0.05, 0.74]]
  return {
    id, name: `Lê Lợi, trước số ${2 * n + 1}`, position: { lat: 10.7769 + n / 500, lon: 106.7009 - n / 700 }, model: 'ssdlite-coco', input_px: [640, 384], height_min_px: 22, regions: false,
    zones: [{ id: 'kerb-0', name: 'Vỉa hè trước chợ', polygon: kerb }, { id: 'lane', name: null, polygon: [[0.02, 0.78], [0.98, 0.78], [0.98, 0.99], [0.02, 0.99]] }], lines: [{ id: 'stop-line', points: [[0.1, 0.82], [0.9, 0.82]] }],
    calibration: n % 2 === 0 ? { picture: [[0.2, 0.9], [0.8, 0.9], [0.65, 0.5], [0.35, 0.5]], ground_m: [[0, 0], [8, 0], [8, 24], [0, 24]] } : null,
    rules: [rule('illegal-parking', { zone: 'kerb-0', schedule: ['Mon-Sun 06:00-22:00'], parameters: { dwell_secs: 120 } }), rule('wrong-way', { zone: 'lane', parameters: { allowed_deg: 0 } })],
  }
}

/** As a file would say it. */
function text({ cameras, rules, permits }: File): string[] {
  const pairs = (points: Pair[]): string => `[${points.map(([x, y]) => `[${x}, ${y}]`).join(', ')}]`
  const ruleLines = (table: string) => (of: RuleWritten): string[] => [
    '', `[[${table}]]`, `use = "${of.use}"`,
    ...(['id', 'zone', 'line', 'sensor', 'window', 'severity'] as const).flatMap((key) => (of[key] ? [`${key} = "${of[key]}"`] : [])),
    ...(of.schedule.length > 0 ? [`schedule = ${JSON.stringify(of.schedule)}`] : []),
    ...Object.entries(of.parameters).map(([key, value]) => `${key} = ${value}`),
  ]
  const permitLines = (of: PermitWritten): string[] => ['', '[[permit]]', `id = "${of.id}"`, `reason = "${of.reason}"`, ...(of.polygon ? [`polygon = ${pairs(of.polygon)}`] : [])]
  const cameraLines = (of: CameraView): string[] => [
    '', '[[camera]]', `id = "${of.id}"`, `name = "${of.name ?? ''}"`,
    ...of.zones.flatMap(({ id, name, polygon }) => ['', `[camera.zone.${id}]`, ...(name ? [`name = "${name}"`] : []), `polygon = ${pairs(polygon)}`]),
    ...of.lines.flatMap(({ id, points }) => ['', `[camera.line.${id}]`, `points = ${pairs(points)}`]),
    ...(of.calibration ? ['', '[camera.calibration]', `picture = ${pairs(of.calibration.picture)}`, `ground_m = ${pairs(of.calibration.ground_m)}`] : []),
    ...of.rules.flatMap(ruleLines('camera.rule')),
  ]
  return ['[site]', 'id = "phuong"', ...cameras.flatMap(cameraLines), ...rules.flatMap(ruleLines('rule')), ...permits.flatMap(permitLines)]
}

/** Lines that differ, with two around them: the shared beginning and end are the same, all between is new. */
function difference(before: string[], after: string[]): DiffLine[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  if (before.length === after.length && head === before.length) return []
  const lines = (kind: DiffLine['kind'], of: string[], from: number, to: number): DiffLine[] =>
    of.slice(Math.max(0, from), to).map((line, n) => ({ kind, line: Math.max(0, from) + n + 1, text: line }))
  return [
    ...lines('same', before, head - 2, head), ...lines('removed', before, head, before.length - tail),
    ...lines('added', after, head, after.length - tail), ...lines('same', after, after.length - tail, after.length - tail + 2),
  ]
}

function crosses(polygon: Pair[]): boolean {
  const turn = ([ax, ay]: Pair, [bx, by]: Pair, [cx, cy]: Pair): number => Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
  const edge = (n: number): [Pair, Pair] => [polygon[n % polygon.length]!, polygon[(n + 1) % polygon.length]!]
  return polygon.some((_, i) => polygon.some((_, j) => {
    if (j <= i + 1 || (i === 0 && j === polygon.length - 1)) return false
    const [[a, b], [c, d]] = [edge(i), edge(j)]
    return turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b)
  }))
}

function cameraOf(file: File, id: string): CameraView {
  const found = file.cameras.find((one) => one.id === id)
  if (!found) throw new Problem('refused', { detail: `there is no camera ${id}` })
  return found
}

function put<T>(all: T[], is: (one: T) => boolean, one: T): void {
  const at = all.findIndex(is)
  if (at < 0) all.push(one)
  else all[at] = one
}

function take<T>(all: T[], is: (one: T) => boolean): void {
  const at = all.findIndex(is)
  if (at >= 0) all.splice(at, 1)
}

function apply(file: File, edit: Edit, no: number, problems: EditProblem[]): void {
  const wrong = (field: string, text: string, remedy: string, fault: EditFault): void => void problems.push({ field, edit: no, text, remedy, fault })
  const rulesOf = (id: string | null): RuleWritten[] => (id === null ? file.rules : cameraOf(file, id).rules)
  const called = (name: string) => (of: RuleWritten): boolean => (of.id ?? of.use) === name
  if (edit.kind === 'set_zone') {
    const { camera: of, zone, name, polygon } = edit
    const field = `camera[${of}].zone.${zone}.polygon`
    if (polygon.length < 3) wrong(field, 'has fewer than 3 corners', 'give it 3 or more', { code: 'few_corners' })
    else if (crosses(polygon)) wrong(field, 'crosses itself', 'go around the place once', { code: 'crossing' })
    put(cameraOf(file, of).zones, ({ id }) => id === zone, { id: zone, name, polygon })
  } else if (edit.kind === 'remove_zone') {
    const { camera: of, zone } = edit
    take(cameraOf(file, of).zones, ({ id }) => id === zone)
    const user = cameraOf(file, of).rules.find((one) => one.zone === zone)
    if (user) wrong(`camera[${of}].rule[${user.id ?? user.use}].zone`, `there is no zone ${zone}`, 'choose another zone, or remove the rule', { code: 'unknown', name: zone })
  } else if (edit.kind === 'set_line') put(cameraOf(file, edit.camera).lines, ({ id }) => id === edit.line, { id: edit.line, points: edit.points })
  else if (edit.kind === 'remove_line') take(cameraOf(file, edit.camera).lines, ({ id }) => id === edit.line)
  else if (edit.kind === 'set_calibration') cameraOf(file, edit.camera).calibration = { picture: edit.picture, ground_m: edit.ground_m }
  else if (edit.kind === 'remove_calibration') cameraOf(file, edit.camera).calibration = null
  else if (edit.kind === 'set_model') {
    if (!PACKAGES.includes(edit.package)) wrong(`model.${edit.model}.package`, `no model ${edit.package} is installed`, 'choose another', { code: 'unknown', name: edit.package })
    put(file.models, ({ id }) => id === edit.model, { id: edit.model, package: edit.package })
  } else if (edit.kind === 'use_model') cameraOf(file, edit.camera).model = file.models.find(({ id }) => id === edit.model)?.package ?? edit.model
  else if (edit.kind === 'set_rule') {
    const { written, rule: name } = edit
    const known = CATALOGUE.find((one) => one.entry === written.use)
    const field = `camera[${edit.camera}].rule[${written.id ?? written.use}]`
    for (const { name, min, max } of known?.parameters ?? []) {
      const given = written.parameters[name]
      if (given !== undefined && !(given >= min && given <= max)) wrong(`${field}.${name}`, `is ${given}`, `make it ${min} to ${max}`, { code: 'out_of_range', min, max })
    }
    if (known?.needs.zone && !written.zone) wrong(`${field}.zone`, 'is missing', 'say where it looks', { code: 'missing', key: 'zone' })
    put(rulesOf(edit.camera), name === null ? () => false : called(name), written)
  } else if (edit.kind === 'remove_rule') take(rulesOf(edit.camera), called(edit.rule))
  else if (edit.kind === 'set_permit') put(file.permits, ({ id }) => id === edit.permit, edit.written)
  else take(file.permits, ({ id }) => id === edit.permit)
}

function versionOf(file: File): string {
  return createHash('sha256').update(text(file).join('\n')).digest('hex')
}

/** The pipeline of a site. */
export class Pipeline {
  #file: File
  readonly #kept = new Map<string, File>()
  readonly #history: PipelineVersion[] = []

  constructor(cameras: string[]) {
    this.#file = { cameras: cameras.map(camera), models: [{ id: 'street', package: 'ssdlite-coco' }], rules: [], permits: [{ id: 'bay-at-night', reason: 'Bãi giữ xe ban đêm', uses: ['illegal-parking'], cameras: [], zones: ['kerb-0'], schedule: ['Mon-Sun 20:00-06:00'], from: null, until: null, polygon: [[0.1, 0.7], [0.4, 0.7], [0.4, 0.95], [0.1, 0.95]] }] }
    this.#history.push({ version: versionOf(this.#file), time: local(Date.now() - 86_400_000), by: null, why: null })
  }

  view(): SiteView {
    return { version: versionOf(this.#file), locked: null, ...this.#file, sensors: [], windows: [], packages: PACKAGES, catalogue: CATALOGUE, history: this.#history }
  }

  #changed(base: string, next: File, problems: EditProblem[], by: string | null, why: string): Edited {
    const now = versionOf(this.#file)
    if (base !== now) throw new Problem('conflict', { detail: `the pipeline is ${now.slice(0, 8)} now` })
    const edited: Edited = { version: versionOf(next), diff: difference(text(this.#file), text(next)), problems, warnings: [] }
    if (by === null) return edited
    if (problems.length > 0) throw new Problem('refused', { detail: 'the pipeline would not be right', problems })
    this.#kept.set(now, this.#file)
    this.#file = next
    this.#history.unshift({ version: edited.version, time: local(Date.now()), by, why })
    return edited
  }

  /** By nobody: only what it would come to. */
  edit(base: string, edits: Edit[], by: string | null, why = ''): Edited {
    const next = structuredClone(this.#file)
    const problems: EditProblem[] = []
    edits.forEach((edit, no) => apply(next, edit, no, problems))
    return this.#changed(base, next, problems, by, why)
  }

  revert(base: string, to: string, by: string | null, why: string): Edited {
    const next = this.#kept.get(to) ?? (versionOf(this.#file) === to ? this.#file : null)
    if (!next) throw new Problem('refused', { detail: 'this version is not kept any more' })
    return this.#changed(base, next, [], by, why)
  }
}
