import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { anotherCase, caseOnScreen, signIn, type Browsers } from './browsers.ts'
import type { City } from './city.ts'

/** What only boxes know, and what is said when they do not answer. */
export async function asking(browsers: Browsers, city: City): Promise<void> {
  const context = await browsers.person()
  const page = await browsers.page(context, city.address)
  await signIn(page, ...city.operators[1])
  await whyItWasTold(browsers, page)
  await wall(browsers, page, city)
  await context.close()
}

/** Where its heading is: pictures stand above it. */
async function isInSight(page: Page): Promise<boolean> {
  const { y } = (await page.locator('summary', { hasText: 'Vì sao có báo' }).boundingBox())!
  return y >= 0 && y < (page.viewportSize()!.height * 2) / 3
}

/** By a key, in the reader's language, and for the next case too. */
async function whyItWasTold(browsers: Browsers, page: Page): Promise<void> {
  await page.locator('[role=option][aria-selected=true]').waitFor()
  await caseOnScreen(page)
  await browsers.quiet(page)
  await page.keyboard.press('w')
  const answered = page.getByText('Báo vụ việc này.').or(page.getByText('Thiết bị biên đang mất kết nối.'))
  await answered.waitFor()
  await browsers.quiet(page)
  assert.ok(await isInSight(page), 'why it was told is out of sight')
  // Of three sites the box of one is away.
  const told = new Set<string>()
  let id = await caseOnScreen(page)
  while (told.size < 2) {
    const opened = page.getByText('Báo vụ việc này.')
    const away = page.getByText('Thiết bị biên đang mất kết nối.')
    await opened.or(away).waitFor()
    const said = (await opened.isVisible()) ? 'told' : 'away'
    if (!told.has(said)) await browsers.accessible(page, `why: ${said}`)
    if (said === 'told') {
      await page.getByText(/^Quy tắc báo khi .* đứng yên trong vùng liên tục 1 phút, không tính lúc .*\.$/).waitFor()
      await page.getByText('Quy tắc tạm không áp dụng: đang có giấy phép bay-at-night.').waitFor()
      await browsers.shot(page, 'why')
    }
    told.add(said)
    await page.keyboard.press('j')
    id = await anotherCase(page, id)
  }
  if (!(await isInSight(page))) await page.keyboard.press('w')
  await page.keyboard.press('w')
  await page.getByText('Báo vụ việc này.').waitFor({ state: 'detached' })
}

/** Pictures come by themselves, stay while the next is fetched, and can be had at once. */
async function wall(browsers: Browsers, page: Page, city: City): Promise<void> {
  await page.goto(`${city.address}/#/cameras`)
  const called = 'Lê Lợi 0 (phuong-ben-nghe/cam-000)'
  const picture = page.getByRole('img', { name: `Hình của ${called}, ` })
  await page.getByRole('heading', { name: 'Lê Lợi 0', exact: true }).scrollIntoViewIfNeeded()
  await picture.waitFor()
  const before = await picture.getAttribute('src')
  await page.getByRole('button', { name: `Lấy hình mới của ${called}` }).click()
  await page.waitForFunction(
    ([src, called]) => {
      const image = document.querySelector<HTMLImageElement>(`img[alt^="Hình của ${called}, "]`)
      return image !== null && image.getAttribute('src') !== src
    },
    [before, called],
  )
  await page.getByRole('button', { name: `Phóng to hình của ${called}` }).click()
  await page.getByRole('dialog', { name: 'Lê Lợi 0', exact: true }).getByRole('img').waitFor()
  await browsers.accessible(page, 'a large picture of a camera')
  await page.keyboard.press('Escape')
  await page.getByText('Danh sách', { exact: true }).click()
  await picture.waitFor({ state: 'detached' })
  await page.getByText('Lê Lợi 0', { exact: true }).waitFor()
  await page.getByText('Tường hình', { exact: true }).click()
  await picture.waitFor()
  assert.equal(await page.getByText('Chưa lấy được hình mới.').count(), 0)
  await whyCamerasAreAway(page)
}

/** In the reader's language, where the page has words for it; else in the box's own, which are said to be English. */
async function whyCamerasAreAway(page: Page): Promise<void> {
  for (const said of [
    'Camera từ chối kết nối ở cổng 554. Hãy xem RTSP của camera đã bật chưa và dùng cổng nào (thường là 554).',
    'Không có hình trong 25,4 giây.',
    'Luồng chính: Thiết bị không giải mã được hình của camera.',
    'Hình khoá quá thưa cho các quy tắc nên phải giải mã nhiều hơn. Nên đặt khoảng cách hình khoá (GOP) của camera ngắn lại.',
  ]) {
    const text = page.getByText(said, { exact: true })
    await text.waitFor()
    assert.equal(await text.evaluate((element) => element.closest('[lang]')!.getAttribute('lang')), 'vi', said)
  }
  await page.locator('p[lang=en]', { hasText: 'the lens is dirty; clean it' }).waitFor()
  const full = page.getByText('main stream: decoding failed: Could not decode stream.')
  await full.waitFor({ state: 'hidden' })
  await page.locator('li', { hasText: 'Luồng chính:' }).getByText('Thiết bị ghi (tiếng Anh)').click()
  await full.waitFor()
}
