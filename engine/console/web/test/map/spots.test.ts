import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CameraHeard, Feature, IncidentOnMap, Severity } from '../../src/api/types.ts'
import { around, marksOf, settled, spotsOf, within } from '../../src/map/spots.ts'

const HUE: [number, number] = [107.5909, 16.4637]

function incident(id: string, at: [number, number], severity: Severity, minute: number): Feature<IncidentOnMap> {
  const opened = `2026-11-30T07:${String(minute).padStart(2, '0')}:00.000+07:00`
  return {
    type: 'Feature',
    id,
    geometry: { type: 'Point', coordinates: at },
    properties: {
      site: 'hue', violation: 'illegal-parking', title: '', severity, state: 'open', judgement: null, escalated: false,
      camera: 'gate-east', camera_name: 'Cổng Đông', zone: 'kerb', place_name: 'Vỉa hè', opened, updated: opened, closed: null,
    },
  }
}

function camera(name: string, position: [number, number] | null, state: 'online' | 'offline' = 'online'): CameraHeard {
  const at = position && { lon: position[0], lat: position[1] }
  return {
    site: 'hue', camera: name, heard: '', box_online: true, still: null,
    state: { state, reason: '', time: '', fps: null, resolution: null, clock_offset_ms: null, suspensions: [], name: null, position: at },
  }
}

test('what shares a point is one spot, as grave as its gravest, with the newest first', () => {
  const incidents = [incident('a', HUE, 'low', 3), incident('b', HUE, 'high', 1), incident('c', [107.6, 16.5], 'medium', 2)]
  const spots = spotsOf(incidents, [camera('gate-east', [107.59090004, 16.46370004])])
  assert.deepEqual(spots.map(({ name, gravity, incidents, cameras }) => [name, gravity, incidents.map(({ id }) => id), cameras.length]), [
    ['gate-east', 3, ['a', 'b'], 1],
    ['Cổng Đông', 2, ['c'], 0],
  ])
})

test('incidents come before cameras, and cameras that do not work before others', () => {
  const cameras = [camera('b-works', [1, 1]), camera('a-works', [2, 2]), camera('z-is-down', [3, 3], 'offline')]
  const spots = spotsOf([incident('a', [4, 4], 'info', 1)], cameras)
  assert.deepEqual(spots.map(({ name }) => name), ['Cổng Đông', 'z-is-down', 'a-works', 'b-works'])
  assert.deepEqual(marksOf(spots).features.map(({ properties }) => properties.down), [0, 1, 0, 0])
})

test('what is nowhere, or not on the earth, is no spot', () => {
  assert.deepEqual(spotsOf([], [camera('nowhere', null), camera('far', [500, 16]), camera('high', [107, 91])]), [])
})

test('a view holds what lies in it, also across the meridian 180', () => {
  const spots = spotsOf([], [camera('hue', HUE), camera('fiji', [179, -17]), camera('samoa', [-172, -13])])
  const names = (bounds: [number, number, number, number]): string[] => within(spots, bounds).map(({ name }) => name)
  assert.deepEqual(names([107, 16, 108, 17]), ['hue'])
  assert.deepEqual(names([170, -20, -170, 0]), ['fiji', 'samoa'])
  assert.deepEqual(around(within(spots, [107, 16, 108, 17])), [...HUE, ...HUE])
  assert.equal(around([]), null)
})

test('a list that is read stays as it is, and what is new comes last', () => {
  const cameras = [camera('a', [1, 1]), camera('b', [2, 2]), camera('c', [3, 3])]
  const before = spotsOf([], cameras).map(({ key }) => key)
  const spots = spotsOf([incident('x', [9, 9], 'high', 1), incident('y', [2, 2], 'low', 2)], cameras)
  assert.deepEqual(spots.map(({ at }) => at[0]), [9, 2, 1, 3])
  assert.deepEqual(settled(spots, before).map(({ at }) => at[0]), [1, 2, 3, 9])
  assert.deepEqual(settled(spots.slice(0, 2), before).map(({ at }) => at[0]), [2, 9])
})
