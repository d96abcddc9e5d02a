import { locale, words } from './index.svelte.ts'

// A time of an incident is shown as the clock on the wall at its site said it, wherever the reader sits: the
// part of the text before the offset, read as if it were UTC and written as UTC.
function wall(time: string): Date {
  return new Date(time.slice(0, 19) + 'Z')
}

type Form = 'clock' | 'exact' | 'dayAndClock' | 'full'

const FORMS: Record<Form, Intl.DateTimeFormatOptions> = {
  clock: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  exact: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  dayAndClock: { day: '2-digit', month: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  full: {
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  },
}

// Making a formatter takes longer than a hundred uses of it.
const made = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>()

function formatter<T extends Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>(
  key: string,
  make: (locale: string) => T,
): T {
  const name = locale() + key
  const known = made.get(name)
  if (known) return known as T
  const fresh = make(locale())
  made.set(name, fresh)
  return fresh
}

function written(time: string, form: Form): string {
  const format = formatter(form, (l) => new Intl.DateTimeFormat(l, { ...FORMS[form], timeZone: 'UTC' }))
  return slashed(format.format(wall(time)))
}

/** 29-11, as some languages have it, would be cut in two at the end of a line; the whole date has slashes in both. */
function slashed(date: string): string {
  return date.replace(/(?<=\d)-(?=\d)/g, '/')
}

/** A time that the console noted and no box, by the reader's own clock. */
export function here(time: string): string {
  const format = formatter('here', (l) => new Intl.DateTimeFormat(l, FORMS.full))
  return format.format(new Date(time))
}

/** Likewise, day and clock alone. */
export function hereShort(time: string): string {
  const format = formatter('hereShort', (l) => new Intl.DateTimeFormat(l, FORMS.dayAndClock))
  return slashed(format.format(new Date(time)))
}

/** 14:05 of today at the site, 14:05 29/11 of another day. */
export function when(time: string, now: number): string {
  const offset = wall(time).getTime() - Date.parse(time)
  const today = new Date(now + offset).toISOString().slice(0, 10)
  return written(time, time.startsWith(today) ? 'clock' : 'dayAndClock')
}

/** A time, `secs` earlier, by the same clock on the wall. */
export function earlier(time: string, secs: number): string {
  const offset = time.endsWith('Z') ? 'Z' : time.slice(-6)
  return new Date(wall(time).getTime() - secs * 1000).toISOString().slice(0, 19) + offset
}

/** With seconds. */
export function exact(time: string): string {
  return written(time, 'exact')
}

/** Day, year and seconds. */
export function full(time: string): string {
  return written(time, 'full')
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** "5 phút trước". */
export function ago(time: string, now: number): string {
  const secs = (now - Date.parse(time)) / 1000
  if (Math.abs(secs) < 60) return words().justNow
  const [unit, length] = STEPS.find(([, length]) => Math.abs(secs) >= length) ?? ['minute', 60]
  const format = formatter('ago', (l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto', style: 'long' }))
  return format.format(-Math.trunc(secs / length), unit)
}

/** "1 giờ 5 phút". */
export function duration(from: string, to: string): string {
  return seconds(Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000)))
}

/** The same of a number of seconds; of less than ten with tenths. */
export function seconds(of: number): string {
  if (of < 10) return quantity(of, 'second')
  let secs = Math.round(of)
  const parts: string[] = []
  for (const [unit, length] of [...STEPS, ['second', 1] as const]) {
    const n = Math.floor(secs / length)
    secs -= n * length
    if (n > 0 && parts.length < 2) parts.push(quantity(n, unit))
  }
  return parts.join(' ') || quantity(0, 'second')
}

function quantity(n: number, unit: string): string {
  return formatter(unit, (l) => new Intl.NumberFormat(l, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 })).format(n)
}

export function count(n: number): string {
  return formatter('count', (l) => new Intl.NumberFormat(l)).format(n)
}

/** From here on zeros are counted, and not written. */
const LARGE = 1e9
const SMALL = 1e-4

/** A measured value: as many digits as say something. */
export function value(n: number): string {
  const size = Math.abs(n)
  const notation = n === 0 || (size >= SMALL && size < LARGE) ? 'standard' : 'scientific'
  return formatter(notation, (l) => new Intl.NumberFormat(l, { notation, maximumSignificantDigits: 4 })).format(n)
}

export function percent(share: number): string {
  return formatter('percent', (l) => new Intl.NumberFormat(l, { style: 'percent' })).format(share)
}
