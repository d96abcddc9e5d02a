import type { ZoneWords } from '../words/zones/index.ts'
import { nameOf, type Draft, type Ref } from './draft.ts'

/** What a thing of the draft is called. */
export function labelOf(draft: Draft, { kind, key }: Ref, words: ZoneWords): string {
  switch (kind) {
    case 'zone': {
      const zone = draft.zones.find((zone) => zone.key === key)
      return zone ? (zone.name ?? zone.id) : ''
    }
    case 'line':
      return draft.lines.find((line) => line.key === key)?.id ?? ''
    case 'bay':
      return draft.bays.find((bay) => bay.key === key)?.written.id ?? ''
    case 'rule': {
      const rule = draft.rules.find((rule) => rule.key === key)
      return rule ? nameOf(rule.written) : ''
    }
    case 'calibration':
      return words.calibration
    case 'model':
      return words.model
  }
}
