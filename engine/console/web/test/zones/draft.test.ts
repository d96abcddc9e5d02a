import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Edit } from '../../src/api/pipeline.ts'
import {
  CALIBRATION, draftOf, drawnIn, editsOf, pointsOf, withBay, withCorner, withCornerAfter, withDrawn, withGround, withMove, withNewRule, withoutCorner,
  withParameter, withId, withRule, withZoneName, without, carried, type Draft,
} from '../../src/zones/draft.ts'
import { signedArea, type Point } from '../../src/zones/geometry.ts'
import { Steps } from '../../src/zones/undo.ts'
import { rule, SITE } from './sample.ts'

const CAMERA = SITE.cameras[0]!
const BEFORE = draftOf(SITE, CAMERA)
const KERB = { kind: 'zone', key: 'kerb' } as const
const AROUND = { camera: CAMERA.id, permits: SITE.permits.map(({ id }) => id) }
const ANTICLOCKWISE: Point[] = [[0.1, 0.1], [0.1, 0.3], [0.3, 0.3]]

function edits(to: Draft): Edit[] {
  return editsOf(BEFORE, to, CAMERA.id).map(({ edit }) => edit)
}

test('nothing changed is no edit, also after changes that were taken back', () => {
  assert.deepEqual(edits(BEFORE), [])
  let steps = Steps.from(BEFORE)
  steps = steps.do(withMove(steps.now, KERB, [0.05, 0]))
  steps = steps.do(without(steps.now, { kind: 'zone', key: 'sidewalk' }))
  assert.equal(edits(steps.now).length, 2)
  assert.deepEqual(edits(steps.undo().undo().now), [])
  const there = withParameter(withParameter(BEFORE, 'illegal-parking', 'dwell_secs', null), 'illegal-parking', 'dwell_secs', 120)
  assert.deepEqual(edits(there), [], 'the order of keys is no change')
})

test('a zone that was drawn on is told whole', () => {
  const moved = withCorner(BEFORE, KERB, 1, [0.95, 0.55001])
  assert.deepEqual(edits(moved), [{ kind: 'set_zone', camera: 'le-loi-03', zone: 'kerb', name: null, polygon: [[0.1, 0.6], [0.95, 0.55], [0.9, 0.8], [0.1, 0.8]] }])
  assert.deepEqual(pointsOf(withCornerAfter(BEFORE, KERB, 3, [0.1, 0.7]), KERB).at(-1), [0.1, 0.7])
  assert.equal(pointsOf(withoutCorner(BEFORE, KERB, 0), KERB).length, 3)
  const [named] = edits(withZoneName(BEFORE, 'kerb', 'Lề đường'))
  assert.ok(named?.kind === 'set_zone' && named.name === 'Lề đường')
})

test('what is new has a name that is free, and its corners clockwise', () => {
  const [one, first] = withDrawn(BEFORE, 'zone', ANTICLOCKWISE, AROUND)
  const [two, second] = withDrawn(one, 'zone', ANTICLOCKWISE, AROUND)
  assert.deepEqual(two.zones.slice(2).map(({ id }) => id), ['zone-1', 'zone-2'])
  assert.notEqual(first.key, second.key)
  assert.ok(signedArea(pointsOf(two, second)) > 0)
  const [bayed, bay] = withDrawn(BEFORE, 'bay', ANTICLOCKWISE, AROUND)
  assert.equal(bay.key, '+-1')
  assert.deepEqual(edits(bayed), [{
    kind: 'set_permit', permit: null,
    written: { id: 'bay-2', reason: 'parking_bay', uses: ['illegal-parking'], cameras: ['le-loi-03'], zones: [], schedule: [], from: null, until: null, polygon: [[0.1, 0.1], [0.3, 0.3], [0.1, 0.3]] },
  }])
  assert.deepEqual(drawnIn(bayed).map(({ kind, key }) => `${kind} ${key}`), ['zone kerb', 'zone sidewalk', 'bay bay-1', 'bay +-1', 'line stop-line'])
})

test('a rule in a new zone comes after it, and follows its name', () => {
  const [drawn, { key: zoneKey }] = withDrawn(BEFORE, 'zone', ANTICLOCKWISE, AROUND)
  const [ruled, { key }] = withNewRule(drawn, SITE.catalogue[0]!, 'zone-1')
  const renamed = withId(ruled, 'zone', zoneKey, 'market')
  const [zone, added] = edits(withParameter(renamed, key, 'dwell_secs', 60))
  assert.ok(zone?.kind === 'set_zone' && zone.zone === 'market')
  assert.deepEqual(added, {
    kind: 'set_rule', camera: 'le-loi-03', rule: null,
    written: rule('illegal-parking', { id: 'illegal-parking-1', zone: 'market', parameters: { dwell_secs: 60 } }),
  })
})

test('a rule asks for what its entry needs', () => {
  const [, wrong, crossing] = [SITE.catalogue[1]!, SITE.catalogue[2]!, SITE.catalogue[3]!].map((entry) => withNewRule(BEFORE, entry, 'kerb')[0].rules.at(-1)!.written)
  assert.deepEqual(wrong, rule('wrong-way', { zone: 'kerb', parameters: { allowed_deg: 270 } }))
  assert.equal(crossing?.line, 'stop-line')
  const fault = withNewRule(BEFORE, SITE.catalogue[1]!, 'kerb')[0].rules.at(-1)!.written
  assert.deepEqual(fault, rule('camera-fault', { id: 'camera-fault-1' }), 'no zone')
})

test('a rule that is there is known by its name in the file', () => {
  const changed = withRule(BEFORE, 'parking-night', { severity: null, schedule: [] })
  assert.deepEqual(edits(changed), [{ kind: 'set_rule', camera: 'le-loi-03', rule: 'parking-night', written: rule('illegal-parking', { id: 'parking-night', zone: 'kerb' }) }])
})

test('rules go with their zone, and before it', () => {
  const kinds = edits(without(BEFORE, KERB)).map((edit) => (edit.kind === 'remove_rule' ? `${edit.kind} ${edit.rule}` : edit.kind))
  assert.deepEqual(kinds, ['remove_rule illegal-parking', 'remove_rule parking-night', 'remove_zone'])
})

test('a camera is looked at with another package: one that the file has, or a new one', () => {
  assert.deepEqual(edits({ ...BEFORE, model: 'yolox-nano' }), [{ kind: 'use_model', camera: 'le-loi-03', model: 'night' }])
  const fresh: Edit[] = [{ kind: 'set_model', model: 'nanodet-g', package: 'nanodet-g' }, { kind: 'use_model', camera: 'le-loi-03', model: 'nanodet-g' }]
  assert.deepEqual(edits({ ...BEFORE, model: 'nanodet-g' }), fresh)
  const taken = { ...BEFORE, models: [{ id: 'nanodet-g', package: 'ssdlite-coco' }], model: 'nanodet-g' }
  assert.deepEqual(edits(taken).at(-1), { kind: 'use_model', camera: 'le-loi-03', model: 'nanodet-g-1' })
  assert.equal(carried(BEFORE, { ...BEFORE, model: 'yolox-nano' }, BEFORE).model, 'yolox-nano')
})

test('the ground, bays and permits that are no bays', () => {
  const [calibrated] = withDrawn(BEFORE, 'calibration', [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]], AROUND)
  const measured = withGround(calibrated, 2, [7, 22])
  assert.deepEqual(edits(measured), [{ kind: 'set_calibration', camera: 'le-loi-03', picture: [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]], ground_m: [[0, 0], [6, 0], [7, 22], [0, 20]] }])
  assert.deepEqual(editsOf(measured, without(measured, CALIBRATION), 'le-loi-03').map(({ edit }) => edit), [{ kind: 'remove_calibration', camera: 'le-loi-03' }])
  assert.deepEqual(BEFORE.bays.map(({ key }) => key), ['bay-1'], 'a market is none')
  assert.deepEqual(edits(without(BEFORE, { kind: 'bay', key: 'bay-1' })), [{ kind: 'remove_permit', permit: 'bay-1' }])
  const [loading] = edits(withBay(BEFORE, 'bay-1', { reason: 'loading' }))
  assert.ok(loading?.kind === 'set_permit' && loading.permit === 'bay-1' && loading.written.reason === 'loading')
})

test('what somebody else has saved meanwhile is kept, and mine on top of it', () => {
  const [drawn] = withDrawn(without(withMove(BEFORE, KERB, [0, 0.02]), { kind: 'bay', key: 'bay-1' }), 'zone', ANTICLOCKWISE, AROUND)
  const theirs = withZoneName(withRule(BEFORE, 'parking-night', { severity: 'low' }), 'sidewalk', 'Hè phố')
  const both = carried(BEFORE, drawn, theirs)
  assert.deepEqual(editsOf(theirs, both, CAMERA.id), editsOf(BEFORE, drawn, CAMERA.id))
  // They have removed what I have moved: mine is there anew.
  const without_ = carried(BEFORE, withMove(BEFORE, KERB, [0, 0.02]), without(BEFORE, KERB))
  assert.ok(without_.zones.some(({ id, fresh }) => id === 'kerb' && fresh))
  assert.deepEqual(without_.rules.map(({ key }) => key), ['camera-fault'], 'rules that I have not touched are as they left them')
})
