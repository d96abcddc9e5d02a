import { api, Refused, whenSignedOut } from '../api/client.ts'
import type { Language, Me, Role } from '../api/types.ts'
import { setLanguage } from '../words/index.svelte.ts'

type Session = { at: 'asking' } | { at: 'out'; ended: boolean } | { at: 'in'; me: Me } | { at: 'unreachable' }

const session = $state<{ now: Session }>({ now: { at: 'asking' } })

export function sessionNow(): Session {
  return session.now
}

/** Who is signed in. */
export function me(): Me | null {
  return session.now.at === 'in' ? session.now.me : null
}

function begin(me: Me): void {
  setLanguage(me.language)
  session.now = { at: 'in', me }
}

whenSignedOut(() => {
  if (session.now.at === 'in') session.now = { at: 'out', ended: true }
})

/** Ask the service who we are. */
export async function resume(): Promise<void> {
  try {
    begin(await api.me())
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    session.now = error.problem.status === 401 ? { at: 'out', ended: false } : { at: 'unreachable' }
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  begin(await api.signIn(name, password))
}

export async function signOut(): Promise<void> {
  await api.signOut().catch(() => undefined)
  session.now = { at: 'out', ended: false }
}

/** Speak another language, and remember it for this person. */
export function speak(to: Language): void {
  setLanguage(to)
  const now = session.now
  if (now.at !== 'in' || now.me.language === to) return
  now.me.language = to
  api.changeMe({ language: to }).catch(() => undefined) // the page speaks it already
}

const JUDGES: Role[] = ['operator', 'installer', 'admin']

export function mayJudge(): boolean {
  const role = me()?.role
  return role !== undefined && JUDGES.includes(role)
}

export function isAdmin(): boolean {
  return me()?.role === 'admin'
}
