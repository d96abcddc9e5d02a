// What boxes answer when they are asked.

import type { Edit, Preview, PreviewIncident } from '../src/api/pipeline.ts'
import type { AskedThing, Step, Story } from '../src/api/story.ts'
import type { Detail, Still } from '../src/api/types.ts'
import { local } from './local.ts'
import { Pipeline } from './pipeline.ts'
import { Problem } from './problem.ts'
import { nameAt } from './street.ts'
import type { World } from './world.ts'

/** The boxes of a city. Its last site has none that answers. */
export class Boxes {
  readonly #world: World
  readonly #pipelines = new Map<string, Pipeline>()
  #taken = 0

  constructor(world: World) {
    this.#world = world
  }

  #there(site: string): void {
    const box = this.#world.boxes().find((one) => one.site === site)
    if (!box) throw new Problem('not_found')
    if (box.state.state === 'offline') throw new Problem('box_offline')
  }

  pipeline(site: string): Pipeline {
    this.#there(site)
    const cameras = this.#world.cameras().filter((one) => one.site === site)
    const found = this.#pipelines.get(site) ?? new Pipeline(cameras.map(({ camera }) => camera))
    this.#pipelines.set(site, found)
    return found
  }

  still(site: string, camera: string, maxAgeSecs: number): Still {
    this.#there(site)
    const heard = this.#world.cameras().find((one) => one.site === site && one.camera === camera)
    if (!heard) throw new Problem('not_found')
    if (heard.state.state === 'offline') throw new Problem('refused', { detail: 'no picture came' })
    const before = heard.still
    if (before && Date.now() - Date.parse(before.taken) <= maxAgeSecs * 1000) return before
    const n = Number(camera.slice(4))
    // Each looks different.
    this.#taken += 1
    const name = nameAt(n % 8, 0.2 + ((n * 37) % 300) / 1000, 1, this.#taken * 53)
    const still = { sha256: name.padEnd(45, '0') + Date.now().toString(16).padStart(19, '0'), taken: new Date().toISOString() }
    this.#world.stills.set(`${site}/${camera}`, still)
    return still
  }

  preview(site: string, base: string, edits: Edit[], camera: string, minutes: number): Preview {
    const after = this.pipeline(site).edit(base, edits, null)
    if (after.problems.length > 0) throw new Problem('refused', { problems: after.problems })
    const to = Date.now()
    const told = (n: number): PreviewIncident => ({
      incident: `01JPREVIEW${n}`, rule: 'illegal-parking', violation: 'illegal-parking', zone: 'kerb-0', first_seen: local(to - n * 600_000 - 120_000), opened: local(to - n * 600_000),
      closed: n % 2 ? local(to - n * 600_000 + 240_000) : null, severity: 'medium',
      subjects: [{ track: n, class: 'vehicle.car', confidence: 0.8, box: [0.2 + n / 20, 0.62, 0.34 + n / 20, 0.86] }],
    })
    const some = (count: number): Preview['now'] => ({ incidents: Array.from({ length: Math.min(count, Math.floor(minutes / 10)) }, (_, n) => told(n + 1)), left_out: 0 })
    if (!this.#world.cameras().some((one) => one.site === site && one.camera === camera)) throw new Problem('refused', { detail: `there is no camera ${camera}` })
    return { from: local(to - minutes * 60_000), to: local(to), complete: minutes <= 30, looked_secs: minutes * 57, now: some(4), then: some(edits.length > 0 ? 2 : 4) }
  }

  story({ summary, incident }: Detail): Story {
    this.#there(summary.site)
    const opened = Date.parse(incident.opened)
    const at = (secs: number): string => local(opened + secs * 1000)
    const subject = { number: 1, class: incident.subjects[0]?.class ?? null }
    const thing: AskedThing = { name: 'vehicle', classes: [subject.class ?? 'vehicle'], place: 'in', motion: 'standing', speed_min_mps: null, heading: null, crossing: null, relations: [] }
    const over: Step[] = incident.closed ? [{ at: at(175), subject, code: 'ceased', condition: 'there' }, { at: at(178), subject, code: 'last_seen', x: 0.42, y: 0.7 }, { at: at(180), subject, code: 'ended', reason: 'over' }] : []
    return {
      incident: summary.id, title: summary.title, rule: incident.rule, violation: summary.violation, camera: summary.camera, zone: summary.zone, line: null, sensor: null, window: null,
      asked: {
        each: true, thing,
        conditions: [
          { name: 'parked', code: 'held', of: 'there', secs: 60, gap_secs: 20, first_gap_secs: null, paused_by: 'queue' },
          { name: 'there', code: 'is', thing },
          { name: 'queue', code: 'queue', among: { ...thing, name: 'traffic', classes: ['vehicle'], place: 'anywhere', motion: null } },
        ],
      },
      known: 'whole', known_from: at(-3600), verdicts: [],
      steps: [
        { at: at(-3600), subject: null, code: 'rests', why: { code: 'permit', permit: 'bay-at-night' } },
        { at: at(-1800), subject: null, code: 'applies', but_for: [] },
        { at: at(-65), subject, code: 'holds', condition: 'there', since: null, missed: 2, missed_secs_max: 1.4 },
        { at: at(-65), subject, code: 'began', condition: 'parked' },
        { at: at(0), subject, code: 'holds', condition: 'parked', since: at(-65), missed: 0, missed_secs_max: 0 },
        { at: at(0), subject, code: 'opened', incident: summary.id },
        ...over,
      ],
    }
  }
}
