import { api, problemOf, Refused, whenSignedOut } from '../api/client.ts'
import type { Language, Me, Role } from '../api/types.ts'
import { complain } from './toast.svelte.ts'
import { setLanguage, words } from '../words/index.svelte.ts'

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

/** Who was here until the session ended. */
let before: string | null = null

whenSignedOut(() => {
  if (session.now.at !== 'in') return
  before = session.now.me.name
  session.now = { at: 'out', ended: true }
})

/** All pages of this browser have one session: each is told when it is another one. */
const others = new BroadcastChannel('viahe-session')
others.onmessage = () => void still()

/** The page from the beginning: nothing of what one person saw is left for the next. */
function anew(same: boolean): void {
  if (!same) history.replaceState(null, '', '/')
  location.reload()
}

/** Is it still our session? */
export async function still(): Promise<void> {
  if (session.now.at !== 'in') return
  const { name } = session.now.me
  const now = await api.me().catch(() => null) // an ended one was told of already
  if (now && now.name !== name) anew(false)
}

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
  const me = await api.signIn(name, password)
  others.postMessage('in')
  if (before === null) begin(me)
  else anew(me.name === before)
}

export async function signOut(): Promise<void> {
  try {
    await api.signOut()
  } catch (error) {
    const { status, type } = problemOf(error)
    if (status !== 401) return complain(words().signIn.outFailed(words().problem[type]))
  }
  others.postMessage('out')
  anew(false)
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

/** Zones and rules of cameras. */
export function maySetUp(): boolean {
  const role = me()?.role
  return role === 'installer' || role === 'admin'
}

const ASK_CAMERAS: Role[] = ['operator', 'installer', 'ward', 'ml', 'admin']

/** May we ask cameras for pictures? Who may not sees those that others asked for. */
export function mayAskCameras(): boolean {
  const role = me()?.role
  return role !== undefined && ASK_CAMERAS.includes(role)
}

export function isAdmin(): boolean {
  return me()?.role === 'admin'
}
