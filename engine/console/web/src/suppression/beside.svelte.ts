import { api, problemOf } from '../api/client.ts'
import type { Judgement, Problem, Reason, Shelf } from '../api/types.ts'
import type { Flood } from '../api/work.ts'
import { onChange } from '../app/stream.svelte.ts'
import { complain, say } from '../app/toast.svelte.ts'
import { count } from '../words/format.ts'
import { words } from '../words/index.svelte.ts'

/** Changes within this time are asked for once. */
const GATHER_MS = 400

/** What does not stand in the queue line by line: floods, and rules that are shelved. */
class Beside {
  floods = $state.raw<Flood[]>([])
  shelves = $state.raw<Shelf[]>([])
  problem = $state.raw<Problem | null>(null)
  #gather: ReturnType<typeof setTimeout> | undefined
  #asked = false

  constructor() {
    onChange(({ kind }) => {
      if (['flood', 'shelf', 'reset', 'verdict'].includes(kind) && this.#asked) this.#soon()
    })
  }

  get waiting(): Flood[] {
    return this.floods.filter(({ waiting }) => waiting > 0)
  }

  get shelved(): Shelf[] {
    return this.shelves.filter(({ ended }) => !ended)
  }

  async load(): Promise<void> {
    this.#asked = true
    try {
      const [floods, shelves] = await Promise.all([api.floods(), api.shelves()])
      this.floods = floods
      this.shelves = shelves
      this.problem = null
    } catch (error) {
      this.problem = problemOf(error)
    }
  }

  #soon(): void {
    this.#gather ??= setTimeout(() => {
      this.#gather = undefined
      void this.load()
    }, GATHER_MS)
  }
}

export const beside = new Beside()

/** The flood that is gone through case by case, and what waits in it. */
const run: { no: number; ids: string[] } = { no: 0, ids: [] }

export function goThrough(no: number, ids: string[]): void {
  Object.assign(run, { no, ids })
}

/** Is this flood gone through? */
export function isGoneThrough(no: number | null): no is number {
  return no !== null && run.no === no
}

/** The case after one that was judged. */
export function nextInFlood(judged: string): string | null {
  run.ids = run.ids.filter((id) => id !== judged)
  return run.ids[0] ?? null
}

async function attempt(what: () => Promise<void>): Promise<void> {
  try {
    await what()
  } catch (error) {
    const problem = problemOf(error)
    complain(words().flood.failed(words().problem[problem.type]))
  }
  await beside.load()
}

/** One verdict on all that waits in a flood. */
export function judgeAll(flood: Flood, judgement: Judgement, reason: Reason | null, note: string): Promise<void> {
  return attempt(async () => {
    const { incidents } = await api.judgeFlood(flood.no, { newest: flood.newest, judgement, reason, note })
    const t = words()
    const said = judgement === 'confirmed' ? t.flood.confirmedToast : t.flood.dismissedToast
    say(said(count(incidents)), { text: t.verdict.undo, does: () => void undoAll(flood.no) })
  })
}

export function undoAll(no: number): Promise<void> {
  return attempt(async () => {
    const { incidents } = await api.undoFlood(no)
    say(words().flood.undoneToast(count(incidents)))
  })
}

/** It is none: each waits by itself. */
export function dissolve(no: number): Promise<void> {
  return attempt(async () => {
    const { incidents } = await api.dissolveFlood(no)
    say(words().flood.dissolvedToast(count(incidents)))
  })
}

export function unshelve(no: number): Promise<void> {
  return attempt(async () => {
    await api.unshelve(no)
    say(words().shelf.endedToast)
  })
}
