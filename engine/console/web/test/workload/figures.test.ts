import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rate, some, tenth, top, weight } from '../../src/workload/figures.ts'

const BOUNDS = { manageable_per_hour: 6, most_per_hour: 12 }

test('just at a bound is not above it', () => {
  assert.deepEqual([null, 0, 6, 6.01, 12, 12.01].map((n) => weight(n, BOUNDS)), ['none', 'calm', 'calm', 'busy', 'busy', 'over'])
})

test('a rate is shared by those at work, who are one at least', () => {
  const of = (alerts: number, operators: number) => ({ from: '', told: 0, alerts, operators, peak: null })
  assert.equal(rate(of(2, 1), 10), 12)
  assert.equal(rate(of(12, 2), 60), 6)
  assert.equal(rate(of(12, 0.25), 60), 12, 'who is there for a while multiplies nothing')
  assert.equal(rate(of(72, 0), 360), 12)
})

test('an axis ends at a round number that shows all', () => {
  assert.deepEqual([0, 15, 15.1, 21, 32, 99, 101].map((n) => top(n, 15)), [15, 15, 20, 30, 50, 100, 150])
  for (let n = 1; n < 3_000; n += 7) assert.ok(top(n, 1) >= n && top(n, 1) <= n * 2, String(n))
})

test('some labels are evenly apart and not more than there is room for', () => {
  const all = Array.from({ length: 145 }, (_, n) => n)
  for (const most of [2, 3, 7, 8]) {
    const shown = some(all, most)
    assert.ok(shown.length <= most && shown[0]?.index === 0, String(most))
    const steps = shown.slice(1).map(({ index }, at) => index - shown[at]!.index)
    assert.equal(new Set(steps).size <= 1, true)
  }
  assert.deepEqual(some([], 4), [])
  assert.equal(tenth(28.4666), 28.5)
})
