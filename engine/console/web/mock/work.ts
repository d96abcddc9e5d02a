// Floods, shelves, workload and precision of the made-up city.
import type { Detail, Judgement, Reason, Shelf, Summary } from '../src/api/types.ts'
import type { Aside, Flood, FloodDone, Grade, NewShelf, Precision, RuleGrade, Workload } from '../src/api/work.ts'
import type { Account, World } from './world.ts'

const HOUR_MS = 3_600_000
const WINDOW_MS = 600_000
const Z = 1.96

function grade(confirmed: number, dismissed: number, together = 0, waiting = 0): Grade {
  const n = confirmed + dismissed
  if (n === 0) return { confirmed, dismissed, together, waiting, precision: null, low: null, high: null }
  const p = confirmed / n
  const middle = (p + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n)
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n * n))
  return { confirmed, dismissed, together, waiting, precision: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

/** What stands beside the queue of a world. */
export class Work {
  readonly #world: World
  readonly shelves: Shelf[] = []
  readonly asides = new Map<string, Aside>()
  readonly #floods: { flood: Flood; ids: string[]; together: string[] }[] = []

  constructor(world: World) {
    this.#world = world
  }

  #detail(id: string): Detail {
    return this.#world.details.get(id)!
  }

  /** Folds these into a flood. */
  fold(site: string, ids: string[]): Flood {
    const no = this.#floods.length + 1
    for (const id of ids) this.#detail(id).summary.flood = no
    const places = new Set(ids.map((id) => this.#detail(id).summary.place)).size
    const begun = new Date(Date.now() - 240_000).toISOString()
    const flood: Flood = { no, site, cause: 'rain', cameras: null, begun, ended: null, incidents: ids.length, waiting: ids.length, places, at_least: false, severity: 'medium', newest: ids.length, dissolved_by: null }
    this.#floods.push({ flood, ids, together: [] })
    return flood
  }

  floods(): Flood[] {
    return this.#floods.map(({ flood, ids }) => ({ ...flood, waiting: ids.filter((id) => this.#waits(id)).length }))
  }

  flood(no: number): Flood | undefined {
    return this.floods().find((flood) => flood.no === no)
  }

  #waits(id: string): boolean {
    const { judgement, flood } = this.#detail(id).summary
    return judgement === null && flood !== null
  }

  #done(no: number, incidents: number): FloodDone {
    this.#world.tell('flood', { site: this.flood(no)!.site })
    return { incidents, flood: this.flood(no)! }
  }

  judge(no: number, who: Account, said: { judgement: Judgement; reason: Reason | null; note: string }): FloodDone {
    const entry = this.#floods[no - 1]!
    const ids = (entry.together = entry.ids.filter((id) => this.#waits(id)))
    for (const id of ids) this.#world.judge(this.#detail(id), who, { ...said, revision: 1 })
    return this.#done(no, ids.length)
  }

  undo(no: number, who: Account): FloodDone {
    const given = this.#floods[no - 1]!.together.map((id) => this.#detail(id)).filter(({ summary }) => summary.judgement?.by === who.name)
    for (const detail of given) {
      detail.verdicts.at(-1)!.undone = new Date().toISOString()
      this.#world.stands(detail)
    }
    return this.#done(no, given.length)
  }

  dissolve(no: number, who: Account): FloodDone {
    const entry = this.#floods[no - 1]!
    const ids = entry.ids.filter((id) => this.#waits(id))
    Object.assign(entry.flood, { ended: new Date().toISOString(), dissolved_by: who.name })
    for (const id of ids) {
      const { summary } = this.#detail(id)
      summary.flood = null
      this.#world.tell('incident', { id, site: summary.site, place: summary.place })
    }
    return this.#done(no, ids.length)
  }

  #ofShelf(shelf: Pick<Shelf, 'site' | 'camera' | 'rule'>): Detail[] {
    return [...this.#world.details.values()].filter(
      ({ summary, incident }) => summary.site === shelf.site && incident.rule === shelf.rule && (!shelf.camera || summary.camera === shelf.camera),
    )
  }

  shelve(fresh: NewShelf, who: Account): Shelf {
    const shelf: Shelf = { ...fresh, no: this.shelves.length + 1, by: who.name, display_name: who.display_name, begun: new Date().toISOString(), ended: null, ended_by: null, incidents: 0 }
    for (const detail of this.#ofShelf(shelf).filter(({ summary }) => !summary.judgement)) {
      shelf.incidents += 1
      detail.summary.shelf = shelf.no
      detail.shelf = shelf
      this.#tell(detail.summary)
    }
    this.shelves.unshift(shelf)
    this.#world.tell('shelf', { site: shelf.site })
    return shelf
  }

  unshelve(shelf: Shelf, who: Account): Shelf {
    Object.assign(shelf, { ended: new Date().toISOString(), ended_by: who.name })
    for (const { summary } of this.#ofShelf(shelf)) {
      if (summary.shelf !== shelf.no) continue
      summary.shelf = null
      this.#tell(summary)
    }
    this.#world.tell('shelf', { site: shelf.site })
    return shelf
  }

  #tell({ id, site, place }: Summary): void {
    this.#world.tell('incident', { id, site, place })
  }

  workload(from: number): Workload {
    const now = Date.now()
    const step_minutes = now - from <= 25 * HOUR_MS ? 10 : now - from <= 170 * HOUR_MS ? 60 : 360
    const length = Math.ceil((now - from) / (step_minutes * 60_000))
    const points = Array.from({ length }, (_, index) => {
      const at = Math.floor(from / WINDOW_MS) * WINDOW_MS + index * step_minutes * 60_000
      const hour = new Date(at + 7 * HOUR_MS).getUTCHours()
      const operators = hour >= 6 && hour < 22 ? 2 : 0
      const alerts = Math.round(((hour >= 7 && hour < 10 ? 4 : 1) + ((index * 7) % 3)) * (step_minutes / 10) * (index % 31 === 30 ? 5 : 1))
      return { from: new Date(at).toISOString(), told: alerts + 1, alerts, operators, peak: operators ? alerts / 2 : null }
    })
    const worked = points.filter(({ operators }) => operators > 0)
    const alerts = points.reduce((sum, point) => sum + point.alerts, 0)
    const operator_hours = (worked.length * 2 * step_minutes) / 60
    const above = (bound: number): number => worked.filter((point) => (point.alerts * 10) / step_minutes / 2 > bound).length
    return {
      from: new Date(from).toISOString(), to: new Date(now).toISOString(), manageable_per_hour: 6, most_per_hour: 12, flood_per_ten_minutes: 10,
      told: alerts + 62, alerts, folded: 34, shelved: 28, unattended: alerts - worked.reduce((sum, point) => sum + point.alerts, 0),
      operator_hours, per_operator_hour: operator_hours > 0 ? alerts / Math.max(operator_hours, 1 / 6) : null,
      peak: { from: points[30]?.from ?? new Date(now).toISOString(), each: 12.5 }, windows: worked.length, above_manageable: above(1), above_most: above(2), in_flood: above(10),
      step_minutes, points, floods: this.floods(),
    }
  }

  precision(): Precision {
    const details = [...this.#world.details.values()]
    const seen = new Map<string, Detail>()
    for (const detail of details) seen.set(`${detail.summary.site} ${detail.incident.rule}`, detail)
    const of = (summary: Summary, camera: string | null, index: number): RuleGrade => ({
      site: summary.site, rule: summary.violation, camera, title: summary.title,
      grade: index === 0 ? grade(3, 41, 0, 6) : grade(18 + ((index * 13) % 40), (index * 7) % 12, index % 4 === 0 ? 12 : 0, (index * 5) % 9),
      reasons: index === 0 ? [{ reason: 'wrong_class', count: 29 }, { reason: 'permitted', count: 12 }] : [{ reason: 'poor_view', count: (index * 7) % 12 }],
    })
    const rules = [...seen.values()].slice(0, 9).map(({ summary }, index) => of(summary, null, index))
    const ofCameras = new Map(details.map((detail) => [`${detail.summary.place} ${detail.incident.rule}`, detail]))
    const cameras = [...ofCameras.values()].slice(0, 14).map(({ summary }, index) => of(summary, summary.camera, index))
    const worst = cameras[0]
    const key = worst && `${worst.site} ${worst.rule} ${worst.camera}`
    return {
      from: '2026-11-24', to: '2026-11-30', bound: 0.5, verdicts_min: 20, all: grade(412, 138, 34, 77), rules, cameras, at_least: false,
      hours: Array.from({ length: 24 }, (_, hour) => (hour < 5 ? grade(0, 0) : grade(30 + hour, hour > 18 ? 20 + hour : 5 + (hour % 4), 0, 3))),
      proposals: worst ? [{ ...worst, cases: details.filter(({ summary }) => summary.violation === worst.rule).slice(0, 4).map(({ summary }) => summary), aside: this.asides.get(key!) ?? null }] : [],
    }
  }

  putAside(of: { site: string; rule: string; camera: string | null; reason: string }, who: Account): Aside {
    const now = Date.now()
    const aside = { by: who.name, display_name: who.display_name, at: new Date(now).toISOString(), until: new Date(now + 168 * HOUR_MS).toISOString(), reason: of.reason }
    this.asides.set(`${of.site} ${of.rule} ${of.camera}`, aside)
    return aside
  }
}
