import type { Edit, Edited, Preview, SiteView } from './pipeline.ts'
import type { Story } from './story.ts'
import type {
  AuditEntry,
  BoxHeard,
  CameraHeard,
  Detail,
  Escalation,
  Features,
  IncidentOnMap,
  IncidentPage,
  Judgement,
  Language,
  Me,
  NewVerdict,
  Person,
  Problem,
  ProblemType,
  QueuePage,
  Reason,
  Role,
  Shelf,
  Still,
  Tiles,
  Token,
  Verdict,
} from './types.ts'
import type { Aside, Flood, FloodDone, NewShelf, Precision, Workload } from './work.ts'

/** An answer that is not what was asked for, or no answer. */
export class Refused extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Refused) return error.problem
  throw error // a fault of ours: the console shows it
}

let csrf = ''
let onUnauthenticated = (): void => {}

/** What is done when the service no longer knows who we are. */
export function whenSignedOut(then: () => void): void {
  onUnauthenticated = then
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

async function ask<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (method !== 'GET' && csrf) headers['x-viahe-csrf'] = csrf
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (body !== undefined) init.body = JSON.stringify(body)
  if (signal) init.signal = signal
  const answer = await fetch(`/v1/${path}`, init).catch(noAnswer)
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json().catch(noAnswer)) as T
  const problem = await readProblem(answer)
  if (problem.type === 'unauthenticated' && path !== 'session') onUnauthenticated()
  throw new Refused(problem)
}

/** None came, or it broke off, or it is from something between us and the service. */
function noAnswer(error: unknown): never {
  if (error instanceof DOMException && error.name === 'AbortError') throw error
  throw new Refused({ type: 'offline', title: 'no answer', status: 0, detail: String(error) })
}

async function readProblem(answer: Response): Promise<Problem> {
  const fallback: ProblemType = answer.status === 401 ? 'unauthenticated' : 'unavailable'
  const told = (await answer.json().catch(() => ({}))) as Partial<Problem>
  return { type: fallback, title: answer.statusText, detail: '', ...told, status: answer.status }
}

type Value = string | number | null | undefined

/** Keys without a value are left out. */
export function query(values: Record<string, Value>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '')
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()
  return text && `?${text}`
}

function segment(text: string): string {
  return encodeURIComponent(text)
}

function pipeline(site: string): string {
  return `sites/${segment(site)}/pipeline`
}

export interface PersonChange {
  display_name?: string
  role?: Role
  sites?: string[] | null
  disabled?: boolean
  new_password?: true
}

/** A password is drawn by the service, and told once. */
export interface PersonAndPassword {
  person: Person
  password: string | null
}

function remember(me: Me): Me {
  csrf = me.csrf
  return me
}

/** The routes of the service that the page uses. */
export const api = {
  me: async () => remember(await ask<Me>('GET', 'me')),
  signIn: async (name: string, password: string) => remember(await ask<Me>('POST', 'session', { name, password })),
  signOut: () => ask<undefined>('DELETE', 'session'),
  changeMe: async (change: { language?: Language; password?: { old: string; new: string } }) =>
    remember(await ask<Me>('PATCH', 'me', change)),

  queue: (filters: Record<string, Value>, signal?: AbortSignal) =>
    ask<QueuePage>('GET', `queue${query(filters)}`, undefined, signal),
  incidents: (filters: Record<string, Value>, signal?: AbortSignal) =>
    ask<IncidentPage>('GET', `incidents${query(filters)}`, undefined, signal),
  incident: (id: string) => ask<Detail>('GET', `incidents/${segment(id)}`),

  judge: (id: string, verdict: NewVerdict) => ask<Verdict>('POST', `incidents/${segment(id)}/verdict`, verdict),
  escalate: (id: string, note: string) => ask<Escalation>('POST', `incidents/${segment(id)}/escalation`, { note }),
  withdraw: (id: string, no: number) => ask<Verdict>('DELETE', `incidents/${segment(id)}/verdict/${no}`),
  look: (id: string) => ask<undefined>('PUT', `incidents/${segment(id)}/looking`),
  lookAway: (id: string) => ask<undefined>('DELETE', `incidents/${segment(id)}/looking`),

  cameras: async () => (await ask<{ cameras: CameraHeard[] }>('GET', 'cameras')).cameras,
  mapIncidents: (filters: Record<string, Value>, signal?: AbortSignal) =>
    ask<Features<IncidentOnMap>>('GET', `map/incidents.geojson${query(filters)}`, undefined, signal),
  mapTiles: async () => (await ask<{ base: Tiles }>('GET', 'map')).base,
  boxes: async () => (await ask<{ boxes: BoxHeard[] }>('GET', 'boxes')).boxes,

  floods: async () => (await ask<{ floods: Flood[] }>('GET', 'floods')).floods,
  flood: (no: number) => ask<Flood>('GET', `floods/${no}`),
  judgeFlood: (no: number, verdict: { newest: number; judgement: Judgement; reason: Reason | null; note: string }) =>
    ask<FloodDone>('POST', `floods/${no}/verdict`, verdict),
  undoFlood: (no: number) => ask<FloodDone>('DELETE', `floods/${no}/verdict`),
  dissolveFlood: (no: number) => ask<FloodDone>('DELETE', `floods/${no}`),
  shelves: async () => (await ask<{ shelves: Shelf[] }>('GET', 'shelves')).shelves,
  shelve: (shelf: NewShelf) => ask<Shelf>('POST', 'shelves', shelf),
  unshelve: (no: number) => ask<Shelf>('DELETE', `shelves/${no}`),
  workload: (period: { from: string; site: string }, signal?: AbortSignal) =>
    ask<Workload>('GET', `workload${query(period)}`, undefined, signal),
  precision: (of: { days: number; site: string }, signal?: AbortSignal) =>
    ask<Precision>('GET', `precision${query(of)}`, undefined, signal),
  putAside: (of: { site: string; rule: string; camera: string | null; reason: string }) =>
    ask<Aside>('POST', 'precision/aside', of),

  // What boxes are asked: each may take as long as the box does, and end in `box_silent`.
  explanation: (id: string, signal?: AbortSignal) =>
    ask<Story>('GET', `incidents/${segment(id)}/explanation`, undefined, signal),
  /** A picture that is no older than so many seconds; 0 for a new one. */
  still: (site: string, camera: string, max_age_secs: number, signal?: AbortSignal) =>
    ask<Still>('POST', `sites/${segment(site)}/cameras/${segment(camera)}/still`, { max_age_secs }, signal),
  pipeline: (site: string) => ask<SiteView>('GET', pipeline(site)),
  /** What an edit would come to: nothing is changed. */
  checkEdits: (site: string, base: string, edits: Edit[], signal?: AbortSignal) =>
    ask<Edited>('POST', `${pipeline(site)}/check`, { base, edits }, signal),
  edit: (site: string, base: string, edits: Edit[], why: string) =>
    ask<Edited>('POST', `${pipeline(site)}/edit`, { base, edits, why }),
  /** Makes the text of version `to` again; with `check` only says what that would come to. */
  revert: (site: string, base: string, to: string, why: string, check: boolean) =>
    ask<Edited>('POST', `${pipeline(site)}/revert`, { base, to, why, check }),
  preview: (site: string, base: string, edits: Edit[], camera: string, minutes: number, signal?: AbortSignal) =>
    ask<Preview>('POST', `${pipeline(site)}/preview`, { base, edits, camera, minutes }, signal),

  people: async () => (await ask<{ people: Person[] }>('GET', 'people')).people,
  addPerson: (person: { name: string; display_name: string; role: Role; sites: string[] | null }) =>
    ask<PersonAndPassword>('POST', 'people', person),
  changePerson: (name: string, change: PersonChange) =>
    ask<PersonAndPassword>('PATCH', `people/${segment(name)}`, change),
  tokens: async () => (await ask<{ tokens: Token[] }>('GET', 'tokens')).tokens,
  addToken: (token: { name: string; role: Role; sites: string[] | null }) =>
    ask<{ token: Token; secret: string }>('POST', 'tokens', token),
  revokeToken: (id: number) => ask<undefined>('DELETE', `tokens/${id}`),
  audit: (filters: Record<string, Value>) =>
    ask<{ entries: AuditEntry[]; cursor: string | null }>('GET', `audit${query(filters)}`),
}

/** Where a picture is. */
export function pictureAddress(sha256: string): string {
  return `/v1/evidence/${sha256}`
}
