import { openFeed, type Link, type Told } from '../api/feed.ts'
import type { Change } from '../api/types.ts'

/** How the stream of changes is. */
export const stream = $state<{ link: Link }>({ link: 'connecting' })

type Listener = (change: Change, first: boolean) => void
const listeners = new Set<Listener>()

/** Be told of changes; the answer ends it. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function hear(told: Told, refused: () => void): void {
  if ('link' in told) {
    stream.link = told.link
    if (told.link === 'refused') refused()
  } else for (const listener of listeners) listener(told.change, told.first)
}

/**
 * Begin to hear; the answer ends it. `refused` is called when the service does not let us. Browsers without shared
 * workers (phones) have a stream a page.
 */
export function connect(refused: () => void): () => void {
  stream.link = 'connecting'
  if (typeof SharedWorker === 'undefined') return openFeed((told) => hear('link' in told ? told : { ...told, first: true }, refused))
  const worker = new SharedWorker(new URL('../api/feed-worker.ts', import.meta.url), { type: 'module', name: 'viahe' })
  const leave = (): void => worker.port.postMessage('bye')
  worker.port.onmessage = (event: MessageEvent<Told>) => hear(event.data, refused)
  addEventListener('pagehide', leave)
  return () => {
    removeEventListener('pagehide', leave)
    leave()
    worker.port.close()
  }
}
