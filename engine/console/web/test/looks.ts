import type { Page } from 'playwright-core'
import { DESK, NIGHT, PHONE, signIn, type Browsers, type View } from './browsers.ts'
import type { City } from './city.ts'
import { drawn } from './map/page.ts'

/** Every page in light, in the dark and on a phone: pictures of all, nothing too wide, nothing that axe minds. */
export async function looks(browsers: Browsers, city: City): Promise<void> {
  for (const [name, view] of [['light', DESK], ['dark', NIGHT], ['phone', PHONE]] as const) await all(browsers, city, name, view)
}

async function all(browsers: Browsers, city: City, name: string, view: View): Promise<void> {
  const context = await browsers.person(view)
  const page = await browsers.page(context, city.address)
  async function show(what: string): Promise<void> {
    await browsers.shot(page, `${name}-${what}`)
    await browsers.fits(page, `${name} ${what}`)
    await browsers.accessible(page, `${name} ${what}`)
  }
  await page.locator('form').waitFor()
  await show('sign-in')
  await signIn(page, ...city.admin)
  await page.locator('[role=option]').first().waitFor()
  await browsers.quiet(page)
  await show('queue')
  await openCase(browsers, page, view)
  await show('case')
  await page.goto(`${city.address}/#/map`)
  await page.locator('[data-spot]').first().waitFor()
  await drawn(browsers, page)
  await show('map')
  await page.locator('[data-spot]').first().click()
  await drawn(browsers, page)
  await show('map-place')
  await page.goto(`${city.address}/#/cameras`)
  await page.getByRole('heading', { level: 1, name: 'Camera và thiết bị' }).waitFor()
  await page.getByText('cam-005').waitFor()
  await page.getByText('Ổ đĩa chỉ còn 4 % chỗ trống').waitFor()
  await browsers.quiet(page)
  await show('cameras')
  for (const [route, title] of [['people', 'Người dùng'], ['tokens', 'Mã truy cập'], ['audit', 'Nhật ký']] as const) {
    await page.goto(`${city.address}/#/${route}`)
    await page.getByRole('heading', { level: 1, name: title }).waitFor()
    await browsers.quiet(page)
    await show(route)
  }
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
