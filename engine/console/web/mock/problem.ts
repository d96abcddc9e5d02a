import type { Problem as Told, ProblemType } from '../src/api/types.ts'

/** Why something is not answered. */
export class Problem extends Error {
  readonly kind: ProblemType
  readonly more: Partial<Told>
  constructor(kind: ProblemType, more: Partial<Told> = {}) {
    super(kind)
    this.kind = kind
    this.more = more
  }
}
