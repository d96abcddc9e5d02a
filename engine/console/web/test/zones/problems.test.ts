import assert from 'node:assert/strict'
import { test } from 'node:test'
import { draftOf, editsOf, withNewRule, withParameter, withoutCorner } from '../../src/zones/draft.ts'
import { placed, toldAt } from '../../src/zones/problems.ts'
import { SITE } from './sample.ts'

const CAMERA = SITE.cameras[0]!
const BEFORE = draftOf(SITE, CAMERA)

function at(field: string, edit: number | null = null, draft = BEFORE): string {
  const made = editsOf(BEFORE, draft, CAMERA.id)
  const [{ at, key }] = placed([{ field, edit, text: '', remedy: '' }], made, draft, CAMERA.id) as [ReturnType<typeof placed>[0]]
  return at ? `${at.kind} ${at.key} ${key}`.trim() : `none ${key}`.trim()
}

test('a problem stands at its field', () => {
  for (const [field, want] of [
    ['camera[le-loi-03].zone.kerb.polygon', 'zone kerb polygon'],
    ['camera[le-loi-03].zone[kerb].name', 'zone kerb name'],
    ['camera[le-loi-03].line.stop-line.points', 'line stop-line points'],
    ['camera[le-loi-03].rule[parking-night].dwell_secs', 'rule parking-night dwell_secs'],
    ['camera[le-loi-03].rule[illegal-parking]', 'rule illegal-parking'],
    ['camera[le-loi-03].rule[1].schedule[0]', 'rule parking-night schedule.0'],
    ['permit[bay-1].polygon', 'bay bay-1 polygon'],
    ['permit[night-market].until', 'none until'],
    ['camera[square].zone.kerb.polygon', 'none polygon'],
    ['camera[le-loi-03].calibration.picture', 'none picture'],
    ['site.id', 'none id'],
    ['', 'none'],
  ]) assert.equal(at(field!), want, field)
})

test('what is not found by its name is found by its edit', () => {
  const draft = withParameter(BEFORE, 'parking-night', 'dwell_secs', -1)
  assert.equal(at('camera[le-loi-03].rule[?].dwell_secs', 0, draft), 'rule parking-night dwell_secs')
  const [added] = withNewRule(withoutCorner(BEFORE, { kind: 'zone', key: 'kerb' }, 0), SITE.catalogue[2]!, 'kerb')
  assert.equal(at('camera[le-loi-03].rule[wrong-way].allowed_deg', 1, added), 'rule +-1 allowed_deg')
})

test('problems of a field are those of its parts too, and of no other', () => {
  const problems = ['schedule[0]', 'schedule', 'severity'].map((key) => ({ field: `camera[le-loi-03].rule[parking-night].${key}`, edit: null, text: key, remedy: '' }))
  const all = placed(problems, [], BEFORE, CAMERA.id)
  const here = { kind: 'rule', key: 'parking-night' } as const
  assert.deepEqual(toldAt(all, here, 'schedule').map(({ problem }) => problem.text), ['schedule[0]', 'schedule'])
  assert.equal(toldAt(all, here).length, 3)
  assert.equal(toldAt(all, { kind: 'zone', key: 'parking-night' }).length, 0)
})
