import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSpan, writeSpan } from '../../src/zones/schedule.ts'

test('spans are read as the box reads them, and written as the file has them', () => {
  for (const [text, days, written] of [
    ['Mon-Fri 06:00-22:00', 'Mon Tue Wed Thu Fri', 'Mon-Fri 06:00-22:00'],
    ['22:00-06:00', '', '22:00-06:00'],
    ['mon 00:00-24:00', 'Mon', 'Mon 00:00-24:00'],
    ['Sat-Mon,Wed 07:30-08:00', 'Mon Wed Sat Sun', 'Mon,Wed,Sat,Sun 07:30-08:00'],
    ['Mon - Fri 06:00 - 22:00', 'Mon Tue Wed Thu Fri', 'Mon-Fri 06:00-22:00'],
    ['  Sun   18:00-00:00 ', 'Sun', 'Sun 18:00-00:00'],
    ['Sat, Sun,Fest 08:00-23:00', 'Sat Sun Fest', 'Sat,Sun,Fest 08:00-23:00'],
    ['Mon-Sun 06:00-22:00', 'Mon Tue Wed Thu Fri Sat Sun', '06:00-22:00'],
    ['Mon,Wed,Fri-Sun,Fest,Work 00:00-24:00', 'Mon Wed Fri Sat Sun Fest Work', 'Mon,Wed,Fri-Sun,Fest,Work 00:00-24:00'],
  ] as const) {
    const span = readSpan(text)
    assert.ok(span, text)
    assert.equal(span.days.join(' '), days, text)
    assert.equal(writeSpan(span), written, text)
  }
})

test('what is no span stays as it is', () => {
  for (const text of ['', 'Mon', 'Mon 6-7', 'Thứ2 06:00-07:00', 'Hol-Fri 06:00-07:00', 'Fri-Hol 06:00-07:00', 'Holiday 06:00-07:00', 'Mon 06:00-07:00-08:00'])
    assert.equal(readSpan(text), null, text)
})
