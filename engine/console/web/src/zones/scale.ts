import type { Point } from './geometry.ts'

/** From fractions of the picture to px of the screen. */
export class Scale {
  readonly width: number
  readonly height: number

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
  }

  px([x, y]: Point): [number, number] {
    return [Math.round(x * this.width * 10) / 10, Math.round(y * this.height * 10) / 10]
  }

  path(points: readonly Point[], closed: boolean): string {
    if (points.length === 0) return ''
    return `M${points.map((point) => this.px(point).join(' ')).join('L')}${closed ? 'Z' : ''}`
  }
}
