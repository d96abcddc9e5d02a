import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { anotherCase, caseOnScreen, signIn, type Browsers } from './browsers.ts'
import type { City } from './city.ts'
import { known } from './judging.ts'

/** More than one answer of the service holds. */
const CROWD = 205

/** Floods, shelves, and the page that tells how much work there was: by the keyboard. */
export async function work(browsers: Browsers, city: City): Promise<void> {
  const context = await browsers.person()
  const page = await browsers.page(context, city.address)
  await signIn(page, ...city.operators[1])
  await page.locator('[role=option][aria-selected=true]').waitFor()
  await shelving(browsers, page)
  await aFlood(browsers, page, city)
  await aCrowd(browsers, page, city)
  await workload(browsers, page)
  await context.close()
}

/** A rule is shelved from one of its cases, with a reason; its line says so. */
async function shelving(browsers: Browsers, page: Page): Promise<void> {
  const id = await caseOnScreen(page)
  await page.getByRole('button', { name: 'Tạm gác quy tắc này…' }).press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Tạm gác quy tắc' })
  await dialog.getByLabel('Trong bao lâu').selectOption('168')
  await browsers.accessible(page, 'shelve')
  await browsers.shot(page, 'shelve')
  await dialog.getByRole('button', { name: 'Tạm gác' }).press('Enter')
  assert.equal(await dialog.isVisible(), true, 'shelved without a reason')
  await dialog.getByLabel('Lý do').press('H')
  await page.keyboard.type('ội chợ hoa xuân')
  await dialog.getByRole('button', { name: 'Tạm gác' }).press('Enter')
  await page.getByText(/^Đã tạm gác đến /).waitFor()
  await page.locator(`article[data-case="${id}"]`).getByText('“Hội chợ hoa xuân”').waitFor()
  await page.locator('article header').getByText('Đang tạm gác').waitFor()
  await browsers.shot(page, 'shelved')
}

/** Many with one cause are one line: judged one by one, all at once, which is taken back, and taken apart. */
async function aFlood(browsers: Browsers, page: Page, city: City): Promise<void> {
  await city.flood()
  const line = page.getByRole('link', { name: /vụ chờ xử lý tại/ })
  await line.waitFor()
  await browsers.quiet(page)
  await browsers.shot(page, 'flood-line')
  await browsers.accessible(page, 'queue with a flood')
  await line.press('Enter')
  await page.getByText('Kết luận chung cho cả đợt').waitFor()
  await browsers.quiet(page)
  await browsers.shot(page, 'flood')
  await browsers.accessible(page, 'flood')

  await page.getByRole('link').filter({ has: page.locator('.title') }).first().press('Enter')
  await page.waitForURL(/#\/case\//)
  const first = await caseOnScreen(page)
  await page.keyboard.press('c')
  const second = await anotherCase(page, first)
  await page.keyboard.press('Escape')
  await page.waitForURL(/#\/flood\//)
  await page.locator(`a[href$="${second}"]`).waitFor()
  await page.locator(`a[href$="${first}"]`).waitFor({ state: 'detached' })

  await page.getByLabel('Vì sao bác bỏ?').selectOption('poor_view')
  await page.getByRole('button', { name: /^Bác bỏ cả \d+ vụ$/ }).press('Enter')
  const toast = page.getByText(/^Đã bác bỏ \d+ vụ$/)
  const [count = ''] = /\d+/.exec(await toast.innerText()) ?? []
  assert.ok(Number(count) >= 10, `${count} judged in one`)
  await page.getByText('Không còn vụ nào chờ xử lý trong đợt này.').waitFor()
  await page.getByRole('button', { name: 'Rút lại' }).press('Enter')
  await page.getByText(`Đã rút lại kết luận của ${count} vụ`).waitFor()
  await page.locator(`a[href$="${second}"]`).waitFor()

  await page.getByRole('button', { name: 'Không cùng nguyên nhân: tách ra' }).press('Enter')
  await page.waitForURL(/#\/queue/)
  await page.getByText(`Đã tách ${count} vụ ra danh sách`).waitFor()
  await line.waitFor({ state: 'detached' })
  const { summary } = await known(page, second)
  await page.keyboard.press('.')
  await page.locator(`[data-place="${summary.place}"]`).waitFor()
}

/** However many wait at one place, all are counted, and what is left out is told. */
async function aCrowd(browsers: Browsers, page: Page, city: City): Promise<void> {
  await city.crowd(CROWD)
  await page.getByRole('button', { name: /địa điểm có vụ việc mới/ }).waitFor()
  await page.keyboard.press('.')
  const row = page.locator('[role=option]').filter({ hasText: `${CROWD} vụ chờ xử lý` })
  await row.click()
  await page.locator('article').getByText(`${CROWD} vụ chờ xử lý tại địa điểm này`).waitFor()
  await page.getByText('Chỉ hiện 8 vụ mới nhất.').waitFor()
  const place = await row.getAttribute('data-place')
  const id = await caseOnScreen(page)
  const asked = page.waitForResponse((response) => response.url().includes(`place=${encodeURIComponent(place!)}&judgement=open`))
  await page.keyboard.press('c')
  await anotherCase(page, id)
  await asked
  await browsers.quiet(page)
  await page.locator(`[data-place="${place}"]`).getByText(`${CROWD - 1} vụ chờ xử lý`).waitFor()
}

/** From the queue to what is shelved, which ends; figures on a screen and on paper. */
async function workload(browsers: Browsers, page: Page): Promise<void> {
  await page.getByRole('link', { name: '1 quy tắc đang tạm gác' }).press('Enter')
  await page.getByText(/^([\d,.]+ cảnh báo mỗi giờ trực|Chưa có ai trực)/).waitFor()
  await page.getByText('Theo EEMUA 191 và ISA-18.2').waitFor()
  await page.getByText('“Hội chợ hoa xuân”').waitFor()
  await browsers.quiet(page)
  await browsers.shot(page, 'workload')
  await page.getByRole('button', { name: 'Thôi tạm gác' }).press('Enter')
  await page.getByText('Không có quy tắc nào đang tạm gác.').waitFor()
  for (const days of ['7', '30', '1']) {
    await page.getByLabel('Khoảng thời gian').selectOption(days)
    await browsers.quiet(page)
  }
  assert.ok((await page.locator('figure rect').count()) > 100, 'a bar for each ten minutes')
  await page.emulateMedia({ media: 'print' })
  assert.equal(await page.locator('nav').isVisible(), false, 'what is printed has no pages to go to')
  assert.equal(await page.getByText('Đã thôi tạm gác').isVisible(), false, 'what is printed tells of no deed')
  await browsers.shot(page, 'workload-print')
  await page.emulateMedia({ media: 'screen' })
}
