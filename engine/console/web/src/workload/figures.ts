import type { Grade, Point, Workload } from '../api/work.ts'

/** How heavy a load is. */
export type Weight = 'calm' | 'busy' | 'over' | 'none'

type Bounds = Pick<Workload, 'manageable_per_hour' | 'most_per_hour'>

/** How heavy so many alerts an operator-hour are. */
export function weight(rate: number | null, { manageable_per_hour, most_per_hour }: Bounds): Weight {
  if (rate === null) return 'none'
  if (rate <= manageable_per_hour) return 'calm'
  return rate <= most_per_hour ? 'busy' : 'over'
}

/** Alerts an operator-hour of a point; whoever is there for a part of it counts as one, and so does nobody. */
export function rate({ alerts, operators }: Point, stepMinutes: number): number {
  return (alerts * 60) / stepMinutes / Math.max(1, operators)
}

/** The top of an axis from 0 that shows `most`: a round number. */
export function top(most: number, atLeast: number): number {
  const wanted = Math.max(most, atLeast)
  const unit = 10 ** Math.floor(Math.log10(wanted))
  const found = [1, 1.5, 2, 3, 5, 10].find((step) => step * unit >= wanted) ?? 10
  return found * unit
}

/** So many of `all`, evenly apart, the first one with them. */
export function some<T>(all: T[], most: number): { index: number; value: T }[] {
  const step = Math.max(1, Math.ceil(all.length / most))
  return all.map((value, index) => ({ index, value })).filter(({ index }) => index % step === 0)
}

/** Tenths are enough. */
export function tenth(n: number): number {
  return Math.round(n * 10) / 10
}

/** Verdicts that count. */
export function verdicts({ confirmed, dismissed }: Grade): number {
  return confirmed + dismissed
}
