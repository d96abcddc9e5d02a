interface Toast {
  text: string
  bad: boolean
  act: Act | null
}

/** A button of it; with the key that does the same, where there is one. */
interface Act {
  text: string
  key?: string
  does: () => void
}

const SHOWN_MS = 8_000
const toast = $state<{ now: Toast | null }>({ now: null })
let timer: ReturnType<typeof setTimeout> | undefined

export function toastNow(): Toast | null {
  return toast.now
}

/** What went well; it does not hide what went wrong just before. */
export function say(text: string, act: Act | null = null): void {
  if (!toast.now?.bad) show({ text, bad: false, act })
}

export function complain(text: string, act: Act | null = null): void {
  show({ text, bad: true, act })
}

export function hush(): void {
  toast.now = null
}

function show(next: Toast): void {
  toast.now = next
  clearTimeout(timer)
  timer = setTimeout(hush, SHOWN_MS)
}
