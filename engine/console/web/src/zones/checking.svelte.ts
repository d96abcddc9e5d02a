import { api, problemOf } from '../api/client.ts'
import type { Edit, Edited } from '../api/pipeline.ts'
import type { Problem } from '../api/types.ts'

/** A box is asked once nothing was drawn for so long. */
const STILL_MS = 700

export type Checked = { at: 'none' } | { at: 'asking' } | { at: 'told'; edited: Edited } | { at: 'failed'; problem: Problem }

/** What the box would say of the edits, asked while they are made. */
export class Checking {
  now = $state.raw<Checked>({ at: 'none' })
  #timer: ReturnType<typeof setTimeout> | undefined
  #asked: AbortController | undefined
  #about: { base: string; edits: Edit[] | null } | undefined

  /** These are the edits now; null: they are known to be wrong. */
  watch(site: string, base: string, edits: Edit[] | null): void {
    if (this.#about?.base === base && this.#about.edits === edits) return
    this.stop()
    this.#about = { base, edits }
    if (edits === null || edits.length === 0) return void (this.now = { at: 'none' })
    this.now = { at: 'asking' }
    this.#timer = setTimeout(() => void this.#ask(site, base, edits), STILL_MS)
  }

  async #ask(site: string, base: string, edits: Edit[]): Promise<void> {
    const asked = new AbortController()
    this.#asked = asked
    const told = await api.checkEdits(site, base, edits, asked.signal).then(
      (edited): Checked => ({ at: 'told', edited }),
      (error: unknown): Checked | null => (asked.signal.aborted ? null : failed(problemOf(error))),
    )
    if (told && !asked.signal.aborted) this.now = told
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#asked?.abort()
    this.#about = undefined
  }
}

/** A no with its reasons is an answer. */
function failed(problem: Problem): Checked {
  const { problems = [] } = problem
  return problems.length > 0 ? { at: 'told', edited: { version: '', diff: [], problems, warnings: [] } } : { at: 'failed', problem }
}
