import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { NIGHT, signIn, type Browsers } from '../browsers.ts'
import type { City } from '../city.ts'

/** Waits until all is on the map that is to be there now. */
export async function drawn(browsers: Browsers, page: Page): Promise<void> {
  await browsers.quiet(page)
  await page.locator('.box[aria-busy=false]').waitFor()
}

/** A map that is really drawn, by its colours; and all that it shows in a list, for who does not see it. */
export async function onTheMap(browsers: Browsers, city: City): Promise<void> {
  const context = await browsers.person(NIGHT)
  const page = await browsers.page(context, city.address)
  await signIn(page, ...city.operators[1])
  await page.getByRole('navigation').getByRole('link', { name: 'Bản đồ' }).press('Enter')
  await page.locator('[data-spot]').first().waitFor()
  await drawn(browsers, page)
  await marks(browsers, page)
  await byKeyboard(page)
  await byPointer(browsers, page)
  await filtered(browsers, page)
  await live(browsers, page, city)
  await base(browsers, page)
  await withoutWebGl(browsers, page)
  await context.close()
}

async function colours(browsers: Browsers, page: Page, ...names: string[]): Promise<Record<string, number>> {
  const wanted = await page.evaluate((names) => {
    const probe = document.body.appendChild(document.createElement('i'))
    const colours = names.map((name) => {
      probe.style.color = `var(--${name})`
      return [name, getComputedStyle(probe).color] as const
    })
    probe.remove()
    return Object.fromEntries(colours)
  }, names)
  // Not of what stands over the map.
  const cover = (visibility: string): Promise<void> =>
    page.evaluate((visibility) => {
      for (const over of document.querySelectorAll<HTMLElement>('.tools, .note, .maplibregl-ctrl')) over.style.visibility = visibility
    }, visibility)
  await cover('hidden')
  const seen = await browsers.colours(page, page.locator('.box canvas'), wanted)
  await cover('')
  return seen
}

/** Cameras and incidents, in the colours of the page's theme. */
async function marks(browsers: Browsers, page: Page): Promise<void> {
  const seen = await colours(browsers, page, 'high', 'medium', 'low')
  for (const [name, points] of Object.entries(seen)) assert.ok(points > 50, `${name}: ${points} points`)
  assert.match(await page.getByRole('status').filter({ hasText: 'địa điểm' }).innerText(), /^\d+ địa điểm · \d+ vụ việc · \d+ camera$/)
  await page.getByText(/^1 camera chưa có toạ độ/).waitFor()
}

/** From the list to a place, to a case and back. */
async function byKeyboard(page: Page): Promise<void> {
  const first = page.locator('[data-spot]').first()
  const name = await first.locator('.name').innerText()
  await first.press('Enter')
  await page.locator('h2:focus').getByText(name, { exact: true }).waitFor()
  await page.keyboard.press('Escape')
  await first.press('Enter')
  const incidents = page.getByRole('list', { name: 'Vụ việc tại đây' })
  await incidents.getByRole('link').first().press('Enter')
  await page.waitForURL(/#\/case\//)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.goBack()
  await page.locator('[data-spot]').first().waitFor()
}

/** Who chose a place finds it in the middle of the map, where it can be pointed at. */
async function byPointer(browsers: Browsers, page: Page): Promise<void> {
  const first = page.locator('[data-spot]').first()
  const key = await first.getAttribute('data-spot')
  await first.click()
  const heading = page.locator('.side h2')
  const name = await heading.innerText()
  await drawn(browsers, page)
  await page.getByRole('button', { name: 'Về danh sách' }).click()
  await page.locator(`[data-spot="${key}"]`).waitFor()
  await page.locator('.box canvas').click()
  assert.equal(await heading.innerText(), name)
  await page.keyboard.press('Escape')
}

async function filtered(browsers: Browsers, page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Xem toàn bộ' }).click()
  await page.locator('summary', { hasText: 'Bộ lọc' }).click()
  await page.getByLabel('Mức độ').selectOption('high')
  await browsers.quiet(page)
  await drawn(browsers, page)
  const seen = await colours(browsers, page, 'high', 'medium', 'low')
  assert.ok(seen['high']! > 50 && seen['medium']! < 50 && seen['low']! < 50, JSON.stringify(seen))
  await browsers.accessible(page, 'map, filtered')
  await page.getByRole('button', { name: 'Xoá bộ lọc' }).click()
  await page.locator('summary', { hasText: 'Bộ lọc' }).click()
  await browsers.quiet(page)
}

/** What opens is on the map by itself. */
async function live(browsers: Browsers, page: Page, city: City): Promise<void> {
  const told = page.getByRole('status').filter({ hasText: 'địa điểm' })
  const before = await told.innerText()
  await city.incident()
  await page.waitForFunction((before) => ![...document.querySelectorAll('[role=status]')].some((one) => one.textContent === before), before)
  await drawn(browsers, page)
}

/** Of the configured file, if there is one: land and water; else the outline. From far off both are to be seen. */
async function base(browsers: Browsers, page: Page): Promise<void> {
  const tiles = await page.evaluate(async () => ((await (await fetch('/v1/map')).json()) as { base: string | null }).base)
  for (let step = 0; step < 12; step += 1) {
    await page.getByRole('button', { name: 'Thu nhỏ' }).click()
    await drawn(browsers, page)
  }
  await browsers.shot(page, 'map-far')
  const [land, water] = ['surface', tiles ? 'low-ground' : 'sunken'] as const
  const seen = await colours(browsers, page, land, water)
  assert.ok(seen[land]! > 1_000 && seen[water]! > 50_000, `${tiles}: ${JSON.stringify(seen)}`)
  if (!tiles) return
  await page.getByText('Made for a test').waitFor()
  // A file that does not come is told of, and the outline drawn.
  await page.route('**/map/base.pmtiles', (route) => route.abort())
  await page.reload()
  await page.getByRole('alert').getByText('Không tải được bản đồ nền.').waitFor()
  await page.unroute('**/map/base.pmtiles')
  await page.route('**/v1/map', (route) => route.fulfill({ json: { base: null } }))
  await page.reload()
  await page.getByText(/^Nét vẽ phác/).waitFor()
  await page.unroute('**/v1/map')
}

async function withoutWebGl(browsers: Browsers, page: Page): Promise<void> {
  await page.addInitScript(() => {
    const before = HTMLCanvasElement.prototype.getContext
    HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
      return kind.startsWith('webgl') ? null : (before as (...all: unknown[]) => unknown).call(this, kind, ...rest)
    } as typeof before
  })
  await page.reload()
  await page.getByRole('alert').getByText('thiếu WebGL 2').waitFor()
  await page.locator('[data-spot]').first().press('Enter')
  await page.locator('h2:focus').waitFor()
  await browsers.accessible(page, 'map without WebGL')
}
