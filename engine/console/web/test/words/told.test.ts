import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CameraFault, Lock, Refusal } from '../../src/api/causes.ts'
import type { Advice } from '../../src/api/pipeline.ts'
import { causesEn, refusalsEn } from '../../src/words/causes.en.ts'
import { causesVi, refusalsVi } from '../../src/words/causes.vi.ts'
import { adviceEn } from '../../src/words/zones/advice.en.ts'
import { adviceVi } from '../../src/words/zones/advice.vi.ts'

const number = (n: number): string => n.toLocaleString('vi-VN')

/** What comes with some codes; others have nothing. */
const WITH: Record<string, Record<string, unknown>[]> = {
  port_refused: [{ port: 10_554 }],
  web_page: [{ port: 80 }],
  not_rtsp: [{ port: 8_000 }],
  unanswered: [{ secs: 5 }],
  refuses: [{ status: 455 }],
  fails: [{ status: 500 }],
  carrier_refused: [{ carrier: 'tcp' }, { carrier: 'udp' }],
  no_video: [{ sound: true }, { sound: false }],
  certificate_unknown: [{ ca_given: true }, { ca_given: false }],
  no_first_picture: [{ secs: 20 }],
  no_media: [{ carrier: 'tcp', secs: 6 }, { carrier: 'udp', secs: 6 }],
  no_key_frame: [{ secs: 20 }],
  silent: [{ ms: 3_200 }],
  damaged: [{ secs: 15 }],
  model_unusable: [{ model: 'ssdlite-coco' }],
  quarantined: [{ deaths: 3 }],
  needs_restart: [{ of: ['[mqtt]', 'listen'] }],
  locked: [{ lock: 'file' }, { lock: 'folder' }, { lock: 'owner' }] satisfies { lock: Lock }[],
  too_long: [{ secs: 100 }],
  // One has a rule, the other a camera.
  no_rule: [{ rule: 'r-7', camera: 'c-3' }],
  no_camera: [{ camera: 'le-loi-03' }],
  signs_of_zone: [{ zone: 'Etc/GMT+7', hours: 7, behind: true }, { zone: 'Etc/GMT-7', hours: 7, behind: false }],
  partial: [
    { camera: 'le-loi-03', rule: 'stalls', model: 'street', classes: ['goods.stall'] },
    { camera: 'le-loi-03', rule: 'stalls', model: 'street', classes: ['goods.stall'], seen_by: [{ model: 'market-nano', classes: ['goods.stall'] }] },
  ],
  no_licence: [{ model: 'market-nano' }],
  line_at_edge: [{ camera: 'le-loi-03', line: 'stop', left: true }, { camera: 'le-loi-03', line: 'stop', left: false }],
  no_recording: [{ camera: 'le-loi-03' }],
  permit_over: [{ permit: 'fair', until: '2026-11-22T12:00:00.000+07:00' }],
  calendar_ends: [{ calendar: 'vietnam', year: 2026 }],
}

type Told = CameraFault | Refusal | Advice
type Words = Record<string, (of: never, say: never) => string>

function said(words: Words, told: Told, say: unknown): string {
  return words[told.code]!(told as never, say as never)
}

for (const [what, vi, en, say] of [
  ['why a camera is away', causesVi, causesEn, number],
  ['why a box does not do it', refusalsVi, refusalsEn, number],
  ['what should be known all the same', adviceVi, adviceEn, { thing: (name: string) => `<${name}>`, time: (at: string) => `<${at}>` }],
] as const) {
  test(`${what} is said in both languages, with its numbers and names`, () => {
    const all = new Set<string>()
    for (const code of Object.keys(vi)) {
      for (const more of WITH[code] ?? [{}]) {
        const told = { code, ...more } as Told
        const [one, other] = [said(vi, told, say), said(en, told, say)]
        for (const text of [one, other]) {
          assert.match(text, /^\S.*\.$/, `${code}: ${text}`)
          assert.doesNotMatch(text, /undefined|NaN|\[object|  /, `${code}: ${text}`)
          // Every number and name that is told is said: a remedy without its port is none.
          for (const value of Object.values(more).filter((value) => typeof value === 'string' && value.length > 6)) assert.ok(text.includes(value as string), `${code}: ${text}`)
          all.add(text)
        }
        assert.match(one, /[^\x00-\x7F]/, `${code} has no diacritics: ${one}`)
      }
    }
    assert.equal(all.size, 2 * Object.keys(vi).reduce((sum, code) => sum + (WITH[code] ?? [{}]).length, 0), 'no two are the same')
  })
}

test('ports are no quantities', () => {
  assert.match(causesVi.port_refused({ code: 'port_refused', port: 10_554 }), / 10554\./)
  assert.match(causesVi.silent({ code: 'silent', ms: 3_200 }, number), / 3,2 giây/)
})
