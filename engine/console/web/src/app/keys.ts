export type Keys = Record<string, (event: KeyboardEvent) => void>

/** What may be held to go on; every other key acts once, however long it is held. */
const STEPS = new Set(['j', 'k', 'ArrowDown', 'ArrowUp'])

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select')
}

/**
 * Keys of a page. Not while one writes, but for Escape; not with Ctrl, Alt or Meta, which are the browser's; and not
 * while a dialog is open, which has its own.
 */
export function onKeys(keys: Keys): () => void {
  let acted = ''
  function hear(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return
    if (event.repeat && !STEPS.has(event.key)) {
      // It is not written either into what it gave the focus to.
      if (event.key === acted) event.preventDefault()
      return
    }
    acted = ''
    if (event.key !== 'Escape' && isWriting(event.target)) return
    if (document.querySelector('dialog[open]')) return
    // Enter and Space on a button or a link press it.
    const presses = event.target instanceof HTMLElement && event.target.closest('button, a, summary')
    if (presses && (event.key === 'Enter' || event.key === ' ')) return
    const act = keys[event.key]
    if (!act) return
    event.preventDefault()
    acted = event.key
    act(event)
  }
  addEventListener('keydown', hear)
  return () => removeEventListener('keydown', hear)
}
