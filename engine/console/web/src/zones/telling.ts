import type { ZoneWords } from '../words/zones/index.ts'
import type { Ref } from './draft.ts'
import type { Found } from './faults.ts'
import { toldAt, type Placed } from './problems.ts'
import { sayProblem } from './saying.ts'

/** Which field of the file a fault is about. */
function keysOf({ at, fault }: Found): string[] {
  if (fault === 'bad_name') return ['id']
  return at.kind === 'line' ? ['points'] : at.kind === 'calibration' ? ['picture', 'ground_m'] : ['polygon']
}

/** All that is wrong now, as a form asks for it: seen here at once, and told by the box. */
export class Telling {
  readonly #faults: readonly Found[]
  readonly #placed: readonly Placed[]
  readonly #words: ZoneWords

  constructor(faults: readonly Found[], placed: readonly Placed[], words: ZoneWords) {
    this.#faults = faults
    this.#placed = placed
    this.#words = words
  }

  /** Of one field, for people; without a key, of the whole thing. */
  of(at: Ref, key?: string): string[] {
    const here = this.#faults.filter((found) => found.at.kind === at.kind && found.at.key === at.key && (key === undefined || keysOf(found)[0] === key))
    return [...here.map(({ fault }) => this.#words.fault[fault]), ...toldAt(this.#placed, at, key).map(({ problem }) => sayProblem(problem))]
  }

  /** Of this thing but for these fields, which tell their own. */
  rest(at: Ref, keys: readonly string[]): string[] {
    const own = new Set(keys.flatMap((key) => this.of(at, key)))
    return this.of(at).filter((text) => !own.has(text))
  }

  has(at: Ref): boolean {
    return this.of(at).length > 0
  }
}

