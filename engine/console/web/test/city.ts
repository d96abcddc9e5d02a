import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Detail } from '../src/api/types.ts'
import { street } from '../mock/street.ts'
import { local } from '../mock/local.ts'
import { World } from '../mock/world.ts'
import { BoxesThatAnswer } from './boxes.ts'
import type { Page } from 'playwright-core'
import { signIn, type Browsers } from './browsers.ts'

/** What is behind the page. */
export interface City {
  address: string
  /** Name and password. */
  admin: [string, string]
  operators: [[string, string], [string, string]]
  /** So many places wait. */
  places: number
  /** An incident at a place where none was. */
  incident: () => Promise<void>
  /** The box of an open incident says that it is over. */
  closes: (of: Detail) => Promise<void>
  /** Many incidents of one site come together, and the cause is known. */
  flood: () => Promise<void>
  /** So many at one place. */
  crowd: (count: number) => Promise<void>
  close: () => void
}

/** Incidents that come together. */
const FLOOD = 14
/** More places than the list asks for at once, and than a screen has rows. */
const PLACES = 130

export async function mockCity(places = PLACES, map: 'map' | 'outline' = 'outline'): Promise<City> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../mock/serve.ts'), '0', String(places), map], { stdio: ['pipe', 'pipe', 'inherit'] })
  const address = await new Promise<string>((tell) => createInterface({ input: child.stdout! }).once('line', tell))
  return {
    address,
    admin: ['admin', 'admin'],
    operators: [['lan', 'lan'], ['binh', 'binh']],
    places,
    incident: async () => void child.stdin!.write('incident\n'),
    closes: async ({ summary }) => void child.stdin!.write(`over ${summary.id}\n`),
    flood: async () => void child.stdin!.write('flood\n'),
    crowd: async (count) => void child.stdin!.write(`crowd ${count}\n`),
    close: () => child.kill(),
  }
}

/** The service, empty: people are added by its page, incidents come by MQTT, pictures by a box's token. */
export async function serviceCity(browsers: Browsers, [address = '', port = '', password = '']: string[]): Promise<City> {
  const context = await browsers.person()
  const page = await browsers.page(context, address)
  await signIn(page, 'admin', password)
  const operators: [string, string][] = []
  await page.goto(`${address}/#/people`)
  for (const [name, displayName] of [['lan', 'Nguyễn Thị Lan'], ['binh', 'Trần Văn Bình']] as const) {
    await page.getByRole('button', { name: 'Thêm người dùng' }).first().click()
    await page.getByLabel('Tên đăng nhập').fill(name)
    await page.getByLabel('Họ và tên').fill(displayName)
    await page.locator('form').getByRole('button', { name: 'Thêm người dùng' }).click()
    const secret = page.getByLabel(new RegExp(`Mật khẩu của ${name}`))
    operators.push([name, await secret.inputValue()])
  }
  const world = new World(0, 0)
  const now = Date.now()
  const details = Array.from({ length: PLACES }, (_, line) => world.add(line, now - (line + 1) * 47_000))
  const sites = [...new Set(details.map(({ summary }) => summary.site))]
  await page.goto(`${address}/#/tokens`)
  const tokens = new Map<string, string>()
  for (const site of sites) {
    await page.getByRole('button', { name: 'Tạo mã' }).first().click()
    await page.getByLabel('Tên gợi nhớ').fill(`box-${site}`)
    await page.getByLabel('Điểm giám sát').fill(site)
    await page.locator('form').getByRole('button', { name: 'Tạo mã' }).click()
    await page.locator('form').waitFor({ state: 'detached' })
    tokens.set(site, await page.getByLabel(/Hãy chép mã này/).inputValue())
  }
  const broker = new Broker(port)
  const draw = (detail: Detail): Promise<void> => drawPictures(address, tokens.get(detail.summary.site)!, detail, page)
  for (const detail of details.slice(0, 12)) await draw(detail)
  broker.tell(...details)
  for (const { site, camera, state } of world.cameras().slice(0, 12)) broker.say(`viahe/v1/${site}/cam/${camera}/state`, state)
  const rest = { mqtt: '5', models: [], suspensions: [], disaster: null }
  for (const { site, state } of world.boxes()) broker.say(`viahe/v1/${site}/status`, { ...rest, ...state })
  const boxes = await BoxesThatAnswer.start(port, world, (topic, message) => broker.say(topic, message), (site, named) => bring(address, tokens.get(site)!, street(named), page))
  await page.goto(`${address}/#/queue`)
  await page.getByText(new RegExp(`^${PLACES} địa điểm`)).waitFor()
  let fresh = PLACES
  return {
    address,
    admin: ['admin', password],
    operators: operators as City['operators'],
    places: PLACES,
    incident: async () => {
      const detail = world.add((fresh += 1), Date.now())
      await draw(detail)
      broker.tell(detail)
    },
    closes: async (detail) => broker.over(detail),
    flood: async () => {
      const { site, state } = world.boxes()[0]!
      const now = Date.now()
      const disaster = { level: 2, since: local(now - 600_000), until: local(now + 3_600_000), command: 'storm-4', by: 'Ban chỉ huy' }
      broker.say(`viahe/v1/${site}/status`, { ...rest, ...state, disaster })
      broker.tell(...Array.from({ length: FLOOD }, (_, n) => world.add(600 + 3 * n, now)))
    },
    crowd: async (count) => broker.tell(...Array.from({ length: count }, (_, n) => world.add(901, Date.now() - 1_000 * n))),
    close: () => boxes.close(),
  }
}

/** Draws the pictures of an incident, and sends them as a box would. */
async function drawPictures(address: string, token: string, detail: Detail, page: Page): Promise<void> {
  for (const evidence of detail.evidence) Object.assign(evidence, await bring(address, token, street(evidence.sha256), page))
}

/** Draws a picture, names it by its hash and sends it as a box would. */
async function bring(address: string, token: string, svg: string, page: Page): Promise<{ sha256: string; bytes: number }> {
  const base64 = await page.evaluate(async (svg) => {
    const image = new Image()
    image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = 960
    canvas.height = 540
    canvas.getContext('2d')!.drawImage(image, 0, 0)
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1]!
  }, svg)
  const body = Buffer.from(base64, 'base64')
  const sha256 = createHash('sha256').update(body).digest('hex')
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'image/jpeg' }
  const answer = await fetch(`${address}/v1/evidence/${sha256}`, { method: 'PUT', headers, body })
  assert.ok([200, 201].includes(answer.status), `a picture was refused: ${await answer.text()}`)
  return { sha256, bytes: body.length }
}

class Broker {
  readonly #port: string
  constructor(port: string) {
    this.#port = port
  }

  /** As their boxes would: the first revision of incidents. */
  tell(...details: Detail[]): void {
    const events = new Map<string, object[]>()
    for (const detail of details) {
      const [topic, event] = this.#opened(detail)
      events.set(topic, [...(events.get(topic) ?? []), event])
    }
    for (const [topic, all] of events) this.say(topic, ...all)
  }

  #opened(detail: Detail): [string, object] {
    const evidence = detail.evidence
      .filter(({ moment }) => moment !== 'closed')
      .map(({ arrived: _, gone: __, ...told }) => ({ kind: `snapshot.${told.moment}`, ...told }))
    const opened = detail.incident.opened
    const incident = { ...detail.incident, revision: 1, state: 'open' as const, updated: opened, closed: null, ended_by: null, evidence, evidence_state: 'complete' }
    return this.#told(detail, incident)
  }

  /** Its next revision: it is over. */
  over(detail: Detail): void {
    const { incident } = detail
    const now = local(Date.now())
    this.say(...this.#told(detail, { ...incident, revision: incident.revision + 1, state: 'closed', updated: now, closed: now, ended_by: 'over' }))
  }

  #told({ summary: { site, violation, camera } }: Detail, incident: Detail['incident']): [string, object] {
    const { incident: id, revision, state, updated } = incident
    const event = {
      specversion: '1.0',
      id: `${id}-r${revision}`,
      source: `viahe/${site}/${camera}`,
      type: `vn.viahe.incident.${state === 'open' ? 'opened' : 'closed'}`,
      subject: violation,
      time: updated,
      datacontenttype: 'application/json',
      data: incident,
    }
    return [`viahe/v1/${site}/cam/${camera}/incident/${violation}`, event]
  }

  say(topic: string, ...events: object[]): void {
    const input = events.map((event) => `${JSON.stringify(event)}\n`).join('')
    const said = spawnSync('mosquitto_pub', ['-V', '5', '-h', '127.0.0.1', '-p', this.#port, '-q', '1', '-t', topic, '-l'], { input })
    assert.equal(said.status, 0, String(said.stderr))
  }
}
