import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Detail } from '../src/api/types.ts'
import { anotherCase, caseOnScreen, NIGHT, signIn, type Browsers } from './browsers.ts'
import type { City } from './city.ts'
import { known } from './judging.ts'

/** What is drawn over a case's pictures is what the box told, where it told it; `b` takes it away. */
export async function overlays(browsers: Browsers, city: City): Promise<void> {
  const context = await browsers.person(NIGHT)
  const page = await browsers.page(context, city.address)
  await signIn(page, ...city.admin)
  let id = await caseOnScreen(page)
  // All that there can be is drawn over it.
  const whole = async ({ incident, evidence }: Detail): Promise<boolean> => incident.geometry?.bays !== undefined && evidence.filter(({ arrived }) => arrived).length >= 2
  while (!(await whole(await known(page, id)))) {
    await page.keyboard.press('j')
    id = await anotherCase(page, id)
  }
  await browsers.quiet(page)
  const { incident, evidence } = await known(page, id)
  const { zone, bays = [], path, boxes } = incident.geometry!
  const told = (points: number[][]): string => points.map((point) => point.join(',')).join(' ')
  const shown = evidence.filter(({ arrived }) => arrived)
  assert.ok(shown.length >= 2, 'a case with pictures')
  for (const { moment } of shown) {
    const picture = pictures(page).nth(shown.findIndex((one) => one.moment === moment))
    const points = (mark: string): Promise<(string | null)[]> => picture.locator(`svg .mark .${mark}`).evaluateAll((all) => all.map((one) => one.getAttribute('points')))
    assert.deepEqual(await points('zone'), [told(zone!)], `${moment}: the zone of then`)
    assert.deepEqual(await points('bay'), bays.map(told), `${moment}: where it was permitted`)
    assert.deepEqual(await points('path'), moment === 'first_seen' ? [] : [told(path!)], `${moment}: the path`)
    const xs = await picture.locator('svg .mark rect').evaluateAll((all) => all.map((one) => Number(one.getAttribute('x'))))
    const then = moment === 'first_seen' || moment === 'opened' ? boxes![moment]! : []
    assert.deepEqual(xs, then.map(([x]) => x), `${moment}: who was where`)
    const alt = await picture.locator('img').getAttribute('alt')
    assert.match(alt ?? '', /Vẽ chồng lên hình: vùng giám sát vào lúc đó/)
  }
  const legend = page.getByText('vùng giám sát vào lúc đó', { exact: true })
  await legend.waitFor()
  await page.getByText('ô được phép lúc báo', { exact: true }).waitFor()
  await browsers.accessible(page, 'overlays')
  await browsers.shot(page, 'overlays')
  await page.keyboard.press('b')
  await legend.waitFor({ state: 'detached' })
  assert.equal(await pictures(page).locator('svg .mark > *').count(), 0, 'the pictures alone')
  await page.keyboard.press('b')
  await legend.waitFor()
  await context.close()
}

function pictures(page: Page): ReturnType<Page['locator']> {
  return page.locator('figure').filter({ has: page.locator('img') })
}
