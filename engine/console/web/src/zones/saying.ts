// What a box finds wrong, in the page's language.
import type { Edited, EditFault, EditProblem } from '../api/pipeline.ts'
import { count, full } from '../words/format.ts'
import { className, words } from '../words/index.svelte.ts'
import { zoneWords } from '../words/zones/index.ts'
import type { SayAdvice } from '../words/zones/advice.vi.ts'
import type { Say } from '../words/zones/problems.vi.ts'
import { keyOf } from './problems.ts'

/** In words; those of the box, which are English, for what has no code or one that only a newer page knows. */
export function sayProblem({ field, text, remedy, fault }: EditProblem): string {
  return (fault && said(fault, keyOf(field))) ?? `${text}; ${remedy}`
}

/** What should be known all the same, in words; where those are the box's, `lang` is theirs. */
export function warningsOf({ warnings, advice = [] }: Edited): { text: string; lang?: 'en' }[] {
  const told: Record<string, ((advice: never, say: SayAdvice) => string) | undefined> = zoneWords().advice
  return warnings.map((text, n) => {
    const one = advice[n]
    const said = one && told[one.code]?.(one as never, { thing: className, time: full })
    return said ? { text: said } : { text, lang: 'en' }
  })
}

function said(fault: EditFault, key: string): string | undefined {
  const z = zoneWords()
  // As a box says them, which may be newer than the page.
  const drawn: Record<string, string | undefined> = z.fault
  const told: Record<string, ((fault: never, say: Say) => string) | undefined> = z.problem
  const quantity = (name: string): string => words().story.quantity[name] ?? name
  return drawn[fault.code] ?? told[fault.code]?.(fault as never, { number: count, thing: className, quantity, key })
}
