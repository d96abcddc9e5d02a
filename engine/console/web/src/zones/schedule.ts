// Spans of hours as the file has them: "Mon-Fri 06:00-22:00", "22:00-06:00", "Sat,Sun,Hol 08:00-24:00".

export const WEEK = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
export const KINDS = ['Hol', 'Fest', 'Work'] as const
export type Day = (typeof WEEK)[number] | (typeof KINDS)[number]

export interface Span {
  /** None: every day. */
  days: Day[]
  from: string
  to: string
}

const DAYS: readonly Day[] = [...WEEK, ...KINDS]
const SPAN = /^(?:(.*\S)\s+)?(\d{2}:\d{2})\s*-\s*(\d{2}:\d{2})$/

function dayOf(text: string): Day | undefined {
  return DAYS.find((day) => day.toLowerCase() === text.trim().toLowerCase())
}

/** Of one part, such as `Mon-Fri`; null when it is none. */
function daysOf(part: string): Day[] | null {
  const [first = '', last] = part.split('-')
  const from = dayOf(first)
  if (!from) return null
  if (last === undefined) return [from]
  const week: readonly Day[] = WEEK
  const [a, b] = [week.indexOf(from), week.indexOf(dayOf(last) ?? 'Hol')]
  if (a < 0 || b < 0) return null
  return Array.from({ length: ((b - a + 7) % 7) + 1 }, (_, i) => WEEK[(a + i) % 7]!)
}

/** Null for what is not written as spans are; it stays a text then. */
export function readSpan(text: string): Span | null {
  const [, written, from = '', to = ''] = SPAN.exec(text.trim()) ?? []
  if (!from) return null
  if (!written) return { days: [], from, to }
  const parts = written.split(',').map(daysOf)
  if (parts.includes(null)) return null
  const days = new Set(parts.flatMap((part) => part ?? []))
  return { days: DAYS.filter((day) => days.has(day)), from, to }
}

/** Three days and more in a row are written as one; all seven as none. */
export function writeSpan({ days, from, to }: Span): string {
  const hours = `${from}-${to}`
  const chosen = WEEK.map((day) => days.includes(day))
  const kinds = KINDS.filter((kind) => days.includes(kind))
  const whole = chosen.every(Boolean)
  if (days.length === 0 || (whole && kinds.length === 0)) return hours
  const parts: string[] = []
  for (let i = 0; i < 7; i += 1) {
    if (!chosen[i]) continue
    let last = i
    while (chosen[last + 1]) last += 1
    if (last - i >= 2) {
      parts.push(`${WEEK[i]}-${WEEK[last]}`)
      i = last
    } else parts.push(WEEK[i]!)
  }
  return `${[...parts, ...kinds].join(',')} ${hours}`
}
