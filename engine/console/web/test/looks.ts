import type { Page } from 'playwright-core'
import { DESK, NIGHT, PHONE, TABLET, signIn, type Browsers, type View } from './browsers.ts'
import type { City } from './city.ts'
import { drawn } from './map/page.ts'

/** Every page in light, in the dark and on a phone: pictures of all, nothing too wide, nothing that axe minds. */
export async function looks(browsers: Browsers, city: City): Promise<void> {
  await city.incident() // the first of the list has pictures
  // Side by side: none of them changes anything, and each waits for its own answers.
  await Promise.all(([['light', DESK], ['dark', NIGHT], ['phone', PHONE]] as const).map(([name, view]) => all(browsers, city, name, view)))
}

type Show = (what: string) => Promise<void>

async function all(browsers: Browsers, city: City, name: string, view: View): Promise<void> {
  const context = await browsers.person(view)
  const page = await browsers.page(context, city.address)
  async function show(what: string): Promise<void> {
    await browsers.shot(page, `${name}-${what}`)
    await browsers.fits(page, `${name} ${what}`)
    await browsers.accessible(page, `${name} ${what}`)
    if (view !== DESK) return
    await page.setViewportSize(TABLET)
    await browsers.shot(page, `tablet-${what}`)
    await browsers.fits(page, `tablet ${what}`)
    await page.setViewportSize(view)
  }
  await page.locator('form').waitFor()
  await show('sign-in')
  await signIn(page, ...city.admin)
  await page.locator('[role=option]').first().waitFor()
  await browsers.quiet(page)
  await show('queue')
  await openCase(browsers, page, view)
  await show('case')
  await onTheMap(browsers, page, city, show)
  await cameras(browsers, page, city, show)
  await page.goto(`${city.address}/#/workload`)
  await page.getByText('Độ chính xác của quy tắc').waitFor()
  await browsers.quiet(page)
  await show('workload')
  await managing(browsers, page, show)
  await page.getByRole('button', { name: /^Tuỳ chọn/ }).click()
  await page.getByRole('dialog', { name: 'Tuỳ chọn' }).waitFor()
  await show('settings')
  await context.close()
}

async function openCase(browsers: Browsers, page: Page, { phone }: View): Promise<void> {
  if (phone) await page.locator('[role=option]').first().tap()
  else await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.getByText('Các vụ khác tại địa điểm này').waitFor()
  await browsers.quiet(page)
}

async function onTheMap(browsers: Browsers, page: Page, city: City, show: Show): Promise<void> {
  await page.goto(`${city.address}/#/map`)
  await page.locator('[data-spot]').first().waitFor()
  await drawn(browsers, page)
  await show('map')
  await page.locator('[data-spot]').first().click()
  await drawn(browsers, page)
  await show('map-place')
}

async function cameras(browsers: Browsers, page: Page, city: City, show: Show): Promise<void> {
  await page.goto(`${city.address}/#/cameras`)
  await page.getByRole('heading', { level: 1, name: 'Camera và thiết bị' }).waitFor()
  await page.getByText('cam-005').waitFor()
  await page.getByText('Ổ đĩa sắp đầy hoặc đã đầy.').waitFor()
  await browsers.quiet(page)
  await browsers.distinct(page, 'cameras')
  await show('cameras')
}

/** By the keyboard, from one button. */
async function managing(browsers: Browsers, page: Page, show: Show): Promise<void> {
  for (const [title, what] of [['Người dùng', 'people'], ['Mã truy cập', 'tokens'], ['Nhật ký', 'audit']] as const) {
    await page.getByRole('navigation').getByRole('button', { name: 'Quản trị' }).press('Enter')
    const link = page.getByRole('navigation').getByRole('link', { name: title })
    await link.waitFor()
    if (what === 'people') {
      await show('managing')
      await page.keyboard.press('Tab')
      await link.and(page.locator(':focus')).waitFor()
    }
    await link.press('Enter')
    await page.getByRole('heading', { level: 1, name: title }).waitFor()
    await link.waitFor({ state: 'hidden' })
    await browsers.quiet(page)
    await show(what)
  }
}
