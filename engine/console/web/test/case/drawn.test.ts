import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Evidence, Geometry, Incident, Moment } from '../../src/api/types.ts'
import { drawnOn, marksOf, NOTHING } from '../../src/case/drawn.ts'

const BOX: [number, number, number, number] = [0.3, 0.5, 0.4, 0.7]
const EARLIER: [number, number, number, number] = [0.1, 0.5, 0.2, 0.7]
const GEOMETRY: Geometry = {
  zone: [[0, 0.5], [1, 0.5], [1, 1]],
  bays: [[[0.6, 0.6], [0.7, 0.6], [0.7, 0.7]]],
  path: [[0.1, 0.7], [0.35, 0.7]],
  boxes: { first_seen: [EARLIER], opened: [BOX] },
}

function incident(geometry?: Geometry): Incident {
  const told = { updated: '2026-11-22T08:14:02.900+07:00', subjects: [{ track: 17, class: 'vehicle.car', confidence: 0.9, box: BOX }] }
  return { ...told, ...(geometry ? { geometry } : {}) } as Incident
}

function picture(moment: Moment, captured = '2026-11-22T08:12:05.900+07:00'): Evidence {
  return { moment, captured, sha256: '', bytes: 1, media_type: 'image/jpeg', arrived: captured, gone: null }
}

test('each picture has the boxes of its own moment, and the last none', () => {
  const on = (moment: Moment): unknown => drawnOn(incident(GEOMETRY), picture(moment)).boxes
  assert.deepEqual([on('first_seen'), on('opened'), on('closed'), on('commanded')], [[EARLIER], [BOX], [], []])
  const none = incident({ zone: GEOMETRY.zone! })
  assert.deepEqual(drawnOn(none, picture('opened', none.updated)).boxes, [], 'the box told of none')
})

test('zone and bays are on every picture, the path where something has gone', () => {
  const marks = (moment: Moment): unknown => marksOf([drawnOn(incident(GEOMETRY), picture(moment))])
  assert.deepEqual(marks('first_seen'), ['zone', 'bays', 'boxes'])
  assert.deepEqual(marks('opened'), ['zone', 'bays', 'boxes', 'path'])
  assert.deepEqual(marks('closed'), ['zone', 'bays', 'path'])
})

test('boxes of the list have its numbers, others have none', () => {
  const numbered = (moment: Moment): boolean => drawnOn(incident(GEOMETRY), picture(moment)).numbered
  assert.deepEqual([numbered('first_seen'), numbered('opened')], [false, true])
})

test('what an earlier version of a box says is drawn on the picture of that moment alone', () => {
  const told = incident()
  assert.deepEqual(drawnOn(told, picture('opened', told.updated)), { ...NOTHING, boxes: [BOX], numbered: true })
  assert.deepEqual(drawnOn(told, picture('first_seen')).boxes, [], 'it stood elsewhere then, for all we know')
  assert.deepEqual(drawnOn(told, picture('closed', told.updated)).boxes, [])
  assert.deepEqual(marksOf([NOTHING, drawnOn(told, picture('first_seen'))]), [])
})
