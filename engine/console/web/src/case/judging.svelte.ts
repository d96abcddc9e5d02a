import { api, problemOf } from '../api/client.ts'
import type { Detail, NewVerdict, Verdict } from '../api/types.ts'
import { me } from '../app/session.svelte.ts'
import { complain, say } from '../app/toast.svelte.ts'
import { words } from '../words/index.svelte.ts'
import { caseOf } from './cases.svelte.ts'

/** What became of a verdict, for a list that shows it as given. */
export interface Told {
  /** It was refused: the case waits still. What is on the screen stays there. */
  refused: (id: string) => void
  /** The case waits again, and is to be shown. */
  back: (id: string) => void
}

interface Given {
  detail: Detail
  told: Told
  /** Null when it was refused. */
  answer: Promise<Verdict | null>
  undoing: boolean
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
  const sent = api.judge(id, mine)
  // At once, so that taking back what is still on its way takes back that, and not the one before.
  const entry: Given = { detail, told, answer: sent.catch(() => null), undoing: false }
  given.push(entry)
  if (given.length > UNDO_MAX) given.shift()
  try {
    await sent
    const act = { text: t.undo, key: 'u', does: () => void undo(entry) }
    say(mine.judgement === 'confirmed' ? t.confirmedToast(title) : t.dismissedToast(title), entry.undoing ? null : act)
  } catch (error) {
    forget(entry)
    told.refused(id)
    const problem = problemOf(error)
    if (problem.type === 'conflict' && problem.theirs) conflict.now = { detail, mine, theirs: problem.theirs, told }
    else {
      caseOf(id).note ||= mine.note
      complain(t.failed(words().problem[problem.type]), { text: t.reopen, does: () => told.back(id) })
    }
  }
  caseOf(id).changed()
}

function forget(entry: Given): void {
  const at = given.indexOf(entry)
  if (at >= 0) given.splice(at, 1)
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

/** The service will not say otherwise when it is asked again. */
const FINAL = [403, 404, 409]

/** Take a verdict back: the last one, or the one that is named. */
export async function undo(entry = given.findLast(({ undoing }) => !undoing)): Promise<void> {
  const t = words().verdict
  if (!entry) return complain(t.nothingToUndo)
  if (entry.undoing || !given.includes(entry)) return
  entry.undoing = true
  const verdict = await entry.answer
  if (!verdict) return // which was said
  const { id, title } = entry.detail.summary
  try {
    await api.withdraw(id, verdict.no)
    forget(entry)
    entry.told.back(id)
    say(t.undoneToast(title))
  } catch (error) {
    const problem = problemOf(error)
    if (FINAL.includes(problem.status)) forget(entry)
    entry.undoing = false
    complain(t.undoFailed(words().problem[problem.type]))
  }
  caseOf(id).changed()
}

/** Hand a case up; the answer is what went wrong, in words. */
export async function escalate(detail: Detail, note: string): Promise<string | null> {
  const { id, title } = detail.summary
  const t = words().verdict
  try {
    await api.escalate(id, note)
    say(t.escalatedToast(title))
    return null
  } catch (error) {
    return t.escalateFailed(words().problem[problemOf(error).type])
  } finally {
    caseOf(id).changed()
  }
}
