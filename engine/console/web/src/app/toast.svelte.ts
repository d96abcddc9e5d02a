interface Toast {
  text: string
  bad: boolean
  undo: (() => void) | null
}

const SHOWN_MS = 8_000
const toast = $state<{ now: Toast | null }>({ now: null })
let timer: ReturnType<typeof setTimeout> | undefined

export function toastNow(): Toast | null {
  return toast.now
}

/** What went well; it does not hide what went wrong just before. */
export function say(text: string, undo: (() => void) | null = null): void {
  if (!toast.now?.bad) show({ text, bad: false, undo })
}

export function complain(text: string): void {
  show({ text, bad: true, undo: null })
}

export function hush(): void {
  toast.now = null
}

function show(next: Toast): void {
  toast.now = next
  clearTimeout(timer)
  timer = setTimeout(hush, SHOWN_MS)
}
