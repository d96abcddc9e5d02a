import type { CameraHeard } from '../api/types.ts'

type Of = Pick<CameraHeard, 'site' | 'camera' | 'state'>

/** What people call a camera; its id while it has no name. */
export function nameOf({ camera, state }: Of): string {
  return state.name || camera
}

/** One camera of all: two sites may give theirs the same id, and streets the same name. */
export function fullNameOf({ site, camera, state }: Of): string {
  const address = `${site}/${camera}`
  return state.name ? `${state.name} (${address})` : address
}

/** Case and marks do not count. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('đ', 'd')
}

export function isCalled(of: Of, words: string): boolean {
  const full = plain(fullNameOf(of))
  return plain(words).split(/\s+/).every((word) => full.includes(word))
}
