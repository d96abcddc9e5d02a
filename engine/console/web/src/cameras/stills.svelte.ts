import { SvelteMap } from 'svelte/reactivity'
import { api, pictureAddress, problemOf } from '../api/client.ts'
import type { CameraHeard, ProblemType, Still } from '../api/types.ts'

/** A picture of a camera that is no older than this is new enough. */
const EVERY_SECS = 60
/** Cameras that are asked at the same time: each takes a box some seconds, and a browser has six connections. */
const AT_ONCE = 2
/** How often is looked for who is to be asked. */
const LOOK_MS = 1_000
/** A camera that gives none is asked more and more seldom. */
const AFTER_NO_MS = [60_000, 600_000] as const

/** How the picture of a camera stands. */
export interface Shot {
  still: Still | null
  /** A new one is asked for. */
  asking: boolean
  /** Why the last one did not come. */
  problem: ProblemType | null
}

const NOTHING: Shot = { still: null, asking: false, problem: null }

export function keyOf({ site, camera }: { site: string; camera: string }): string {
  return `${site}/${camera}`
}

/** Does its box say that it is there, and that it has pictures? */
function gives({ state, box_online }: CameraHeard): boolean {
  return box_online && state.state === 'online'
}

/**
 * Pictures of cameras: of those on the screen one a minute, a few at a time. What is shown stays until the next one is
 * there to be shown.
 */
export class Stills {
  readonly #shots = new SvelteMap<string, Shot>()
  readonly #onScreen = new Map<string, CameraHeard>()
  /** When a camera may be asked without anybody wanting it. */
  readonly #next = new Map<string, { at: number; wait: number }>()
  #asking = 0

  shot(of: CameraHeard): Shot {
    return this.#shots.get(keyOf(of)) ?? { ...NOTHING, still: of.still }
  }

  /** It is on the screen, until the answer is called. */
  show(of: CameraHeard): () => void {
    const key = keyOf(of)
    this.#onScreen.set(key, of)
    return () => {
      if (this.#onScreen.get(key) === of) this.#onScreen.delete(key)
    }
  }

  /** Asks by itself, until the answer is called. */
  run(): () => void {
    const timer = setInterval(() => this.#look(), LOOK_MS)
    return () => clearInterval(timer)
  }

  #look(): void {
    if (document.visibilityState !== 'visible') return
    const now = Date.now()
    const due = [...this.#onScreen.values()].filter((of) => gives(of) && !this.shot(of).asking && (this.#next.get(keyOf(of))?.at ?? 0) <= now)
    // Those that were not asked for longest first.
    due.sort((a, b) => (this.#next.get(keyOf(a))?.at ?? 0) - (this.#next.get(keyOf(b))?.at ?? 0))
    for (const of of due.slice(0, AT_ONCE - this.#asking)) void this.ask(of, EVERY_SECS)
  }

  /** Asks for one that is at most so old. */
  async ask(of: CameraHeard, maxAgeSecs: number): Promise<void> {
    const key = keyOf(of)
    const before = this.shot(of)
    if (before.asking) return
    this.#asking += 1
    this.#shots.set(key, { ...before, asking: true })
    try {
      const still = await api.still(of.site, of.camera, maxAgeSecs)
      await ready(still.sha256)
      this.#shots.set(key, { still, asking: false, problem: null })
      this.#again(key, EVERY_SECS * 1000 - age(still), AFTER_NO_MS[0])
    } catch (error) {
      this.#shots.set(key, { ...before, asking: false, problem: problemOf(error).type })
      const wait = this.#next.get(key)?.wait ?? AFTER_NO_MS[0]
      this.#again(key, wait, Math.min(2 * wait, AFTER_NO_MS[1]))
    } finally {
      this.#asking -= 1
    }
  }

  #again(key: string, afterMs: number, wait: number): void {
    this.#next.set(key, { at: Date.now() + Math.max(afterMs, LOOK_MS), wait })
  }
}

/** By the reader's clock, which may be another than the console's: never more than is asked for. */
function age({ taken }: Still): number {
  return Math.min(Math.max(0, Date.now() - Date.parse(taken)), EVERY_SECS * 1000 - LOOK_MS)
}

/** Waits until a picture can be shown at once; one that cannot be shown says so itself. */
async function ready(sha256: string): Promise<void> {
  const image = new Image()
  image.src = pictureAddress(sha256)
  await image.decode().catch(() => undefined)
}
