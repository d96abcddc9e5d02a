// Zones drawn in a real browser: by pointer and by keys, told while drawn what is wrong, previewed, saved, applied,
// taken back. Before the made-up city, or before a console with a box behind it:
//   node test/zones.ts FOLDER mock
//   node test/zones.ts FOLDER box ADDRESS ADMIN_PASSWORD SITE CAMERA
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import { Browsers, DESK, NIGHT, PHONE, signIn } from './browsers.ts'
import { mockCity } from './city.ts'

interface Place {
  address: string
  password: string
  site: string
  camera: string
  close: () => void
}

const [folder = '', kind = '', address = '', password = '', site = '', camera = ''] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })

async function placeOf(): Promise<Place> {
  if (kind === 'box') return { address, password, site, camera, close: () => undefined }
  const city = await mockCity()
  return { address: city.address, password: city.admin[1], site: 'phuong-ben-nghe', camera: 'cam-000', close: city.close }
}

const WELL = 'Thiết bị đã kiểm tra: không có lỗi.'
/** Above all that is there already, so that nothing is snapped to. */
const CORNERS = [[0.3, 0.12], [0.62, 0.1], [0.64, 0.34], [0.31, 0.36]] as const

/** The editor of a camera, as somebody sees it. */
class Editor {
  readonly page: Page
  readonly canvas: Locator
  readonly panel: Locator

  constructor(page: Page) {
    this.page = page
    this.canvas = page.getByRole('application')
    this.panel = page.getByRole('complementary', { name: 'Những gì có trong hình' })
  }

  async #at([x, y]: readonly [number, number]): Promise<[number, number]> {
    const box = await this.canvas.boundingBox()
    assert.ok(box)
    return [box.x + x * box.width, box.y + y * box.height]
  }

  async click(point: readonly [number, number]): Promise<void> {
    await this.page.mouse.click(...(await this.#at(point)))
  }

  async hover(point: readonly [number, number]): Promise<void> {
    await this.page.mouse.move(...(await this.#at(point)), { steps: 3 })
  }

  async drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    await this.hover(from)
    await this.page.mouse.down()
    await this.hover(to)
    await this.page.mouse.up()
  }

  zone(name: string): Locator {
    return this.canvas.getByRole('button', { name, exact: true })
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name })
  }
}

/** From the list of cameras, by the keys. */
async function open(browsers: Browsers, page: Page, place: Place): Promise<Editor> {
  await page.goto(`${place.address}/#/cameras`)
  const link = page.getByRole('link', { name: new RegExp(`^Vùng và quy tắc: .*${place.site}/${place.camera}\\)?$`) })
  await link.focus()
  await page.keyboard.press('Enter')
  const editor = new Editor(page)
  await editor.canvas.waitFor()
  await page.getByText(/^Hình chụp lúc/).waitFor()
  await browsers.quiet(page)
  return editor
}

/** Drawn by the pointer; while its edges cross, that is said. */
async function draw(editor: Editor): Promise<void> {
  const { page } = editor
  await page.keyboard.press('z')
  for (const corner of CORNERS.slice(0, 3)) await editor.click(corner)
  // Left of the first edge: the way there crosses it.
  await editor.hover([0.45, 0.05])
  await page.getByText('Các cạnh màu đỏ cắt nhau').waitFor()
  await editor.hover(CORNERS[3])
  await page.getByText('Các cạnh màu đỏ cắt nhau').waitFor({ state: 'detached' })
  await editor.click(CORNERS[3])
  await editor.click(CORNERS[0])
  await editor.zone('zone-1').waitFor()
}

/** A corner pulled over an edge is told at once, and taken back. */
async function cross(editor: Editor): Promise<void> {
  const { page } = editor
  await editor.drag(CORNERS[3], [0.5, 0.05])
  await editor.panel.getByText('Các cạnh màu đỏ cắt nhau').waitFor()
  assert.ok(await editor.button('Xem thử').isDisabled(), 'what crosses is not previewed')
  await page.keyboard.press('Control+z')
  await editor.panel.getByText('Các cạnh màu đỏ cắt nhau').waitFor({ state: 'detached' })
  await page.getByText(WELL).waitFor()
}

/** A rule with a number that the box refuses, at its field. */
async function rule(editor: Editor): Promise<void> {
  const { page, panel } = editor
  await panel.getByLabel('Tên nơi này').fill('Vỉa hè trước trường')
  await panel.getByLabel('Mã', { exact: true }).fill('school-gate')
  await panel.getByLabel('Thêm quy tắc…').first().selectOption('illegal-parking')
  await panel.getByLabel('Mã quy tắc').fill('parking-school')
  const dwell = panel.getByLabel(/^Kéo dài ít nhất/)
  await dwell.fill('900000')
  await panel.locator('[aria-invalid=true]').waitFor()
  await panel.getByText(/^Phải từ .* đến 86\.400\.$/).waitFor()
  await page.getByText(/^Thiết bị báo 1 lỗi/).waitFor()
  assert.ok(await editor.button(/^Xem lại và lưu/).isDisabled(), 'what the box refuses is not saved')
  await dwell.fill('45')
  await page.getByText(WELL).waitFor()
}

async function preview(editor: Editor): Promise<void> {
  const { page } = editor
  await editor.button('Xem thử').click()
  const part = page.getByRole('region', { name: 'Xem thử trên những gì camera đã thấy' })
  await part.getByText(/^Camera được xem/).waitFor()
  const bars = part.getByRole('button', { name: /^(Hiện nay|Sau khi sửa): / })
  if ((await bars.count()) > 0) {
    await bars.first().click()
    await editor.canvas.locator('rect.box').first().waitFor()
  } else await part.getByText('Không có vụ nào trong khoảng này').waitFor()
}

/** Shown, explained, saved, applied. */
async function save(browsers: Browsers, editor: Editor): Promise<void> {
  const { page } = editor
  await editor.button(/^Xem lại và lưu/).click()
  const dialog = page.getByRole('dialog', { name: 'Xem lại trước khi lưu' })
  await dialog.getByText('[camera.zone.school-gate]').waitFor()
  await dialog.getByText('name = "Vỉa hè trước trường"').waitFor()
  await browsers.shot(page, 'zones-review')
  await browsers.accessible(page, 'review')
  await dialog.getByLabel('Vì sao sửa').fill('Cổng trường mới mở')
  await page.keyboard.press('Enter')
  await page.getByText('Đã lưu. Thiết bị đang chạy theo cấu hình mới.').waitFor()
  await page.getByText('Chưa có thay đổi').waitFor()
  await editor.zone('Vỉa hè trước trường').waitFor()
}

async function takeBack(browsers: Browsers, editor: Editor): Promise<void> {
  const { page } = editor
  await editor.button('Lịch sử').click()
  const past = page.getByRole('dialog', { name: 'Lịch sử cấu hình' })
  await past.getByText('Cổng trường mới mở').waitFor()
  await past.getByText('đang dùng').waitFor()
  await browsers.shot(page, 'zones-history')
  await browsers.accessible(page, 'history')
  await past.getByRole('button', { name: 'Quay lại bản này' }).first().click()
  const dialog = page.getByRole('dialog', { name: /^Quay lại bản lúc/ })
  await dialog.getByText('[camera.zone.school-gate]').waitFor()
  await dialog.getByLabel('Vì sao sửa').fill('Trường dời cổng')
  await dialog.getByRole('button', { name: 'Lưu và áp dụng' }).click()
  await page.getByText('Đã quay lại bản cũ.').waitFor()
  await editor.zone('Vỉa hè trước trường').waitFor({ state: 'detached' })
}

/** Another package is a change like others, and chosen back it is none. */
async function model({ page, panel }: Editor): Promise<void> {
  const choice = panel.getByLabel('Mô hình nhận dạng')
  const [others, now] = [choice.locator('option:not(:checked)'), await choice.inputValue()]
  if ((await others.count()) === 0) return
  await choice.selectOption((await others.first().textContent()) ?? '')
  await page.getByText('Chưa có thay đổi').waitFor({ state: 'detached' })
  await choice.selectOption(now)
  await page.getByText('Chưa có thay đổi').waitFor()
}

/** By the keys alone: a line, one end nudged, all taken back step by step. */
async function byKeys(editor: Editor): Promise<void> {
  const { page } = editor
  await editor.canvas.page().keyboard.press('l')
  await editor.canvas.and(page.locator(':focus')).waitFor()
  for (const key of ['ArrowLeft', 'ArrowUp', 'Enter', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
  // A line that lies level has no height, so it counts as hidden.
  await editor.zone('line-1').waitFor({ state: 'attached' })
  const end = editor.canvas.getByRole('button', { name: /^Góc 2 trong 2 của line-1/ })
  await end.focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  assert.match((await end.getAttribute('aria-label')) ?? '', /dọc 50 %$/)
  await page.keyboard.press('Control+z')
  assert.match((await end.getAttribute('aria-label')) ?? '', /dọc 49 %$/)
  await page.keyboard.press('Control+z')
  await editor.zone('line-1').waitFor({ state: 'detached' })
  await page.keyboard.press('Control+y')
  await editor.zone('line-1').focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Delete')
  await editor.zone('line-1').waitFor({ state: 'detached' })
  await page.getByText('Chưa có thay đổi').waitFor()
}

async function looks(browsers: Browsers, place: Place): Promise<void> {
  for (const [name, view] of [['light', DESK], ['dark', NIGHT], ['phone', PHONE]] as const) {
    const context = await browsers.person(view)
    const page = await browsers.page(context, place.address)
    await signIn(page, 'admin', place.password)
    const editor = await open(browsers, page, place)
    await editor.panel.getByRole('button', { expanded: false }).first().click()
    await browsers.quiet(page)
    await browsers.shot(page, `${name}-zones`)
    await browsers.fits(page, `${name} zones`)
    await browsers.accessible(page, `${name} zones`)
    await context.close()
  }
}

const browsers = await Browsers.start(folder)
let place: Place | undefined
try {
  place = await placeOf()
  const context = await browsers.person(DESK)
  const page = await browsers.page(context, place.address)
  await signIn(page, 'admin', place.password)
  const editor = await open(browsers, page, place)
  await byKeys(editor)
  await model(editor)
  await draw(editor)
  await cross(editor)
  await rule(editor)
  await preview(editor)
  await browsers.shot(page, 'zones-preview')
  await browsers.accessible(page, 'preview')
  await save(browsers, editor)
  await takeBack(browsers, editor)
  await context.close()
  await looks(browsers, place)
  browsers.nothingWasWrong()
  console.log('all is well')
} catch (error) {
  await browsers.failed()
  throw error
} finally {
  await browsers.close()
  place?.close()
}
