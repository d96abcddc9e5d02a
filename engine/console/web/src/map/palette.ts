import type { Severity } from '../api/types.ts'

const NAMES = [
  'ground', 'surface', 'sunken', 'line', 'line-strong', 'text', 'muted', 'accent', 'on-accent', 'good-ground', 'low-ground', 'info-ground',
  'high', 'medium', 'low', 'info',
] as const

export type Palette = Record<(typeof NAMES)[number], string>

/** The colours of the page as they are now, in the theme of `within`: a canvas knows no variables of CSS. */
export function paletteOf(within: HTMLElement): Palette {
  const probe = document.createElement('i')
  probe.hidden = true
  within.append(probe)
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const colours = NAMES.map((name) => [name, read(name)] as const)
  probe.remove()
  return Object.fromEntries(colours) as Palette
}

export function severityColours(palette: Palette): Record<Severity, string> {
  const { high, medium, low, info } = palette
  return { high, medium, low, info }
}
