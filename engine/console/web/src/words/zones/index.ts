import type { Language } from '../../api/types.ts'
import { language } from '../index.svelte.ts'
import type { Widened } from '../vi.ts'
import { en } from './en.ts'
import { vi } from './vi.ts'

/** The words of the zone editor, in one language. */
export type ZoneWords = Widened<typeof vi>

const DICTIONARIES: Record<Language, ZoneWords> = { vi, en }

/** In the page's language. */
export function zoneWords(): ZoneWords {
  return DICTIONARIES[language()]
}
