import { value } from '../words/format.ts'

/** A place in the picture, as a person reads it: 12,5 %. */
export function percentOf(share: number): string {
  return `${value(Math.round(share * 1000) / 10)} %`
}
