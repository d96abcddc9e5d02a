import type { Editor } from './editor.svelte.ts'

/** Cameras whose drawings are kept while one is elsewhere on the page. */
const KEPT_MAX = 8
const kept = new Map<string, Editor>()

export function editorOf(id: string): Editor | null {
  return kept.get(id) ?? null
}

export function keep(id: string, editor: Editor): Editor {
  kept.set(id, editor)
  // The oldest goes that has nothing unsaved.
  const spare = [...kept].find(([other, { edits }]) => other !== id && edits.length === 0)?.[0]
  if (kept.size > KEPT_MAX && spare) kept.delete(spare)
  return editor
}

/** Is anything drawn anywhere that was not saved? */
export function unsaved(): boolean {
  return [...kept.values()].some(({ edits }) => edits.length > 0)
}
