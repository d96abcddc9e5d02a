import catalogue from 'virtual:catalogue'
import type { Language, Problem } from '../api/types.ts'
import { en } from './en.ts'
import { vi, type Words } from './vi.ts'

const DICTIONARIES: Record<Language, Words> = { vi, en }
const LOCALES: Record<Language, string> = { vi: 'vi-VN', en: 'en-GB' }
/** The languages, each by its own name. */
export const LANGUAGES: [Language, string][] = [['vi', vi.language], ['en', en.language]]

const current = $state<{ language: Language }>({ language: 'vi' })

/** The language that the page speaks. */
export function language(): Language {
  return current.language
}

export function setLanguage(to: Language): void {
  current.language = to
  document.documentElement.lang = to
}

/** All words in the page's language; read it where it is used, so that a change of language is seen. */
export function words(): Words {
  return DICTIONARIES[current.language]
}

/** What was wrong, in words; the service's own are for programs. Of a form: what its field must be. */
export function fault({ type, fields }: Problem): string {
  const wrong: Record<string, string | undefined> = words().field
  return wrong[fields?.[0]?.field ?? ''] ?? words().problem[type]
}

export function locale(): string {
  return LOCALES[current.language]
}

/** What a class is called: by itself, or by the more general one that has a name. */
export function className(of: string): string {
  const names = catalogue.classes[current.language]
  for (let name = of; name; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const found = names[name]
    if (found) return found
  }
  return of
}

/** All kinds of violations: names, and what they are called, in the order of the language. */
export function violations(): [string, string][] {
  const order = new Intl.Collator(locale())
  return Object.entries(catalogue.violations[current.language]).toSorted(([, a], [, b]) => order.compare(a, b))
}

/** All severities, the gravest first. */
export function severities(): [string, string][] {
  const { high, medium, low, info } = words().severity
  return Object.entries({ high, medium, low, info })
}
