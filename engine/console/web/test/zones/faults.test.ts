import assert from 'node:assert/strict'
import { test } from 'node:test'
import { draftOf, withBay, withCorner, withDrawn, withGround, withId, withRule, type Draft } from '../../src/zones/draft.ts'
import { faultsOf, isName } from '../../src/zones/faults.ts'
import { SITE } from './sample.ts'

const CAMERA = SITE.cameras[0]!
const BEFORE = draftOf(SITE, CAMERA)

function faults(draft: Draft): string[] {
  return faultsOf(draft).map(({ at, fault }) => `${at.kind} ${at.key} ${fault}`)
}

test('what is wrong is told while it is drawn', () => {
  assert.deepEqual(faults(BEFORE), [])
  assert.deepEqual(faults(withCorner(BEFORE, { kind: 'zone', key: 'kerb' }, 0, [0.95, 0.75])), ['zone kerb crossing'])
  assert.deepEqual(faults(withCorner(BEFORE, { kind: 'line', key: 'stop-line' }, 1, [0.1, 0.7])), ['line stop-line one_point'])
  assert.deepEqual(faults(withCorner(BEFORE, { kind: 'bay', key: 'bay-1' }, 2, [0.25, 0.6])), ['bay bay-1 no_area'])
  const [crossed] = withDrawn(BEFORE, 'calibration', [[0.2, 0.9], [0.6, 0.5], [0.8, 0.9], [0.4, 0.5]], { camera: CAMERA.id, permits: [] })
  assert.deepEqual(faults(crossed), ['calibration  no_ground'])
  const [placed] = withDrawn(BEFORE, 'calibration', [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]], { camera: CAMERA.id, permits: [] })
  assert.deepEqual(faults(placed), [])
  assert.deepEqual(faults(withGround(placed, 2, [0, 0])), ['calibration  no_ground'])
})

test('names are those that the file may hold, each once', () => {
  assert.ok(isName('kerb-2', ['kerb']) && !isName('kerb', ['kerb']))
  for (const bad of ['ab', 'Kerb', 'lề-đường', 'a_b_c', 'x'.repeat(41), '']) assert.ok(!isName(bad, []), bad)
  const [drawn, { key }] = withDrawn(BEFORE, 'zone', [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]], { camera: CAMERA.id, permits: [] })
  assert.deepEqual(faults(withId(drawn, 'zone', key, 'kerb')), [`zone ${key} bad_name`])
  assert.deepEqual(faults(withRule(BEFORE, 'parking-night', { id: null })), ['rule parking-night bad_name'])
  assert.deepEqual(faults(withBay(BEFORE, 'bay-1', { id: 'A' })), ['bay bay-1 bad_name'])
})
