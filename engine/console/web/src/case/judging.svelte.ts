import { api, problemOf } from '../api/client.ts'
import type { Detail, NewVerdict, Verdict } from '../api/types.ts'
import { me } from '../app/session.svelte.ts'
import { complain, say } from '../app/toast.svelte.ts'
import { words } from '../words/index.svelte.ts'
import { caseOf } from './cases.svelte.ts'

/** What became of a verdict: a list that shows it as given puts it back when it was refused or undone. */
export interface Told {
  back: (id: string) => void
}

interface Given {
  detail: Detail
  no: number
  told: Told
}

interface Conflict {
  detail: Detail
  mine: NewVerdict
  theirs: Verdict
  told: Told
}

const UNDO_MAX = 50
const given: Given[] = []
const conflict = $state<{ now: Conflict | null }>({ now: null })

/** Somebody else's verdict that stands against ours. */
export function conflictNow(): Conflict | null {
  return conflict.now
}

/** The verdict that stands. */
export function standing(detail: Detail): Verdict | null {
  return detail.verdicts.findLast((verdict) => !verdict.undone) ?? null
}

export async function judge(detail: Detail, mine: Omit<NewVerdict, 'revision' | 'replaces'>, told: Told): Promise<void> {
  const before = standing(detail)
  const replaces = before && before.by === me()?.name ? before.no : null
  await send(detail, { ...mine, revision: detail.summary.revision, replaces }, told)
}

async function send(detail: Detail, mine: NewVerdict, told: Told): Promise<void> {
  const { id, title } = detail.summary
  const t = words().verdict
  try {
    const verdict = await api.judge(id, mine)
    given.push({ detail, no: verdict.no, told })
    if (given.length > UNDO_MAX) given.shift()
    say(mine.judgement === 'confirmed' ? t.confirmedToast(title) : t.dismissedToast(title), () => void undo())
  } catch (error) {
    told.back(id)
    const problem = problemOf(error)
    if (problem.type === 'conflict' && problem.theirs) conflict.now = { detail, mine, theirs: problem.theirs, told }
    else complain(t.failed(words().problem[problem.type]))
  }
  caseOf(id).changed()
}

/** Ours takes the place of theirs. */
export async function replaceTheirs(): Promise<void> {
  const now = conflict.now
  if (!now) return
  conflict.now = null
  await send(now.detail, { ...now.mine, replaces: now.theirs.no }, now.told)
}

export function keepTheirs(): void {
  conflict.now = null
}

/** Take the last verdict back. */
export async function undo(): Promise<void> {
  const last = given.pop()
  const t = words().verdict
  if (!last) return complain(t.nothingToUndo)
  const { id, title } = last.detail.summary
  try {
    await api.withdraw(id, last.no)
    last.told.back(id)
    say(t.undoneToast(title))
  } catch (error) {
    complain(t.failed(words().problem[problemOf(error).type]))
  }
  caseOf(id).changed()
}

export async function escalate(detail: Detail, note: string): Promise<void> {
  const { id, title } = detail.summary
  try {
    await api.escalate(id, note)
    say(words().verdict.escalatedToast(title))
  } catch (error) {
    complain(words().verdict.failed(words().problem[problemOf(error).type]))
  }
  caseOf(id).changed()
}
