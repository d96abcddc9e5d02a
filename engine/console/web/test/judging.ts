import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Detail } from '../src/api/types.ts'
import { anotherCase, caseOnScreen, hold, signIn, type Browsers } from './browsers.ts'
import type { City } from './city.ts'

export async function known(page: Page, id: string): Promise<Detail> {
  const answer = await page.context().request.get(`${new URL(page.url()).origin}/v1/incidents/${id}`)
  return (await answer.json()) as Detail
}

/** Waits until the service has a verdict on a case. */
export async function judged(page: Page, id: string): Promise<Detail['verdicts']> {
  for (;;) {
    const { verdicts } = await known(page, id)
    if (verdicts.length > 0) return verdicts
    await page.evaluate(() => new Promise(requestAnimationFrame))
  }
}

/** Work by the keyboard alone, and two at once. */
export async function judging(browsers: Browsers, city: City): Promise<void> {
  const [[lan, lanPassword], [binh, binhPassword]] = city.operators
  const hers = await browsers.person()
  const page = await browsers.page(hers, city.address)
  await wrongPassword(browsers, page)
  await signIn(page, lan, lanPassword)
  await page.locator('[role=option][aria-selected=true]').waitFor()
  await browsers.accessible(page, 'queue')

  await verdicts(browsers, page)
  await aheadOfTheService(browsers, page)
  await refused(browsers, page)
  await liveWithoutJumps(page, city)
  await searching(page)
  await longList(page, city)

  const his = await browsers.person()
  const other = await browsers.page(his, city.address)
  await signIn(other, binh, binhPassword)
  await twoAtOnce(browsers, page, other)
  await english(page)
  await his.close()
  await hers.close()
}

async function wrongPassword(browsers: Browsers, page: Page): Promise<void> {
  await page.locator('[name=name]:focus').waitFor()
  await browsers.accessible(page, 'sign-in')
  await page.keyboard.type('lan')
  await page.keyboard.press('Tab')
  await page.keyboard.type('not-the-password')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('Tên đăng nhập hoặc mật khẩu không đúng.').waitFor()
  await page.reload()
}

async function verdicts(browsers: Browsers, page: Page): Promise<void> {
  const first = await caseOnScreen(page)
  await page.keyboard.press('j')
  const second = await anotherCase(page, first)
  await page.keyboard.press('k')
  assert.equal(await anotherCase(page, second), first)

  // The verdict is on what was on the screen; the next one is read from its beginning, wherever this one was left.
  const pane = page.getByRole('region', { name: 'Vụ việc', exact: true })
  await pane.evaluate((pane) => (pane.scrollTop = 300))
  assert.ok((await pane.evaluate((pane) => pane.scrollTop)) > 0)
  await page.keyboard.press('c')
  const next = await anotherCase(page, first)
  assert.equal(await pane.evaluate((pane) => pane.scrollTop), 0)
  assert.deepEqual((await judged(page, first)).map(({ judgement }) => judgement), ['confirmed'])
  assert.deepEqual((await known(page, next)).verdicts, [])

  await page.keyboard.press('d')
  await page.getByText('Vì sao bác bỏ?').waitFor()
  await browsers.accessible(page, 'reasons')
  await page.keyboard.press('2')
  await anotherCase(page, next)
  const [dismissal] = await judged(page, next)
  assert.deepEqual([dismissal?.judgement, dismissal?.reason], ['dismissed', 'wrong_class'])

  // Back to it, and take it back.
  const toast = page.getByText(/^Đã bác bỏ: /)
  await toast.waitFor()
  await page.keyboard.press('u')
  await page.getByText(/^Đã rút lại kết luận: /).waitFor()
  await page.locator(`article[data-case="${next}"]`).waitFor()
  assert.ok((await judged(page, next))[0]?.undone)

  // Another reason needs a note.
  await page.keyboard.press('d')
  await page.keyboard.press('7')
  await page.getByText('Hãy ghi rõ lý do').waitFor()
  await page.keyboard.type('xe của tổ thu gom rác, c d e u')
  await page.keyboard.press('Control+Enter')
  const after = await anotherCase(page, next)
  await page.getByText(/^Đã bác bỏ: /).waitFor()
  const last = (await known(page, next)).verdicts.at(-1)
  assert.deepEqual([last?.reason, last?.note], ['other', 'xe của tổ thu gom rác, c d e u'])

  await page.keyboard.press('n')
  await page.keyboard.type('đã gọi tổ trật tự')
  await page.keyboard.press('Escape')
  await page.keyboard.press('c')
  await anotherCase(page, after)
  assert.equal((await judged(page, after))[0]?.note, 'đã gọi tổ trật tự')

  const above = await caseOnScreen(page)
  await page.keyboard.press('e')
  await page.getByRole('dialog').waitFor()
  await browsers.accessible(page, 'escalation')
  await page.keyboard.type('cần ý kiến của phường')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText(/^Đã chuyển cấp trên: /).waitFor()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.equal((await known(page, above)).escalations[0]?.note, 'cần ý kiến của phường')

  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Phím tắt' }).waitFor()
  await browsers.accessible(page, 'keys')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  // What had the focus in the dialog has it until the next frame.
  await page.waitForFunction(() => document.activeElement === document.body)
  await page.keyboard.press('Enter')
  await page.waitForURL(/#\/case\//)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await browsers.accessible(page, 'case')
  await page.keyboard.press('Escape')
  await page.waitForURL(/#\/queue/)
}

/** The next case is on the screen although the service has answered nothing since the key. */
async function aheadOfTheService(browsers: Browsers, page: Page): Promise<void> {
  const first = await caseOnScreen(page)
  await browsers.quiet(page)
  const letGo = await hold(page, '**/v1/**', 'continue')
  await page.keyboard.press('c')
  const second = await anotherCase(page, first)
  assert.equal(await page.locator('article[data-case] h2').first().isVisible(), true)
  letGo()
  await judged(page, first)
  await page.unroute('**/v1/**')
  await browsers.quiet(page)
  assert.deepEqual((await known(page, second)).verdicts, [])
}

/** A verdict that does not get through is said, and its case can be opened again. */
async function refused(browsers: Browsers, page: Page): Promise<void> {
  const first = await caseOnScreen(page)
  await browsers.quiet(page)
  await page.route('**/verdict', (route) => route.abort())
  await page.keyboard.press('c')
  await page.getByText('Chưa gửi được kết luận: Không kết nối được với máy chủ.').waitFor()
  await page.getByRole('button', { name: 'Mở lại' }).press('Enter')
  await page.locator(`article[data-case="${first}"]`).waitFor()
  await page.unroute('**/verdict')
  assert.deepEqual((await known(page, first)).verdicts, [])
}

async function rows(page: Page): Promise<string[]> {
  return page.locator('[role=option]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-place') ?? ''))
}

/** Something new is counted; the list stays as it is until one asks. */
async function liveWithoutJumps(page: Page, city: City): Promise<void> {
  const before = await rows(page)
  const shown = await caseOnScreen(page)
  await city.incident()
  const bar = page.getByRole('button', { name: /^1 địa điểm có vụ việc mới/ })
  await bar.waitFor()
  assert.deepEqual(await rows(page), before)
  assert.equal(await caseOnScreen(page), shown)
  await page.keyboard.press('.')
  await bar.waitFor({ state: 'detached' })
  assert.equal(before.includes((await rows(page))[0]!), false)
}

async function searching(page: Page): Promise<void> {
  await page.keyboard.press('/')
  await page.keyboard.type('vo van tan')
  await page.keyboard.press('Enter')
  await page.getByText(/^13 địa điểm/).waitFor()
  for (const text of await page.locator('[role=option]').allInnerTexts()) assert.match(text, /Võ Văn Tần/)
  await page.keyboard.press('/')
  await page.keyboard.press('Control+a')
  await page.keyboard.type('không có gì như vậy')
  await page.getByText('Không có vụ việc nào khớp').waitFor()
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Delete')
  await page.keyboard.press('Enter')
  await page.locator('[role=option]').first().waitFor()
}

/** However long the list is, there are as many rows as are in sight; its end is reached. */
async function longList(page: Page, city: City): Promise<void> {
  const list = page.getByRole('listbox')
  const last = city.places - 20
  for (;;) {
    await list.evaluate((box) => (box.scrollTop = box.scrollHeight))
    const there = await rows(page)
    assert.ok(there.length > 0 && there.length < 40, `${there.length} rows`)
    const position = Number(await page.locator('[role=option]').last().getAttribute('aria-posinset'))
    if (position >= last) break
    await page.evaluate(() => new Promise(requestAnimationFrame))
  }
  await list.evaluate((box) => (box.scrollTop = 0))
  await page.locator('[role=option][aria-posinset="1"]').waitFor()
}

/** Who looks is seen, and of two verdicts that contradict each other both are shown. */
async function twoAtOnce(browsers: Browsers, page: Page, other: Page): Promise<void> {
  await page.keyboard.press('j')
  const id = await caseOnScreen(page)
  const address = `${new URL(page.url()).origin}/#/case/${id}`
  await page.goto(address)
  await other.goto(address)
  await page.getByText(/Trần Văn Bình đang xem vụ việc này/).waitFor()
  await other.getByText(/Nguyễn Thị Lan đang xem vụ việc này/).waitFor()
  await page.route('**/v1/incidents/*', (route) => route.abort()) // she does not hear of his
  await other.keyboard.press('c')
  await judged(other, id)
  await page.keyboard.press('d')
  await page.keyboard.press('1')
  const dialog = page.getByRole('dialog', { name: 'Người khác đã kết luận vụ việc này' })
  await dialog.getByText('Trần Văn Bình').waitFor()
  await dialog.getByText('Được phép').waitFor()
  await page.unroute('**/v1/incidents/*')
  await browsers.accessible(page, 'conflict')
  await browsers.shot(page, 'conflict')
  await dialog.getByRole('button', { name: 'Thay bằng kết luận của tôi' }).press('Enter')
  await page.getByText(/^Đã bác bỏ: /).waitFor()
  assert.equal((await known(page, id)).summary.judgement?.judgement, 'dismissed')
}

async function english(page: Page): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/#/queue`)
  await page.getByRole('button', { name: /^Tuỳ chọn/ }).press('Enter')
  await page.getByRole('radio', { name: 'English' }).press('Space')
  await page.getByRole('dialog', { name: 'Settings' }).waitFor()
  await page.keyboard.press('Escape')
  assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  await page.getByRole('navigation', { name: 'Pages' }).getByText('Incidents').waitFor()
  await isRemembered(page)
}

/** It is the person's language, not this browser's. */
async function isRemembered(page: Page): Promise<void> {
  await page.reload()
  await page.getByRole('navigation', { name: 'Pages' }).getByText('Incidents').waitFor()
}
