// The pictures of docs/pictures: pages before the made-up city, whose streets are drawn by `mock/street.ts`. First build
// the page (`make setup`); then, in this folder:
//   ../../../.deps/node/bin/node test/pictures.ts
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { Browsers, signIn } from './browsers.ts'
import { mockCity } from './city.ts'
import { drawn } from './map/page.ts'

const FOLDER = join(import.meta.dirname, '../../../../docs/pictures')
/** Enough to fill a screen. */
const PLACES = 60
/** The quality at which words stay sharp. */
const QUALITY = 82
const BYTES_MAX = 150_000

async function picture(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready)
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY })
  const bytes = Buffer.from(data, 'base64')
  assert.ok(bytes.length <= BYTES_MAX, `${name} has ${bytes.length} bytes`)
  writeFileSync(join(FOLDER, `${name}.webp`), bytes)
}

/** A car where none may stand, on its own page of the list. */
async function queue(browsers: Browsers, page: Page): Promise<void> {
  await page.locator('[role=option]').filter({ hasText: 'Đỗ xe' }).first().click()
  await page.locator('article[data-case]').getByRole('heading', { name: /^Đỗ xe/ }).waitFor()
  await page.getByText('Các vụ khác tại địa điểm này').waitFor()
  await browsers.quiet(page)
  await picture(page, 'queue')
}

async function map(browsers: Browsers, page: Page, address: string): Promise<void> {
  await page.goto(`${address}/#/map`)
  await page.locator('[data-spot]').first().waitFor()
  await drawn(browsers, page)
  await picture(page, 'map')
}

/** With the first zone open. */
async function zones(browsers: Browsers, page: Page, address: string): Promise<void> {
  await page.goto(`${address}/#/zones/${encodeURIComponent('phuong-ben-nghe/cam-000')}`)
  await page.getByText(/^Hình chụp lúc/).waitFor()
  await page.getByRole('complementary').getByRole('button', { expanded: false }).first().click()
  await browsers.quiet(page)
  await picture(page, 'zones')
}

mkdirSync(FOLDER, { recursive: true })
const browsers = await Browsers.start(FOLDER)
const city = await mockCity(PLACES, 'map')
try {
  const page = await browsers.page(await browsers.person(), city.address)
  await signIn(page, 'ky', 'ky')
  await queue(browsers, page)
  await map(browsers, page, city.address)
  await zones(browsers, page, city.address)
  browsers.nothingWasWrong()
} finally {
  await browsers.close()
  city.close()
}
