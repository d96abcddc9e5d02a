import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Edit } from '../src/api/pipeline.ts'
import { Boxes } from '../mock/boxes.ts'
import { Problem } from '../mock/problem.ts'
import type { World } from '../mock/world.ts'

interface Command {
  id: string
  by: string
  camera: string
  incident: string
  base: string
  edits: Edit[]
  to: string
  why: string
  check: boolean
  minutes: number
}

interface Picture {
  sha256: string
  bytes: number
}

type Answer = { text: string; evidence?: Picture & { media_type: string }; result?: unknown }

/** How the boxes of a city answer over MQTT, by what the made-up city knows. */
export class BoxesThatAnswer {
  readonly #boxes: Boxes
  readonly #world: World
  readonly #child: ChildProcess
  readonly #say: (topic: string, message: object) => void
  readonly #bring: (site: string, named: string) => Promise<Picture>

  private constructor(child: ChildProcess, world: World, say: (topic: string, message: object) => void, bring: (site: string, named: string) => Promise<Picture>) {
    this.#boxes = new Boxes(world)
    this.#world = world
    this.#child = child
    this.#say = say
    this.#bring = bring
  }

  /** Begins to hear; `bring` draws the picture of a name and has its box bring it. */
  static async start(port: string, world: World, say: (topic: string, message: object) => void, bring: (site: string, named: string) => Promise<Picture>): Promise<BoxesThatAnswer> {
    // Into a pipe it would keep its lines to itself for a while.
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', '-V', '5', '-h', '127.0.0.1', '-p', port, '-q', '1', '-t', 'viahe/v1/+/cmd/#', '-t', 'test/hears', '-v'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const boxes = new BoxesThatAnswer(child, world, say, bring)
    const lines = createInterface({ input: child.stdout! })
    await new Promise<void>((hears) => {
      // Said again until it is heard: nothing is told of a subscription.
      const again = setInterval(() => say('test/hears', {}), 100)
      lines.on('line', (line) => {
        clearInterval(again)
        hears()
        const [, site, name, payload] = /^viahe\/v1\/([^/]+)\/cmd\/([^/ ]+) (.*)$/.exec(line) ?? []
        if (site && name && payload) void boxes.#hear(site, name, JSON.parse(payload) as Command)
      })
    })
    return boxes
  }

  async #hear(site: string, name: string, command: Command): Promise<void> {
    const reply = { id: command.id, ok: true, evidence: null, result: null }
    let said: object
    try {
      said = { ...reply, ...(await this.#answer(site, name, command)) }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const { detail = '', problems } = error.more
      const result = problems ? { version: command.base, diff: [], problems, warnings: [] } : null
      said = { ...reply, ok: false, text: error.kind === 'conflict' ? `conflict: ${detail}` : detail || error.kind, result }
    }
    this.#say(`viahe/v1/${site}/reply/${command.id}`, said)
  }

  async #answer(site: string, name: string, { by, camera, incident, base, edits, to, why, check, minutes }: Command): Promise<Answer> {
    assert.ok(by, 'somebody commands')
    const who = check ? null : by
    switch (name) {
      case 'snapshot': {
        const picture = await this.#bring(site, this.#boxes.still(site, camera, 0).sha256)
        return { text: 'taken', evidence: { ...picture, media_type: 'image/jpeg' } }
      }
      case 'explain': {
        const detail = this.#world.details.get(incident)
        if (!detail) throw new Problem('refused', { detail: 'no such incident' })
        return { text: 'told', result: this.#boxes.story(detail) }
      }
      case 'pipeline':
        return { text: 'told', result: this.#boxes.pipeline(site).view() }
      case 'edit':
        return { text: 'edited', result: this.#boxes.pipeline(site).edit(base, edits, who, why) }
      case 'revert':
        return { text: 'reverted', result: this.#boxes.pipeline(site).revert(base, to, who, why) }
      case 'preview':
        return { text: 'previewed', result: this.#boxes.preview(site, base, edits, camera, minutes) }
      default:
        throw new Problem('refused', { detail: `there is no command ${name}` })
    }
  }

  close(): void {
    this.#child.kill()
  }
}
