import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EditFault } from '../../src/api/pipeline.ts'
import { en } from '../../src/words/zones/en.ts'
import type { BoxFault, Say } from '../../src/words/zones/problems.vi.ts'
import type { ZoneWords } from '../../src/words/zones/index.ts'
import { vi } from '../../src/words/zones/vi.ts'
import { keyOf } from '../../src/zones/problems.ts'

const say = (key: string): Say => ({ number: (n) => n.toLocaleString('vi-VN'), thing: (name) => `<${name}>`, quantity: (name) => `<${name}>`, key })

/** One of each code that the page does not find itself. */
const EACH: { [C in BoxFault['code']]: Extract<BoxFault, { code: C }> } = {
  out_of_range: { code: 'out_of_range', min: 0.1, max: 86_400 },
  not_whole: { code: 'not_whole' },
  empty: { code: 'empty' },
  missing: { code: 'missing', key: 'zone' },
  of_no_use: { code: 'of_no_use' },
  unknown: { code: 'unknown', name: 'kerb' },
  name_taken: { code: 'name_taken', name: 'night' },
  none_measures: { code: 'none_measures', quantity: 'water_level' },
  not_calibrated: { code: 'not_calibrated' },
  no_position: { code: 'no_position' },
  model_blind: { code: 'model_blind', model: 'street', classes: ['goods.stall'], others: [] },
  absence_too_short: { code: 'absence_too_short', least_secs: 2.5 },
  off_beyond_on: { code: 'off_beyond_on', above: true },
  hits_beyond_looks: { code: 'hits_beyond_looks', looks: 10 },
  bad_hours: { code: 'bad_hours', text: 'T2 06:00' },
  no_calendar: { code: 'no_calendar', text: 'Hol 06:00-08:00' },
  outside_picture: { code: 'outside_picture' },
}

function said(of: ZoneWords['problem'], fault: EditFault, key = ''): string {
  return (of[fault.code as keyof typeof of] as (fault: EditFault, say: Say) => string)(fault, say(key))
}

test('each code is said in both languages, with its numbers and names', () => {
  for (const fault of Object.values(EACH)) {
    const [one, other] = [said(vi.problem, fault), said(en.problem, fault)]
    for (const text of [one, other]) {
      assert.match(text, /^\S.*\.$/, `${fault.code}: ${text}`)
      assert.doesNotMatch(text, /undefined|NaN|\[object|  /, `${fault.code}: ${text}`)
    }
    assert.notEqual(one, other, fault.code)
    assert.match(one, /[^\x00-\x7F]/, `${fault.code} has no diacritics: ${one}`)
  }
  assert.equal(said(vi.problem, EACH.out_of_range), 'Phải từ 0,1 đến 86.400.')
  assert.match(said(vi.problem, EACH.model_blind), /street.*<goods\.stall>/)
  assert.match(said(vi.problem, { ...EACH.model_blind, others: ['market-nano'] }), /market-nano/)
  const in_part = { ...EACH.model_blind, classes: ['goods.stall', 'waste'], seen_by: [{ model: 'market-nano', classes: ['goods.stall'] }] }
  for (const words of [vi, en]) assert.match(said(words.problem, in_part), /<waste>.*: market-nano .*<goods\.stall>\.$/)
})

test('what is missing or unknown is called by its key', () => {
  const missing = ['zone', 'line', 'sensor', 'window', 'uses', 'allowed_deg'].map((key) => said(vi.problem, { code: 'missing', key }))
  assert.equal(new Set(missing).size, missing.length)
  const unknown = ['zone', 'zones', 'line', 'sensor', 'window', 'use', 'uses', ''].map((key) => said(vi.problem, EACH.unknown, key))
  assert.equal(new Set(unknown).size, unknown.length)
  for (const [field, want] of [
    ['camera[le-loi-03].rule[parking-night].schedule[1]', 'schedule'],
    ['camera[le-loi-03].rule[parking-night].zone', 'zone'],
    ['permit[bay-1].uses', 'uses'],
    ['', ''],
  ]) assert.equal(keyOf(field!), want, field)
})
