import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Locator, type Page, type Request, type Route } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Bound of a failure: the machine may be busy. */
export const LONG_MS = 60_000

export interface View {
  width: number
  height: number
  scheme: 'light' | 'dark'
  phone: boolean
}

export const DESK: View = { width: 1280, height: 800, scheme: 'light', phone: false }
export const NIGHT: View = { ...DESK, scheme: 'dark' }
export const TABLET = { width: 768, height: 1024 }
export const PHONE: View = { width: 360, height: 740, scheme: 'light', phone: true }

/** Browsers of several people, all watched for what must never happen. */
export class Browsers {
  readonly #browser: Browser
  readonly #folder: string
  readonly #wrong: string[] = []
  readonly #asked = new Map<Page, Set<Request>>()

  private constructor(browser: Browser, folder: string) {
    this.#browser = browser
    this.#folder = folder
  }

  static async start(folder: string): Promise<Browsers> {
    // In a container there is no sandbox to be had; the page is our own.
    // The map is drawn by the processor where there is nothing else.
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required', '--enable-unsafe-swiftshader']
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
    return new Browsers(browser, folder)
  }

  /** Somebody's browser. */
  async person(view: View = DESK): Promise<BrowserContext> {
    const { width, height, scheme, phone } = view
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      hasTouch: phone,
      isMobile: phone,
      locale: 'vi-VN',
      timezoneId: 'Asia/Ho_Chi_Minh',
    })
    context.setDefaultTimeout(LONG_MS)
    return context
  }

  /** A page of theirs. */
  async page(context: BrowserContext, address: string): Promise<Page> {
    const page = await context.newPage()
    const origin = new URL(address).origin
    page.on('pageerror', (error) => this.#wrong.push(`a fault of the page: ${error.message}`))
    page.on('console', (message) => {
      const text = message.text()
      // The browser tells of each answer that is a refusal; those are looked at where they are expected.
      if (message.type() === 'error' && !text.startsWith('Failed to load resource')) this.#wrong.push(`the browser says: ${text}`)
    })
    const asked = new Set<Request>()
    this.#asked.set(page, asked)
    page.on('requestfinished', (request) => asked.delete(request))
    page.on('requestfailed', (request) => asked.delete(request))
    page.on('request', (request) => {
      // A shared worker is asked for by a page, and answered to nobody's knowledge; its stream has no end.
      if (['fetch', 'image', 'font'].includes(request.resourceType())) asked.add(request)
      const url = request.url()
      if (!url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:')) this.#wrong.push(`asked elsewhere: ${url}`)
    })
    await page.goto(address)
    return page
  }

  /** Waits until all that the page has asked for is there, and what it asks for then. */
  async quiet(page: Page): Promise<void> {
    const FRAMES = 10
    const asked = this.#asked.get(page)!
    const end = Date.now() + LONG_MS
    for (let still = 0; still < FRAMES; still += 1) {
      await page.evaluate(() => new Promise(requestAnimationFrame))
      if (asked.size > 0) still = 0
      assert.ok(Date.now() < end, `no answer to ${[...asked].map((request) => `${request.resourceType()} ${request.url()}`).join(', ')}`)
    }
  }

  async shot(page: Page, name: string): Promise<void> {
    await page.evaluate(() => document.fonts.ready)
    await page.screenshot({ path: join(this.#folder, `${name}.png`) })
  }

  /** How many of its points have these colours, by name. */
  async colours(page: Page, of: Locator, wanted: Record<string, string>): Promise<Record<string, number>> {
    const png = (await of.screenshot()).toString('base64')
    return page.evaluate(
      async ([png, wanted]) => {
        const image = new Image()
        image.src = `data:image/png;base64,${png}`
        await image.decode()
        const canvas = new OffscreenCanvas(image.width, image.height)
        const context = canvas.getContext('2d', { willReadFrequently: true })!
        const seen = (colour: string): string => {
          context.fillStyle = colour
          context.fillRect(0, 0, 1, 1)
          return context.getImageData(0, 0, 1, 1).data.join()
        }
        const names = new Map(Object.entries(wanted).map(([name, colour]) => [seen(colour), name]))
        context.drawImage(image, 0, 0)
        const { data } = context.getImageData(0, 0, image.width, image.height)
        const counts = Object.fromEntries(Object.keys(wanted).map((name) => [name, 0]))
        for (let at = 0; at < data.length; at += 4) {
          const name = names.get(data.subarray(at, at + 4).join())
          if (name) counts[name]! += 1
        }
        return counts
      },
      [png, wanted] as const,
    )
  }

  /** No finding of axe that is serious or worse. */
  async accessible(page: Page, what: string): Promise<void> {
    // By the debugger, which a content security policy does not hold for.
    await page.evaluate(AXE)
    const found = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run: (of: Document, options: object) => Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }> } }
      const { violations } = await axe.run(document, { resultTypes: ['violations'] })
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}\n  ${failureSummary.replaceAll('\n', '\n  ')}`))
    })
    assert.deepEqual(found, [], `axe, ${what}:\n${found.join('\n')}`)
  }

  /** All fits into the width; only tables that are a region of their own may be pushed sideways. */
  async fits(page: Page, what: string): Promise<void> {
    const wider = await page.evaluate(() =>
      [document.documentElement, ...document.body.querySelectorAll('*')]
        .filter((one) => one === document.documentElement || ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
        .filter((one) => one.scrollWidth > one.clientWidth && one.getAttribute('role') !== 'region')
        .map((one) => `${one.tagName} ${one.className}: ${one.scrollWidth} px in ${one.clientWidth}`),
    )
    assert.deepEqual(wider, [], `${what} is wider than the screen`)
  }

  /** What can be acted on has a name of its own. */
  async distinct(page: Page, what: string): Promise<void> {
    const names = await page.locator('main :is(a, button)').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? one.textContent.trim()))
    assert.ok(names.length > 0)
    assert.deepEqual(names.filter((name, at) => names.indexOf(name) !== at), [], `${what}: names that stand for several`)
  }

  /** Pictures of all that is open, where a failure is looked for. */
  async failed(): Promise<void> {
    const pages = this.#browser.contexts().flatMap((context) => context.pages())
    for (const [index, page] of pages.entries()) await page.screenshot({ path: join(this.#folder, `failed-${index}.png`) })
    console.error(...pages.map((page) => page.url()), ...this.#wrong)
  }

  nothingWasWrong(): void {
    assert.deepEqual(this.#wrong, [])
  }

  async close(): Promise<void> {
    await this.#browser.close()
  }
}

/** Holds what is sent to a route (`times`: the next so many only) until the answer is called. */
export async function hold(page: Page, route: string, then: 'continue' | 'abort', options: { times?: number } = {}): Promise<() => void> {
  let letGo = (): void => {}
  const held = new Promise<void>((done) => (letGo = done))
  const wait = async (route: Route): Promise<void> => {
    await held
    await route[then]()
  }
  await page.route(route, wait, options)
  return letGo
}

/** By the keyboard alone. */
export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.locator('[name=name]:focus').waitFor()
  await page.keyboard.type(name)
  await page.keyboard.press('Tab')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  await page.locator('nav').waitFor()
}

/** The id of the case on the screen. */
export async function caseOnScreen(page: Page): Promise<string> {
  const id = await page.locator('article[data-case]').getAttribute('data-case')
  assert.ok(id)
  return id
}

/** Waits until another case is on the screen. */
export async function anotherCase(page: Page, than: string): Promise<string> {
  await page.locator(`article[data-case]:not([data-case="${than}"])`).waitFor()
  return caseOnScreen(page)
}
