/** How many steps can be taken back. */
const STEPS_MAX = 200

/**
 * A value that is changed in steps, each of which can be taken back and made again. Values are never changed in place.
 * Steps with the same key follow on each other and are one: a name that is typed, a corner that is nudged.
 */
export class Steps<T> {
  readonly now: T
  readonly #before: readonly T[]
  readonly #after: readonly T[]
  readonly #key: string | null

  private constructor(now: T, before: readonly T[], after: readonly T[], key: string | null) {
    this.now = now
    this.#before = before
    this.#after = after
    this.#key = key
  }

  static from<T>(now: T): Steps<T> {
    return new Steps(now, [], [], null)
  }

  do(next: T, key: string | null = null): Steps<T> {
    if (next === this.now) return this
    const goesOn = key !== null && key === this.#key
    const before = goesOn ? this.#before : [...this.#before, this.now].slice(-STEPS_MAX)
    return new Steps(next, before, [], key)
  }

  get canUndo(): boolean {
    return this.#before.length > 0
  }

  get canRedo(): boolean {
    return this.#after.length > 0
  }

  undo(): Steps<T> {
    const last = this.#before.at(-1)
    if (last === undefined) return this
    return new Steps(last, this.#before.slice(0, -1), [this.now, ...this.#after], null)
  }

  redo(): Steps<T> {
    const [next, ...after] = this.#after
    if (next === undefined) return this
    return new Steps(next, [...this.#before, this.now], after, null)
  }
}
