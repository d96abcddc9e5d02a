// A small city that answers as the service does, so that the page can be worked on and tested by itself. Everything
// follows from a seed. It stands for nothing else: rights, times and texts are as simple as will do.

import type {
  AuditEntry,
  Box,
  BoxHeard,
  CameraHeard,
  Change,
  Detail,
  Evidence,
  Geometry,
  Incident,
  Line,
  Looking,
  Me,
  Person,
  Point,
  Severity,
  Still,
  Summary,
  Tiles,
  Token,
  Verdict,
} from '../src/api/types.ts'
import type { Cause } from '../src/api/causes.ts'
import { readCatalogue } from '../build/catalogue.ts'
import { local } from './local.ts'
import { positionOf } from './plan.ts'
import { boxesAt, nameAt } from './street.ts'
import { Work } from './work.ts'

const TITLES = readCatalogue().violations.vi

function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const STREETS = ['Lê Lợi', 'Nguyễn Huệ', 'Trần Hưng Đạo', 'Hai Bà Trưng', 'Đường 3 Tháng 2', 'Điện Biên Phủ', 'Cách Mạng Tháng Tám', 'Võ Văn Tần', 'Phan Đình Phùng', 'Lý Thường Kiệt']
/** Why a camera is as it is, in the box's words and in codes. */
const WHY: Record<'online' | 'stalled' | 'offline', { reason: string; causes: Cause[] }> = {
  online: { reason: '', causes: [] },
  stalled: { reason: 'no picture for 25.4 s', causes: [{ stream: null, fault: { code: 'silent', ms: 25_400 } }] },
  offline: {
    reason: 'no connection to the camera: port 554 is refused; look whether the camera\'s RTSP is switched on, and which port its page names (554 on most)',
    causes: [{ stream: null, fault: { code: 'port_refused', port: 554 } }],
  },
}
const TWO_STREAMS: typeof WHY.online = {
  reason: 'main stream: decoding failed: Could not decode stream.',
  causes: [{ stream: 'main', fault: { code: 'decoding_failed' } }],
}
/** Of a box that knows more than this page. */
const OF_LATER: typeof WHY.online = { reason: 'the lens is dirty; clean it', causes: [{ stream: null, fault: { code: 'lens_dirty' } as never }] }
const SITES = ['phuong-ben-nghe', 'phuong-da-kao', 'phuong-tan-dinh']
const KINDS: [string, Severity, string][] = [
  ['sidewalk-obstruction', 'low', 'vehicle.two_wheel.motorcycle'],
  ['illegal-parking', 'medium', 'vehicle.car'],
  ['street-vending', 'low', 'person'],
  ['wrong-way', 'high', 'vehicle.two_wheel.motorcycle'],
  ['no-helmet', 'medium', 'person.rider_bare'],
  ['flooded-street', 'high', 'water.flood'],
  ['shop-encroachment', 'low', 'goods.bag'],
  ['dumping', 'medium', 'person'],
]
const GUIDANCE = 'Xác nhận khi cùng một xe đứng yên trong vùng cấm ở cả hai ảnh. Bác bỏ nếu xe đang chờ đèn đỏ, đang kẹt xe, chỉ dừng để đón, trả khách, hoặc là xe ưu tiên đang làm nhiệm vụ.'

export interface Account extends Person {
  password: string
}

function account(name: string, display_name: string, role: Person['role']): Account {
  const created = new Date(0).toISOString()
  return { name, display_name, role, sites: null, language: 'vi', created, last_login: null, disabled: null, password: name }
}

/** Painted at the far end of the kerb. */
const BAYS: Point[][] = [0.62, 0.76].map((left): Point[] => [[left, 0.62], [left + 0.12, 0.62], [left + 0.13, 0.7], [left + 0.005, 0.7]])

function geometryOf(boxes: Box[], violation: string): Geometry {
  const [x0, , x1, y1] = boxes[0] ?? [0.5, 0.5, 0.5, 0.5]
  const end: Point = [(x0 + x1) / 2, y1]
  return {
    zone: [[0.03, 0.6], [0.96, 0.6], [0.99, 0.8], [0.01, 0.8]],
    ...(violation === 'illegal-parking' ? { bays: BAYS } : {}),
    ...(violation === 'wrong-way' ? { line: [[0.5, 0.55], [0.45, 0.98]] as [Point, Point] } : {}),
    path: [[0.97, 0.95], [end[0] + 0.22, 0.92], end],
    boxes: { first_seen: boxes.map(([x0, y0, x1, y1]): Box => [x0 + 0.01, y0, x1 + 0.01, y1]), opened: boxes },
  }
}

function hex(next: () => number, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('')
}

export class World {
  readonly details = new Map<string, Detail>()
  readonly places = new Map<string, string[]>()
  readonly people: Account[] = [
    account('admin', 'Quản trị hệ thống', 'admin'),
    account('lan', 'Nguyễn Thị Lan', 'operator'),
    account('binh', 'Trần Văn Bình', 'operator'),
    account('xem', 'Lê Xem', 'viewer'),
    account('ky', 'Phạm Văn Kỹ', 'installer'),
  ]
  readonly tokens: Token[] = []
  /** By site and camera. */
  readonly stills = new Map<string, Still>()
  readonly audit: AuditEntry[] = []
  readonly looking = new Map<string, Map<string, Looking & { until: number }>>()
  readonly work = new Work(this)
  /** What lies below the map. */
  readonly map: Tiles
  readonly listeners = new Set<(change: Change) => void>()
  #next = random(7)
  #no = 0
  #verdicts = 0

  constructor(lines: number, now: number, map: Tiles = null) {
    this.map = map
    for (let line = 0; line < lines; line += 1) {
      const count = line % 3 === 0 ? 3 : 1
      for (let n = 0; n < count; n += 1) this.add(line, now - (line * 47 + n * 600) * 1000)
    }
  }

  /** Another incident at place number `line`; it may be over, unless it is to go on. */
  add(line: number, at: number, goesOn = false): Detail {
    const next = this.#next
    const drawn = Math.floor(next() * KINDS.length)
    const [violation, severity, kind] = KINDS[drawn] ?? KINDS[0]!
    const site = SITES[line % SITES.length]!
    const camera = `cam-${String(line % 400).padStart(3, '0')}`
    const zone = `kerb-${Math.floor(line / 400)}`
    const street = STREETS[line % STREETS.length]!
    const place_name = `Vỉa hè trước số ${2 * line + 1} ${street}`
    const id = `01J${hex(next, 23).toUpperCase()}`
    const over = next() < 0.4 && !goesOn
    const opened = local(at)
    const closed = over ? local(at + 180_000) : null
    const left = 0.15 + next() * 0.4
    const boxes = boxesAt(drawn, left)
    const incident: Incident = {
      incident: id, revision: over ? 2 : 1, state: over ? 'closed' : 'open', rule: violation, rule_version: 1, severity,
      title: TITLES[violation] ?? violation, guidance: GUIDANCE, stage: 'remind', stage_text: 'Nhắc nhở, đề nghị chấm dứt', offence: 1 + (line % 3),
      citations: [{ law: 'Nghị định 168/2024/NĐ-CP', article: 'Điều 6, khoản 3', verified: line % 2 === 0 }],
      camera, camera_name: `${street} ${line}`, zone, place: place_name, position: positionOf(line % 400),
      first_seen: local(at - 65_000), opened, updated: closed ?? opened, closed, ended_by: over ? 'over' : null,
      measured: violation === 'flooded-street' ? [{ name: 'muc-nuoc', value: 23.456, unit: 'cm' }] : [],
      subjects: boxes.map((box, n) => ({ track: n + 1, class: kind, confidence: [0.87, 0.61][n] ?? 0.5, box })),
      // Boxes of an earlier version do not tell it.
      ...(line % 13 === 12 ? {} : { geometry: geometryOf(boxes, violation) }),
      model: { name: 'ssdlite-coco', sha256: hex(next, 64) }, clock: { source: 'rtcp', offset_ms: 12 },
    }
    const evidence: Evidence[] = (['first_seen', 'opened', ...(over ? ['closed' as const] : [])] as const).map((moment, index) => ({
      sha256: nameAt(drawn, left, index, line * 47) + hex(next, 55), moment, bytes: 90_000, media_type: 'image/jpeg',
      captured: local(at + [-65_000, 0, 180_000][index]!), arrived: line % 17 === 16 ? null : local(at + 2_000), gone: null,
    }))
    const summary: Summary = {
      id, site, violation, title: incident.title, severity, state: incident.state, revision: incident.revision, place: `${site}/${camera}/${zone}`,
      camera, camera_name: incident.camera_name, zone, place_name, opened, updated: incident.updated, closed, stage: 'remind', offence: incident.offence,
      picture: evidence[1]!.arrived ? evidence[1]!.sha256 : null, judgement: null, escalated: false, shelf: null, flood: null, clock_ahead_secs: null,
    }
    const detail: Detail = {
      summary, incident, evidence, verdicts: [], escalations: [], looking: [], similar: [], shelf: null,
      revisions: [{ revision: 1, received: opened, state: 'open', updated: opened }],
    }
    this.details.set(id, detail)
    const there = this.places.get(summary.place) ?? []
    there.unshift(id)
    this.places.set(summary.place, there)
    return detail
  }

  /** It is over. */
  close(id: string): void {
    const detail = this.details.get(id)
    if (!detail) return
    const closed = local(Date.now())
    const over = { state: 'closed', revision: detail.summary.revision + 1, updated: closed, closed } as const
    Object.assign(detail.summary, over)
    Object.assign(detail.incident, over, { ended_by: 'over' })
    this.tell('incident', { id, site: detail.summary.site, place: detail.summary.place })
  }

  tell(kind: Change['kind'], about: Omit<Partial<Change>, 'kind' | 'no'>): void {
    this.#no += 1
    const change: Change = { kind, no: this.#no, site: '', ...about }
    for (const listener of this.listeners) listener(change)
  }

  note(who: string, what: string, about: string): void {
    this.audit.unshift({ no: this.audit.length + 1, at: new Date().toISOString(), who, what, about, site: null, from: '127.0.0.1' })
  }

  matching(asked: URLSearchParams): Summary[] {
    const judgement = asked.get('judgement') ?? 'open'
    const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd').replaceAll('Đ', 'D').toLowerCase()
    const words = plain(asked.get('q') ?? '').split(/\s+/).filter(Boolean)
    return [...this.details.values()]
      .map(({ summary }) => summary)
      .filter((summary) => {
        const said = summary.judgement?.judgement ?? (summary.shelf !== null ? 'shelved' : summary.flood !== null ? 'folded' : 'open')
        const text = plain([summary.title, summary.place_name, summary.camera_name, summary.id, summary.violation].join(' '))
        return (
          (judgement === 'all' || judgement === said) &&
          ['all', null, '', summary.state].includes(asked.get('state')) &&
          (!asked.get('flood') || Number(asked.get('flood')) === summary.flood) &&
          ['severity', 'violation', 'site', 'place', 'camera'].every((key) => !asked.get(key) || asked.get(key) === summary[key as 'site']) &&
          words.every((word) => text.includes(word))
        )
      })
      .toSorted((a, b) => (a.opened < b.opened ? 1 : -1))
  }

  lines(asked: URLSearchParams): Line[] {
    const found = new Map<string, Summary[]>()
    for (const summary of this.matching(asked)) found.set(summary.place, [...(found.get(summary.place) ?? []), summary])
    const grave = ['info', 'low', 'medium', 'high']
    const lines = [...found.entries()].map(([place, all]): Line => {
      const newest = all[0]!
      const { site, camera, camera_name, zone, place_name } = newest
      const severity = all.map((one) => one.severity).toSorted((a, b) => grave.indexOf(b) - grave.indexOf(a))[0]!
      const waiting = all.filter((one) => !one.judgement).length
      return { place, site, camera, camera_name, zone, place_name, incidents: all.length, waiting, newest, severity, first_opened: all.at(-1)!.opened, last_updated: newest.updated }
    })
    if (asked.get('order') === 'severity') lines.sort((a, b) => grave.indexOf(b.severity) - grave.indexOf(a.severity))
    return lines
  }

  judge(detail: Detail, who: Person, said: Pick<Verdict, 'judgement' | 'reason' | 'note' | 'revision'>): Verdict {
    this.#verdicts += 1
    const { judgement, reason, note, revision } = said
    const { name: by, display_name, role } = who
    const verdict: Verdict = { no: this.#verdicts, by, display_name, role, judgement, reason, note, revision, at: new Date().toISOString(), undone: null }
    detail.verdicts.push(verdict)
    this.stands(detail)
    return verdict
  }

  stands(detail: Detail): void {
    detail.summary.judgement = detail.verdicts.findLast((verdict) => !verdict.undone) ?? null
    const { id, site, place } = detail.summary
    this.tell('verdict', { id, site, place })
  }

  cameras(): CameraHeard[] {
    return Array.from({ length: 24 }, (_, n): CameraHeard => {
      const state = n === 5 ? 'offline' : n === 9 ? 'stalled' : 'online'
      const { reason, causes } = n === 6 ? TWO_STREAMS : n === 4 ? OF_LATER : WHY[state]
      const since = local(Date.now() - 3_600_000)
      const site = SITES[n % SITES.length]!
      // Two sites have one of the same id.
      const camera = `cam-${String(n === 10 ? 0 : n).padStart(3, '0')}`
      return {
        site, camera, box_online: site !== SITES[2], still: this.stills.get(`${site}/${camera}`) ?? null, heard: new Date(Date.now() - n * 1000).toISOString(),
        state: {
          state, reason, causes, time: local(Date.now()), fps: state === 'online' ? 24.97 : null, resolution: [1920, 1080], clock_offset_ms: n === 3 ? 95_000 : 20,
          suspensions: n === 7 ? [{ reason: 'moved', camera: null, rules: ['illegal-parking'], all: false, since, until: null, by: null }] : [],
          looks: { hz: 1, resting: [] }, name: `${STREETS[n % STREETS.length]!} ${n}`, position: n === 11 ? null : positionOf(n),
          decoding: state === 'online' ? { mode: n % 4 === 2 ? 'keys' : 'all', reason: n === 11 ? 'strained' : n === 1 ? 'keys_too_rare' : 'enough', key_interval_secs: n === 1 ? 12 : 1 } : null,
        },
      }
    })
  }

  boxes(): BoxHeard[] {
    const time = local(Date.now())
    const heard = new Date().toISOString()
    const troubles = [{ trouble: 'disk_full', text: 'the disk of the state folder has 212 MiB left: free space', since: local(Date.now() - 7_200_000) }]
    return [
      { site: SITES[0]!, heard, state: { state: 'online', version: '0.1.0', outbox_depth: 0, unsaved: 0, quarantined: 0, troubles: [], time } },
      { site: SITES[1]!, heard, state: { state: 'online', version: '0.1.0', outbox_depth: 12, unsaved: 0, quarantined: 0, troubles, time } },
      { site: SITES[2]!, heard, state: { state: 'offline', reason: 'lost', version: '0.1.0', connected: time } },
    ]
  }

  me(who: Account): Me {
    const { name, display_name, role, sites, language } = who
    return { name, display_name, role, sites, language, csrf: `csrf-${name}` }
  }
}
