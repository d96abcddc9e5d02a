import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Edit } from '../src/api/pipeline.ts'
import type { Change, Detail, Person, ProblemType, Role, Verdict } from '../src/api/types.ts'
import { Boxes } from './boxes.ts'
import { Problem } from './problem.ts'
import type { Account, World } from './world.ts'
import type { Flood, NewShelf } from '../src/api/work.ts'
import { incidentsOnMap } from './map.ts'
import { street } from './street.ts'

const STATUS: Partial<Record<ProblemType, number>> = {
  unauthenticated: 401, forbidden: 403, csrf: 403, not_found: 404, conflict: 409, invalid: 422,
  box_offline: 409, box_too_old: 409, refused: 422, busy: 429, box_silent: 504,
}

interface Asked {
  world: World
  who: Account
  query: URLSearchParams
  body: Record<string, unknown>
  part: (index: number) => string
}

type Route = (asked: Asked) => [number, unknown]

function incidentOf({ world, part }: Asked): Detail {
  const detail = world.details.get(part(1))
  if (!detail) throw new Problem('not_found')
  return detail
}

function floodOf({ world, part }: Asked): Flood {
  const flood = world.work.flood(Number(part(1)))
  if (!flood) throw new Problem('not_found')
  return flood
}

function detailOf(asked: Asked): Detail {
  const { world } = asked
  const detail = incidentOf(asked)
  const now = Date.now()
  const looking = [...(world.looking.get(detail.summary.id)?.values() ?? [])].filter(({ until }) => until > now)
  const others = world.places.get(detail.summary.place) ?? []
  const similar = others.filter((id) => id !== detail.summary.id).slice(0, 6).map((id) => world.details.get(id)!.summary)
  return { ...detail, looking, similar }
}

/** A page of a list: the cursor is where it begins. */
function page<T>(all: T[], query: URLSearchParams): [T[], string | null] {
  const from = Number(query.get('cursor') ?? 0)
  const to = from + Number(query.get('limit') ?? 50)
  return [all.slice(from, to), to < all.length ? String(to) : null]
}

const ROUTES: Record<string, Route> = {
  'GET me': ({ world, who }) => [200, world.me(who)],
  'PATCH me': ({ world, who, body }) => [200, world.me(Object.assign(who, body['language'] ? { language: body['language'] } : {}))],
  'GET queue': ({ world, query }) => {
    const all = world.lines(query)
    const [lines, cursor] = page(all, query)
    const total_incidents = all.reduce((sum, { incidents }) => sum + incidents, 0)
    return [200, { lines, cursor, total_lines: all.length, total_incidents, at_least: false }]
  },
  'GET incidents': ({ world, query }) => {
    const [incidents, cursor] = page(world.matching(query), query)
    return [200, { incidents, cursor }]
  },
  'GET incidents/*': (asked) => [200, detailOf(asked)],
  'POST incidents/*/verdict': (asked) => {
    const { world, who, body } = asked
    const detail = incidentOf(asked)
    const theirs = detail.verdicts.findLast((verdict) => !verdict.undone)
    if (theirs && theirs.by !== who.name && body['replaces'] !== theirs.no) throw new Problem('conflict', { theirs })
    return [201, world.judge(detail, who, body as unknown as Verdict)]
  },
  'DELETE incidents/*/verdict/*': (asked) => {
    const detail = incidentOf(asked)
    const verdict = detail.verdicts.find(({ no }) => no === Number(asked.part(3)))
    if (!verdict || verdict.by !== asked.who.name) throw new Problem('not_found')
    verdict.undone = new Date().toISOString()
    asked.world.stands(detail)
    return [200, verdict]
  },
  'POST incidents/*/escalation': (asked) => {
    const detail = incidentOf(asked)
    const { name: by, display_name, role } = asked.who
    const escalation = { no: detail.escalations.length + 1, by, display_name, role, note: String(asked.body['note']), at: new Date().toISOString() }
    detail.escalations.push(escalation)
    detail.summary.escalated = true
    return [201, escalation]
  },
  'PUT incidents/*/looking': (asked) => look(asked, true),
  'DELETE incidents/*/looking': (asked) => look(asked, false),
  'GET incidents/*/explanation': (asked) => [200, boxesOf(asked.world).story(incidentOf(asked))],
  'GET sites/*/pipeline': ({ world, who, part }) => {
    allow(who, ['operator', 'installer', 'ml', 'admin'])
    return [200, boxesOf(world).pipeline(part(1)).view()]
  },
  'POST sites/*/pipeline/*': (asked) => [200, change(asked)],
  'POST sites/*/cameras/*/still': ({ world, who, part, body }) => {
    allow(who, ['operator', 'installer', 'ward', 'ml', 'admin'])
    return [200, boxesOf(world).still(part(1), part(3), Number(body['max_age_secs'] ?? 0))]
  },
  'GET floods': ({ world }) => [200, { floods: world.work.floods() }],
  'GET floods/*': (asked) => [200, floodOf(asked)],
  'DELETE floods/*': (asked) => [200, asked.world.work.dissolve(floodOf(asked).no, asked.who)],
  'POST floods/*/verdict': (asked) => [200, asked.world.work.judge(floodOf(asked).no, asked.who, asked.body as unknown as Verdict)],
  'DELETE floods/*/verdict': (asked) => [200, asked.world.work.undo(floodOf(asked).no, asked.who)],
  'GET shelves': ({ world }) => [200, { shelves: world.work.shelves }],
  'POST shelves': ({ world, who, body }) => [201, world.work.shelve(body as unknown as NewShelf, who)],
  'DELETE shelves/*': ({ world, who, part }) => {
    const shelf = world.work.shelves.find(({ no }) => no === Number(part(1)))
    if (!shelf) throw new Problem('not_found')
    return [200, world.work.unshelve(shelf, who)]
  },
  'GET workload': ({ world, query }) => [200, world.work.workload(Date.parse(query.get('from') ?? ''))],
  'GET precision': ({ world }) => [200, world.work.precision()],
  'POST precision/*': ({ world, who, body }) => [201, world.work.putAside(body as unknown as Parameters<World['work']['putAside']>[0], who)],
  'GET cameras': ({ world }) => [200, { cameras: world.cameras() }],
  'GET map': ({ world }) => [200, { base: world.map }],
  'GET map/*': ({ world, query }) => [200, incidentsOnMap(world, query)],
  'GET boxes': ({ world }) => [200, { boxes: world.boxes() }],
  'GET people': ({ world }) => [200, { people: world.people.map(({ password: _, ...person }) => person) }],
  'POST people': ({ world, body }) => {
    const fresh = { ...(body as unknown as Person), language: 'vi', created: new Date().toISOString(), last_login: null, disabled: null } as Person
    world.people.push({ ...fresh, password: 'x' })
    return [201, { person: fresh, password: 'tram-huong-sen-vang-42' }]
  },
  'PATCH people/*': ({ world, part, body }) => {
    const person = world.people.find(({ name }) => name === part(1))
    if (!person) throw new Problem('not_found')
    if (body['role']) person.role = body['role'] as Role
    if ('disabled' in body) person.disabled = body['disabled'] ? new Date().toISOString() : null
    return [200, { person, password: body['new_password'] ? 'mua-roi-hien-nha-17' : null }]
  },
  'GET tokens': ({ world }) => [200, { tokens: world.tokens }],
  'POST tokens': ({ world, body, who }) => {
    const token = { id: world.tokens.length + 1, name: String(body['name']), role: body['role'] as Role, sites: body['sites'] as string[], created: new Date().toISOString(), created_by: who.name, last_used: null, revoked: null }
    world.tokens.unshift(token)
    return [201, { token, secret: `vht_${randomUUID().replaceAll('-', '')}` }]
  },
  'DELETE tokens/*': ({ world, part }) => {
    const token = world.tokens.find(({ id }) => id === Number(part(1)))
    if (token) token.revoked = new Date().toISOString()
    return [204, null]
  },
  'GET audit': ({ world, query }) => {
    const [entries, cursor] = page(world.audit.filter(({ who }) => !query.get('who') || who === query.get('who')), query)
    return [200, { entries, cursor }]
  },
}

function look(asked: Asked, here: boolean): [number, null] {
  const { world, who } = asked
  const { id, site, place } = incidentOf(asked).summary
  const at = world.looking.get(id) ?? new Map()
  world.looking.set(id, at)
  if (here) at.set(who.name, { name: who.name, display_name: who.display_name, since: new Date().toISOString(), until: Date.now() + 30_000 })
  else at.delete(who.name)
  world.tell('looking', { id, site, place })
  return [204, null]
}

const BOXES = new WeakMap<World, Boxes>()

function boxesOf(world: World): Boxes {
  const boxes = BOXES.get(world) ?? new Boxes(world)
  BOXES.set(world, boxes)
  return boxes
}

function allow(who: Account, roles: Role[]): void {
  if (!roles.includes(who.role)) throw new Problem('forbidden')
}

function change({ world, who, part, body }: Asked): unknown {
  allow(who, ['installer', 'admin'])
  const pipeline = boxesOf(world).pipeline(part(1))
  const [base, edits, why] = [String(body['base']), body['edits'] as Edit[], String(body['why'] ?? '')]
  switch (part(3)) {
    case 'check':
      return pipeline.edit(base, edits, null)
    case 'edit':
      return pipeline.edit(base, edits, who.display_name, why)
    case 'revert':
      return pipeline.revert(base, String(body['to']), body['check'] ? null : who.display_name, why)
    case 'preview':
      return boxesOf(world).preview(part(1), base, edits, String(body['camera']), Number(body['minutes']))
    default:
      throw new Problem('not_found')
  }
}

function routeOf(method: string, path: string): Route | undefined {
  const parts = path.split('/')
  const wild = parts.map((part, index) => (index % 2 === 1 ? '*' : part)).join('/')
  return ROUTES[`${method} ${wild}`]
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text ? (JSON.parse(text) as Record<string, unknown>) : {}
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(status === 204 ? undefined : JSON.stringify(body))
}

function events(world: World, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write(': here\n\n')
  const tell = ({ kind, ...rest }: Change): void => void response.write(`id: ${rest.no}\nevent: ${kind}\ndata: ${JSON.stringify(rest)}\n\n`)
  world.listeners.add(tell)
  response.on('close', () => world.listeners.delete(tell))
}

function signIn(world: World, body: Record<string, unknown>, response: ServerResponse): void {
  const who = world.people.find(({ name, password }) => name === body['name'] && password === body['password'])
  if (!who) throw new Problem('unauthenticated')
  who.last_login = new Date().toISOString()
  world.note(who.name, 'login', who.name)
  json(response, 200, world.me(who), { 'set-cookie': `viahe_session=${who.name}; HttpOnly; SameSite=Strict; Path=/` })
}

/** Answers what is asked under `/v1/`. */
export async function answer(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(request.url ?? '', 'http://mock')
    const path = decodeURIComponent(url.pathname.slice('/v1/'.length))
    const method = request.method ?? 'GET'
    const body = await bodyOf(request)
    if (method === 'POST' && path === 'session') return signIn(world, body, response)
    const name = /viahe_session=([a-z0-9-]+)/.exec(request.headers.cookie ?? '')?.[1]
    const who = world.people.find((person) => person.name === name && !person.disabled)
    if (!who) throw new Problem('unauthenticated')
    if (method !== 'GET' && request.headers['x-viahe-csrf'] !== `csrf-${who.name}`) throw new Problem('csrf')
    if (method === 'DELETE' && path === 'session') return json(response, 204, null, { 'set-cookie': 'viahe_session=; Max-Age=0; Path=/' })
    if (path === 'events') return events(world, response)
    if (path.startsWith('evidence/')) {
      response.writeHead(200, { 'content-type': 'image/svg+xml', 'cache-control': 'private, max-age=31536000, immutable' })
      return void response.end(street(path.slice('evidence/'.length)))
    }
    const route = routeOf(method, path)
    if (!route) throw new Problem('not_found')
    const [status, told] = route({ world, who, query: url.searchParams, body, part: (index) => path.split('/')[index] ?? '' })
    json(response, status, told)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const status = STATUS[error.kind] ?? 500
    json(response, status, { type: error.kind, title: error.kind, status, detail: '', ...error.more }, { 'content-type': 'application/problem+json' })
  }
}
