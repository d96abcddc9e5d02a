import { api, problemOf } from '../api/client.ts'
import type { CameraHeard, Change, Feature, IncidentOnMap, Problem, Severity, State } from '../api/types.ts'
import { onChange } from '../app/stream.svelte.ts'
import { isPlaced, spotsOf } from './spots.ts'

export interface Filters {
  state: State | 'all'
  severity: Severity | ''
  violation: string
  site: string
  /** Opened so many hours ago or later; empty: whenever. */
  hours: string
}

export const USUAL: Filters = { state: 'open', severity: '', violation: '', site: '', hours: '' }

/** Incidents on the map at most: as many as the service gives. */
const MOST = 10_000
/** Changes within this time are asked for at once. */
const GATHER_MS = 1_000
/** How often cameras are asked for at most: each says once a minute how it is. */
const CAMERAS_MS = 10_000
/** Incidents that are asked for one by one at most; of more all is loaded anew. */
const ONE_BY_ONE = 100

/** What is on the map, as it is now. */
class City {
  filters = $state<Filters>({ ...USUAL })
  incidents = $state.raw<ReadonlyMap<string, Feature<IncidentOnMap>>>(new Map())
  /** All that there are, also those of which nobody has said where they stand. */
  all = $state.raw<CameraHeard[]>([])
  /** There are more incidents than are shown. */
  truncated = $state(false)
  loading = $state(true)
  problem = $state.raw<Problem | null>(null)
  /** Counts how often all was loaded. */
  showing = $state(0)

  readonly cameras = $derived(this.all.filter((camera) => isPlaced(camera) && (!this.filters.site || camera.site === this.filters.site)))
  readonly unplaced = $derived(this.all.filter((camera) => !isPlaced(camera)).length)
  readonly sites = $derived([...new Set(this.all.map(({ site }) => site))].toSorted())
  readonly spots = $derived(spotsOf(this.incidents.values(), this.cameras))

  #running: AbortController | null = null
  #changed = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #camerasTimer: ReturnType<typeof setTimeout> | undefined

  /** All of it anew. */
  async load(): Promise<void> {
    this.#running?.abort()
    const running = (this.#running = new AbortController())
    this.#changed.clear()
    this.loading = true
    try {
      const [found, cameras] = await Promise.all([api.mapIncidents({ ...this.#query(), limit: MOST }, running.signal), api.cameras()])
      if (running.signal.aborted) return
      this.incidents = new Map(found.features.map((feature) => [feature.id, feature]))
      this.truncated = found.truncated
      this.all = cameras
      this.problem = null
      this.showing += 1
    } catch (error) {
      if (!running.signal.aborted) this.problem = problemOf(error)
    } finally {
      if (this.#running === running) {
        this.#running = null
        this.loading = false
      }
    }
  }

  /** Follow what changes; the answer ends it. */
  follow(): () => void {
    void this.load()
    const stop = onChange((change) => this.#hear(change))
    return () => {
      stop()
      this.#running?.abort()
      clearTimeout(this.#timer)
      clearTimeout(this.#camerasTimer)
      this.#timer = this.#camerasTimer = undefined
    }
  }

  #query(): Record<string, string> {
    const { hours, ...rest } = this.filters
    const from = hours && new Date(Date.now() - Number(hours) * 3_600_000).toISOString()
    return { ...rest, from }
  }

  #hear({ kind, id }: Change): void {
    if (kind === 'reset') return void this.load()
    if (kind === 'camera' || kind === 'box') this.#camerasTimer ??= setTimeout(() => void this.#again(), CAMERAS_MS)
    if ((kind !== 'incident' && kind !== 'verdict') || !id) return
    this.#changed.add(id)
    this.#soon()
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => void this.#renew(), GATHER_MS)
  }

  async #again(): Promise<void> {
    this.#camerasTimer = undefined
    const cameras = await api.cameras().catch(() => null) // shown as they were; the next change asks again
    if (cameras) this.all = cameras
  }

  /** Those incidents that changed: which are on the map now, and which no longer. */
  async #renew(): Promise<void> {
    this.#timer = undefined
    if (this.#running) return this.#soon() // what is on its way may be older than the change
    const ids = [...this.#changed]
    this.#changed.clear()
    if (ids.length > ONE_BY_ONE || this.problem) return this.load()
    const asked = api.mapIncidents({ ...this.#query(), id: ids.join(','), limit: ONE_BY_ONE })
    const found = await asked.catch(() => null)
    if (this.#running) return // all was asked for after it
    if (!found) return this.load()
    const incidents = new Map(this.incidents)
    for (const id of ids) incidents.delete(id)
    for (const feature of found.features) incidents.set(feature.id, feature)
    this.incidents = incidents
  }
}

export const city = new City()
