import { api, pictureAddress, problemOf } from '../api/client.ts'
import type { Change, Detail, Problem } from '../api/types.ts'
import { onChange } from '../app/stream.svelte.ts'

/** Cases that are kept, so that the next one is there when it is asked for. */
const KEPT = 60
/** Changes of a case within this time are asked for once. */
const GATHER_MS = 150

/** One case, as far as it is known. */
export class Case {
  readonly id: string
  detail = $state.raw<Detail | null>(null)
  problem = $state.raw<Problem | null>(null)
  /** What one has begun to write about it. */
  note = $state('')
  #asking: Promise<void> | null = null
  #again: ReturnType<typeof setTimeout> | undefined

  constructor(id: string) {
    this.id = id
    void this.load()
  }

  load(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = null))
    return this.#asking
  }

  async #ask(): Promise<void> {
    try {
      this.detail = await api.incident(this.id)
      this.problem = null
      fetchPictures(this.detail)
    } catch (error) {
      this.problem = problemOf(error)
    }
  }

  /** It has changed: ask again soon. */
  changed(): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined
      void this.load()
    }, GATHER_MS)
  }
}

// In the order of last use.
const kept = new Map<string, Case>()

/** The case of this id; it is asked for when it is not known yet. */
export function caseOf(id: string): Case {
  const found = kept.get(id) ?? new Case(id)
  kept.delete(id)
  kept.set(id, found)
  if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? '')
  return found
}

/** Have cases at hand that will be looked at next. */
export function prefetch(ids: string[]): void {
  for (const id of ids) caseOf(id)
}

// The browser keeps a picture for good: what was decoded once is shown at once.
function fetchPictures(detail: Detail): void {
  for (const { sha256, arrived } of detail.evidence) {
    if (arrived) new Image().src = pictureAddress(sha256)
  }
}

onChange((change: Change) => {
  if (change.kind === 'reset') for (const known of kept.values()) known.changed()
  else if (change.kind === 'shelf') [...kept.values()].filter(({ detail }) => detail?.summary.site === change.site).forEach((known) => known.changed())
  else if (change.id) kept.get(change.id)?.changed()
})
