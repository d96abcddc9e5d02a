import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Preview, PreviewIncident } from '../../src/api/pipeline.ts'
import { levelsOf, rowsOf, tallyOf } from '../../src/zones/timeline.ts'

function told(incident: string, rule: string, opened: string, closed: string | null): PreviewIncident {
  const at = (clock: string): string => `2026-11-22T${clock}:00.000+07:00`
  return { incident, rule, violation: 'illegal-parking', zone: 'kerb', first_seen: at(opened), opened: at(opened), closed: closed && at(closed), severity: 'medium', subjects: [] }
}

const PREVIEW: Preview = {
  from: '2026-11-22T08:00:00.000+07:00', to: '2026-11-22T09:00:00.000+07:00', complete: true, looked_secs: 3412,
  now: { incidents: [told('A', 'parking', '08:15', '08:30'), told('B', 'parking', '08:45', null), told('C', 'night', '08:06', '09:30')], left_out: 2 },
  then: { incidents: [told('B', 'parking', '08:45', null), told('D', 'wrong-way', '08:30', '08:33')], left_out: 0 },
}

test('what is told now and then stands beside each other', () => {
  const rows = rowsOf(PREVIEW).map(({ rule, now, then }) => {
    const bars = (all: typeof now): string => all.map(({ incident, fate, from, to }) => `${incident.incident} ${fate} ${from}-${to}`).join(', ')
    return `${rule}: ${bars(now)} | ${bars(then)}`
  })
  assert.deepEqual(rows, [
    'night: C gone 0.1-1 | ',
    'parking: A gone 0.25-0.5, B same 0.75-1 | B same 0.75-1',
    'wrong-way:  | D fresh 0.5-0.55',
  ])
})

test('what was left out is counted', () => {
  assert.deepEqual(tallyOf(PREVIEW), { now: 5, then: 2, gone: 2, fresh: 1 })
  const none = { incidents: [], left_out: 0 }
  assert.deepEqual(tallyOf({ ...PREVIEW, to: PREVIEW.from, now: none, then: none }), { now: 0, then: 0, gone: 0, fresh: 0 })
})

test('no bar lies over another', () => {
  const all = [['A', '08:06', '08:30'], ['B', '08:12', '08:18'], ['C', '08:18', null], ['D', '08:36', '08:36'], ['E', '08:37', null], ['F', '08:54', null]] as const
  const now = { incidents: all.map(([id, from, to]) => told(id, 'parking', from, to)), left_out: 0 }
  const [row] = rowsOf({ ...PREVIEW, now, then: { incidents: [], left_out: 0 } })
  assert.deepEqual(row?.now.map(({ incident, level }) => `${incident.incident}${level}`), ['A0', 'B1', 'C1', 'D0', 'E2', 'F0'])
  assert.equal(levelsOf(row!.now), 3)
  assert.equal(levelsOf([]), 1)
})
