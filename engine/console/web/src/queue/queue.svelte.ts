import { api, problemOf } from '../api/client.ts'
import type { Change, Detail, Judgement, Line, Mark, Problem, QueuePage, Severity, State } from '../api/types.ts'
import { caseOf, prefetch } from '../case/cases.svelte.ts'
import type { Told } from '../case/judging.svelte.ts'
import { onChange } from '../app/stream.svelte.ts'

export interface Filters {
  order: 'newest' | 'severity'
  judgement: 'open' | Mark | 'all'
  state: State | 'all'
  severity: Severity | ''
  violation: string
  site: string
  q: string
}

export const NO_FILTERS: Omit<Filters, 'order'> = { judgement: 'open', state: 'all', severity: '', violation: '', site: '', q: '' }

interface Totals {
  lines: number
  incidents: number
  /** More may match than were counted. */
  atLeast: boolean
}

const PAGE = 100
/** Changes within this time are asked for once. */
const GATHER_MS = 400
/** How many cases after the shown one are fetched before they are asked for. */
const AHEAD = 3

/**
 * The places where something waits. What one reads stays where it is: a line changes in place, a line that was judged
 * stays until the list is shown anew, and new lines are counted until one asks for them.
 */
class Queue {
  filters = $state<Filters>({ order: 'newest', ...NO_FILTERS })
  lines = $state.raw<Line[]>([])
  totals = $state.raw<Totals>({ lines: 0, incidents: 0, atLeast: false })
  /** Places that are not in the list yet. */
  fresh = $state.raw<ReadonlySet<string>>(new Set())
  /** Lines that have been judged, or wait elsewhere, since the list was shown. */
  judged = $state.raw<ReadonlyMap<string, Mark>>(new Map())
  selected = $state.raw<{ place: string; id: string } | null>(null)
  loading = $state(false)
  problem = $state.raw<Problem | null>(null)
  /** Where the list was scrolled to when it was left. */
  scroll = 0

  #cursor: string | null = null
  #running: AbortController | null = null
  #changed = new Set<string>()
  #unknown = false
  #reset = false
  /** The list that was asked for last did not come: another one is shown. */
  #other = false
  /** Which showing of the list this is: an answer to a question of the one before is too late. */
  #showing = 0
  #gather: ReturnType<typeof setTimeout> | undefined
  #index = new Map<string, number>()
  /** Of places where several wait: which, the newest first. */
  #waiting = new Map<string, string[]>()

  readonly told: Told = {
    refused: (id) => void this.#unmark(id),
    back: (id) => void this.#back(id),
  }

  constructor() {
    onChange((change) => this.#hear(change))
  }

  /** Show the list anew. */
  async load(): Promise<void> {
    this.#running?.abort()
    const running = (this.#running = new AbortController())
    this.loading = true
    this.#showing += 1
    try {
      const page = await api.queue(this.#query(null), running.signal)
      this.#show(page.lines)
      this.#took(page)
      this.judged = new Map()
      this.#waiting.clear()
      this.fresh = new Set()
      this.scroll = 0
      this.problem = null
      this.#other = false
      const still = this.selected && this.#index.has(this.selected.place)
      if (!still) this.#choose(this.lines[0] ?? null)
      this.#fetchAhead()
    } catch (error) {
      if (running.signal.aborted) return
      this.problem = problemOf(error)
      this.#other = true
      this.#cursor = null // it is of the list that is shown, and not of the one that was asked for
    } finally {
      if (this.#running === running) {
        this.loading = false
        this.#running = null
      }
    }
  }

  /** The rest of the list, a page at a time. */
  async more(): Promise<void> {
    if (!this.#cursor || this.#running) return
    const running = (this.#running = new AbortController())
    try {
      const page = await api.queue(this.#query(this.#cursor), running.signal)
      this.#show([...this.lines, ...page.lines.filter(({ place }) => !this.#index.has(place))])
      this.#took(page)
      this.problem = null
    } catch (error) {
      if (!running.signal.aborted) this.problem = problemOf(error)
    } finally {
      if (this.#running === running) this.#running = null
    }
  }

  /** How many wait at the selected place. */
  get waitingHere(): number {
    return (this.selected && this.#line(this.selected.place)?.waiting) ?? 0
  }

  get hasMore(): boolean {
    return this.#cursor !== null
  }

  /** The id of the case after or before the selected one, which is then selected. */
  step(by: 1 | -1): string | null {
    const at = this.selected ? this.indexOf(this.selected.place) : -1
    const line = this.lines[Math.min(Math.max(at + by, 0), this.lines.length - 1)]
    return this.select(line ?? null)
  }

  select(line: Line | null): string | null {
    this.#choose(line)
    this.#fetchAhead()
    return this.selected?.id ?? null
  }

  selectCase(place: string, id: string): void {
    this.selected = { place, id }
    this.#fetchAhead()
  }

  /** A verdict was given: the next case, before the service has answered. */
  given(judgement: Judgement, { summary }: Detail): string | null {
    const { place } = summary
    const line = this.#line(place)
    if (!line) return null
    if (line.waiting <= 1) this.judged = new Map(this.judged).set(place, judgement)
    else this.#put({ ...line, waiting: line.waiting - 1 })
    const open = Math.max(0, this.totals.incidents - 1)
    this.totals = { ...this.totals, lines: Math.max(0, this.totals.lines - (line.waiting <= 1 ? 1 : 0)), incidents: open }
    this.#changed.add(place)
    this.#soon()
    const here = (this.#waiting.get(place) ?? []).filter((id) => id !== summary.id)
    this.#waiting.set(place, here)
    const next = here[0]
    if (!next) return this.select(this.#nextWaiting(place))
    this.selectCase(place, next)
    return next
  }

  /** Where a place stands in the list; -1: nowhere. */
  indexOf(place: string): number {
    return this.#index.get(place) ?? -1
  }

  #nextWaiting(after: string): Line | null {
    const at = this.indexOf(after)
    const waits = ({ place }: Line): boolean => !this.judged.has(place) && place !== after
    return this.lines.slice(at + 1).find(waits) ?? this.lines.slice(0, at).findLast(waits) ?? this.#line(after) ?? null
  }

  async #back(id: string): Promise<void> {
    const place = await this.#unmark(id)
    if (place && this.#line(place)) this.selectCase(place, id)
  }

  /** Its place, which waits again. */
  async #unmark(id: string): Promise<string | null> {
    const place = caseOf(id).detail?.summary.place
    if (!place) return null
    this.#waitsAgain(place)
    this.#unknown = true // for the totals
    this.#soon()
    await this.#refresh(place)
    return place
  }

  #waitsAgain(place: string): void {
    if (!this.judged.has(place)) return
    const judged = new Map(this.judged)
    judged.delete(place)
    this.judged = judged
  }

  /** The filters, for the incidents of one place. */
  #queryHere(place: string): Record<string, string | number> {
    const { q, severity, violation, judgement, state } = this.filters
    return { place, judgement, state, severity, violation, q: q.trim() }
  }

  #query(cursor: string | null): Record<string, string | number | null> {
    return { ...this.filters, q: this.filters.q.trim(), cursor, limit: PAGE }
  }

  #took(page: QueuePage): void {
    this.#cursor = page.cursor
    this.#count(page)
  }

  #count({ total_lines: lines, total_incidents: incidents, at_least: atLeast }: QueuePage): void {
    this.totals = { lines, incidents, atLeast }
  }

  #show(lines: Line[]): void {
    this.lines = lines
    this.#index = new Map(lines.map(({ place }, index) => [place, index]))
  }

  #line(place: string): Line | undefined {
    return this.lines[this.indexOf(place)]
  }

  #put(line: Line): void {
    this.lines = this.lines.with(this.indexOf(line.place), line)
  }

  #choose(line: Line | null): void {
    this.selected = line && { place: line.place, id: line.newest.id }
  }

  #fetchAhead(): void {
    const at = this.selected ? this.indexOf(this.selected.place) : -1
    const next = this.lines.slice(at + 1).filter(({ place }) => !this.judged.has(place))
    const before = this.lines[at - 1]
    prefetch([...next.slice(0, AHEAD), ...(before ? [before] : [])].map(({ newest }) => newest.id))
    if (!this.selected) return
    const { place, id } = this.selected
    if ((this.#line(place)?.waiting ?? 0) > 1) void this.#fetchWaiting(place)
    prefetch([id]) // last, so that it is the last to be forgotten
  }

  /** Which wait at a place: they come before the next place. */
  async #fetchWaiting(place: string): Promise<void> {
    const known = this.#waiting.get(place)
    if (known) return prefetch(known.slice(0, AHEAD))
    const showing = this.#showing
    const ids = await this.#askWaiting(place).catch(() => null)
    if (!ids || showing !== this.#showing) return
    this.#waiting.set(place, ids)
    if (this.selected?.place === place) prefetch(ids.slice(0, AHEAD))
  }

  /** The newest that wait at a place; those after them are asked for when some of these are judged. */
  async #askWaiting(place: string): Promise<string[]> {
    const { judgement } = this.filters
    if (judgement !== 'open' && judgement !== 'all') return [] // none of those waits
    const page = await api.incidents({ ...this.#queryHere(place), judgement: 'open', limit: PAGE })
    return page.incidents.map(({ id }) => id)
  }

  #hear({ kind, place }: Change): void {
    if (kind === 'reset') this.#reset = true
    else if (kind !== 'incident' && kind !== 'verdict') return
    else if (place && this.#index.has(place)) this.#changed.add(place)
    else if (kind === 'incident') this.#unknown = true
    this.#soon()
  }

  #soon(): void {
    this.#gather ??= setTimeout(() => {
      this.#gather = undefined
      const changed = [...this.#changed]
      const [unknown, reset] = [this.#unknown, this.#reset]
      this.#changed.clear()
      this.#unknown = this.#reset = false
      if (reset) return void this.#renew()
      for (const place of changed) void this.#refresh(place)
      if (unknown) void this.#findFresh()
    }, GATHER_MS)
  }

  /** One line as it is now, where it stands. */
  async #refresh(place: string): Promise<void> {
    const showing = this.#showing
    // The service counts, however many there are; which they are is asked for where one steps through them.
    const stepped = this.selected?.place === place || this.#waiting.has(place)
    const asked = Promise.all([api.queue({ ...this.#queryHere(place), limit: 1 }), stepped ? this.#askWaiting(place) : null])
    const told = await asked.catch((error: unknown) => this.#stale(place, showing, error))
    const line = this.#line(place)
    if (!told || !line || showing !== this.#showing) return
    if (this.#changed.size === 0 && !this.#other) this.problem = null
    const [page, waiting] = told
    if (waiting) this.#waiting.set(place, waiting)
    const now = page.lines[0]
    if (now) {
      this.#put(now)
      if (now.waiting > 0) this.#waitsAgain(place)
    } else if (this.filters.judgement === 'open' && !this.judged.has(place)) {
      await this.#gone(line, showing)
    }
  }

  /** A line may not be as it is now: that is said, and with the next change it is asked for again. */
  #stale(place: string, showing: number, error: unknown): null {
    if (showing !== this.#showing) return null
    this.#changed.add(place)
    this.problem = problemOf(error)
    return null
  }

  /** Nothing of a line is asked for any more: somebody else judged it, or it is otherwise than the filters want it. */
  async #gone({ place, newest }: Line, showing: number): Promise<void> {
    const detail = await api.incident(newest.id).catch((error: unknown) => this.#stale(place, showing, error))
    const line = this.#line(place)
    if (!detail || !line || line.newest.id !== newest.id || showing !== this.#showing) return
    const { summary } = detail
    const elsewhere = summary.judgement || summary.shelf !== null || summary.flood !== null
    this.#put({ ...line, newest: summary, waiting: elsewhere ? 0 : line.waiting })
    const mark = summary.judgement?.judgement ?? (summary.shelf !== null ? 'shelved' : summary.flood !== null ? 'folded' : null)
    if (mark) this.judged = new Map(this.judged).set(place, mark)
  }

  /** What was missed is not known: all lines as they are now, where they stand. */
  async #renew(): Promise<void> {
    this.#waiting.clear()
    const page = await this.#findFresh()
    if (!page) {
      this.#reset ||= this.problem !== null // with the next change
      return
    }
    const showing = this.#showing
    const told = new Map(page.lines.map((line) => [line.place, line]))
    this.#show(this.lines.map((line) => told.get(line.place) ?? line))
    for (const { place, waiting } of page.lines) if (waiting > 0) this.#waitsAgain(place)
    this.#fetchAhead()
    // One after the other: there may be many.
    for (const { place } of this.lines.filter(({ place }) => !told.has(place))) {
      if (showing !== this.#showing) return
      await this.#refresh(place)
    }
  }

  /** Are there lines that are not in the list? An empty list shows them at once: nobody reads it. */
  async #findFresh(): Promise<QueuePage | null> {
    if (this.lines.length === 0 || this.#other) return this.load().then(() => null)
    const showing = this.#showing
    const asked = api.queue(this.#query(null))
    const page = await asked.catch((error: unknown) => {
      this.problem = problemOf(error)
      return null
    })
    if (!page || showing !== this.#showing) return null
    this.problem = null
    // What stands below all that we have is not new: it has moved up into this page.
    const known = page.lines.findLastIndex(({ place }) => this.#index.has(place))
    const above = this.#cursor === null || known < 0 ? page.lines : page.lines.slice(0, known)
    this.fresh = new Set(above.map(({ place }) => place).filter((place) => !this.#index.has(place)))
    this.#count(page)
    return page
  }
}

export const queue = new Queue()
