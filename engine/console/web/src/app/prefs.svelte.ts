export type Theme = 'system' | 'light' | 'dark'

interface Prefs {
  theme: Theme
  sound: boolean
  notify: boolean
  overlay: boolean
  /** Why a case was told is shown with it. */
  why: boolean
  /** Cameras are shown by their pictures. */
  wall: boolean
}

const KEY = 'viahe.prefs'

function load(): Prefs {
  const fallback: Prefs = { theme: 'system', sound: false, notify: false, overlay: true, why: false, wall: true }
  try {
    return { ...fallback, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Prefs>) }
  } catch {
    return fallback // storage is switched off, or holds something else
  }
}

/** What this browser is to do; nothing of it is the service's business. */
export const prefs = $state<Prefs>(load())

function keep(): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs))
  } catch {
    // Then it holds until the page is closed.
  }
}

// Another page of this browser changed it; of several pages, any may be the one that makes sounds.
addEventListener('storage', ({ key }) => {
  if (key !== KEY) return
  Object.assign(prefs, load())
  showTheme()
})

export function showTheme(): void {
  document.documentElement.dataset['theme'] = prefs.theme
}

export function setPref<K extends keyof Prefs>(key: K, value: Prefs[K]): void {
  prefs[key] = value
  keep()
  showTheme()
}
