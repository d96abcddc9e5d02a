import { api, pictureAddress, problemOf } from '../api/client.ts'
import type { Problem, Still } from '../api/types.ts'

/** A picture that is so old still shows where things are. */
const AGE_MAX_SECS = 3600

/** The picture that is drawn on. */
export class StillOf {
  now = $state.raw<Still | null>(null)
  problem = $state.raw<Problem | null>(null)
  asking = $state(false)
  readonly #site: string
  readonly #camera: string

  constructor(site: string, camera: string) {
    this.#site = site
    this.#camera = camera
    void this.ask(AGE_MAX_SECS)
  }

  get address(): string | null {
    return this.now && pictureAddress(this.now.sha256)
  }

  async ask(maxAgeSecs: number): Promise<void> {
    if (this.asking) return
    this.asking = true
    try {
      this.now = await api.still(this.#site, this.#camera, maxAgeSecs)
      this.problem = null
    } catch (error) {
      this.problem = problemOf(error)
    } finally {
      this.asking = false
    }
  }
}
