import assert from 'node:assert/strict'
import type { BrowserContext, Page } from 'playwright-core'
import type { Detail } from '../src/api/types.ts'
import { anotherCase, caseOnScreen, hold, signIn, type Browsers } from './browsers.ts'
import type { City } from './city.ts'
import { judged, known } from './judging.ts'

/** What a slip of the hand, a slow answer or somebody before us must not do. */
export async function slips(browsers: Browsers, city: City): Promise<void> {
  const context = await browsers.person()
  const page = await browsers.page(context, city.address)
  await signIn(page, ...city.operators[1])
  await heldKeys(browsers, page)
  await takenBackOnItsWay(browsers, page)
  await refusedLate(browsers, page)
  await closedByItsBox(browsers, page, city)
  await saidTwice(browsers, page)
  await comesBack(page, city)
  await anotherPerson(context, page, city.admin)
  await context.close()
}

/** What nobody answered is asked for once more when the network is back; nobody has to say so. */
async function comesBack(page: Page, city: City): Promise<void> {
  const cameras = '**/v1/cameras'
  await page.route(cameras, (route) => route.abort())
  await page.goto(`${city.address}/#/cameras`)
  const away = page.getByText('Không kết nối được với máy chủ.')
  await away.waitFor()
  await page.unroute(cameras)
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await away.waitFor({ state: 'detached' })
  await page.getByText(/hoạt động$/).first().waitFor()
  await page.goto(`${city.address}/#/queue`)
  await page.locator('article[data-case]').waitFor()
}

/** However long a key is held, one verdict is given; and none by a key whose button is not there. */
async function heldKeys(browsers: Browsers, page: Page): Promise<void> {
  const first = await caseOnScreen(page)
  await browsers.quiet(page)
  await page.keyboard.down('c')
  const second = await anotherCase(page, first)
  await page.keyboard.down('c')
  await page.keyboard.down('c')
  await page.keyboard.up('c')
  assert.equal(await caseOnScreen(page), second, 'a held key gave a second verdict')
  await page.keyboard.press('d')
  await page.getByText('Vì sao bác bỏ?').waitFor()
  await page.keyboard.press('c')
  await page.getByText('Vì sao bác bỏ?').waitFor()
  assert.equal(await caseOnScreen(page), second, 'confirmed where only reasons are asked for')
  await page.keyboard.press('Escape')
  await page.getByText('Vì sao bác bỏ?').waitFor({ state: 'detached' })
  await judged(page, first)
  assert.deepEqual((await known(page, second)).verdicts, [])
}

/** The verdict before it stands. */
async function takenBackOnItsWay(browsers: Browsers, page: Page): Promise<void> {
  const stands = await caseOnScreen(page)
  await page.keyboard.press('c')
  const second = await anotherCase(page, stands)
  await judged(page, stands)
  await browsers.quiet(page)
  const letGo = await hold(page, '**/verdict', 'continue', { times: 1 })
  const withdrawal = page.waitForRequest((request) => request.method() === 'DELETE' && request.url().includes('/verdict/'))
  await page.keyboard.press('c')
  await anotherCase(page, second)
  await page.keyboard.press('u')
  letGo()
  assert.match((await withdrawal).url(), new RegExp(`/${second}/verdict/`), 'another verdict was taken back')
  await page.getByText(/^Đã rút lại kết luận: /).waitFor()
  await page.locator(`article[data-case="${second}"]`).waitFor()
  assert.equal((await known(page, stands)).verdicts.at(-1)?.undone, null)
}

/** What is on the screen by then stays there, with what is being written; the note that was sent is there again. */
async function refusedLate(browsers: Browsers, page: Page): Promise<void> {
  const first = await caseOnScreen(page)
  await browsers.quiet(page)
  const letGo = await hold(page, '**/verdict', 'abort', { times: 1 })
  const note = page.getByLabel('Ghi chú', { exact: true })
  await page.keyboard.press('n')
  await page.keyboard.type('đã gọi phường')
  await page.keyboard.press('Escape')
  await page.keyboard.press('c')
  const second = await anotherCase(page, first)
  await page.keyboard.press('n')
  await page.keyboard.type('chờ tổ')
  letGo()
  await page.getByText(/^Chưa gửi được kết luận: /).waitFor()
  await browsers.quiet(page)
  assert.equal(await caseOnScreen(page), second, 'a refusal took the case away')
  await page.keyboard.type(' trật tự')
  assert.equal(await note.inputValue(), 'chờ tổ trật tự')
  await page.getByRole('button', { name: 'Mở lại' }).click()
  await page.locator(`article[data-case="${first}"]`).waitFor()
  assert.equal(await note.inputValue(), 'đã gọi phường')
  await note.fill('')
}

/** It leaves the list of the open ones; nobody has judged it. */
async function closedByItsBox(browsers: Browsers, page: Page, city: City): Promise<void> {
  await page.locator('summary', { hasText: 'Bộ lọc' }).click()
  await page.getByLabel('Tình trạng').selectOption('open')
  await page.locator('summary', { hasText: 'Bộ lọc' }).click()
  await browsers.quiet(page)
  await page.locator('[role=option]').first().click()
  const id = await caseOnScreen(page)
  const detail: Detail = await known(page, id)
  assert.deepEqual([detail.summary.state, detail.summary.judgement], ['open', null])
  const row = page.locator(`[data-place="${detail.summary.place}"]`)
  const asked = page.waitForResponse((response) => response.url().includes(`place=${encodeURIComponent(detail.summary.place)}&judgement=open`))
  await city.closes(detail)
  await page.locator('article').getByText('Đã kết thúc', { exact: true }).waitFor()
  await asked
  await browsers.quiet(page)
  assert.equal(await row.getByText('Đã xác nhận').count(), 0, 'nobody has confirmed it')
}

/** A box may say everything twice, and enormous numbers: it is shown as it is said, and the name of a decree stands on one line. */
async function saidTwice(browsers: Browsers, page: Page): Promise<void> {
  const twice = <T>(all: T[]): T[] => [...all, ...all]
  await page.route('**/v1/incidents/*', async (route) => {
    const response = await route.fetch()
    const detail = (await response.json()) as Detail
    const { incident } = detail
    const measured = twice([{ name: 'mực nước', value: 1e300, unit: 'cm' }])
    const told = { ...incident, measured, citations: twice(incident.citations), subjects: twice(incident.subjects) }
    await route.fulfill({ response, json: { ...detail, incident: told, evidence: twice(detail.evidence) } })
  })
  await page.reload()
  const id = await caseOnScreen(page)
  await browsers.quiet(page)
  const { incident } = await known(page, id)
  const article = page.locator('article[data-case]')
  assert.ok(incident.citations.length > 0)
  assert.equal(await article.getByText('mực nước', { exact: true }).count(), 2)
  const law = article.getByText('168/2024/NĐ-CP', { exact: true })
  assert.equal(await law.count(), 2 * incident.citations.length)
  assert.equal(await law.first().evaluate((one) => getComputedStyle(one).whiteSpace), 'nowrap')
  await browsers.fits(page, 'said twice')
  await page.unroute('**/v1/incidents/*')
  // So may an address that somebody typed.
  await page.goto(`${new URL(page.url()).origin}/#/case/%E0%A4`)
  await page.reload()
  await page.getByRole('navigation').waitFor()
  await page.goto(`${new URL(page.url()).origin}/#/queue`)
  await caseOnScreen(page)
}

/** Who signs out is out, or is told that they are not; who comes then finds nothing of theirs. */
async function anotherPerson(context: BrowserContext, page: Page, [name, password]: [string, string]): Promise<void> {
  await page.keyboard.press('/')
  await page.keyboard.type('vo van tan')
  await page.keyboard.press('Enter')
  const out = async (): Promise<void> => {
    await page.getByRole('button', { name: /^Tuỳ chọn/ }).press('Enter')
    await page.getByRole('button', { name: 'Đăng xuất' }).click()
  }
  await page.route('**/v1/session', (route) => route.abort())
  await out()
  await page.getByText('Chưa đăng xuất được: Không kết nối được với máy chủ.').waitFor()
  await page.unroute('**/v1/session')
  await out()
  await signIn(page, name, password)
  await page.locator('[role=option][aria-selected=true]').waitFor()
  assert.equal(await page.getByRole('searchbox').inputValue(), '', 'the search of somebody else')
  await page.keyboard.press('u')
  await page.getByText('Không có kết luận nào để rút lại.').waitFor()

  // A session that has ended is found out by whatever is asked next.
  await context.clearCookies()
  await page.keyboard.press('.')
  await page.getByText('Phiên làm việc đã hết. Mời đăng nhập lại.').waitFor()
}
