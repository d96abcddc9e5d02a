import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Steps } from '../../src/zones/undo.ts'

test('steps are taken back and made again', () => {
  let steps = Steps.from('a').do('b').do('c')
  steps = steps.undo()
  assert.equal(steps.now, 'b')
  steps = steps.undo().undo()
  assert.equal(steps.now, 'a')
  assert.ok(!steps.canUndo && steps.canRedo)
  steps = steps.redo().redo().redo()
  assert.equal(steps.now, 'c')
  assert.ok(!steps.canRedo)
  // Another way from here: what was taken back is gone.
  steps = steps.undo().do('x')
  assert.ok(!steps.canRedo)
  assert.equal(steps.undo().now, 'b')
})

test('what follows on each other is one step', () => {
  const typed = Steps.from('').do('V', 'name').do('Vỉ', 'name').do('Vỉa', 'name')
  assert.equal(typed.undo().now, '')
  const apart = typed.do('Vỉa, 60 s', 'dwell').do('Vỉa hè, 60 s', 'name')
  assert.equal(apart.undo().now, 'Vỉa, 60 s')
  // After one was taken back, the same key begins a step of its own.
  assert.equal(typed.undo().redo().do('Vỉa hè', 'name').undo().now, 'Vỉa')
})

test('nothing new is no step, and steps are bounded', () => {
  assert.ok(!Steps.from(1).do(1).canUndo)
  let steps = Steps.from(0)
  for (let n = 1; n <= 300; n += 1) steps = steps.do(n)
  let back = 0
  for (; steps.canUndo; back += 1) steps = steps.undo()
  assert.equal(back, 200)
})
