import type { Change, ChangeKind } from './types.ts'

/** How the stream is; refused: the answer was none, maybe because the session has ended. */
export type Link = 'live' | 'connecting' | 'lost' | 'refused'

/** What the stream says. */
export type Said = { link: Link } | { change: Change }

/** What the stream says to a page. `first`: of several pages, the one that makes sounds. */
export type Told = { link: Link } | { change: Change; first: boolean }

const KINDS: ChangeKind[] = ['incident', 'verdict', 'looking', 'camera', 'box', 'flood', 'shelf', 'reset']
const RETRY_MS = 5_000

/**
 * One connection for changes. The browser reconnects by itself after a break, with `Last-Event-ID`; an answer that
 * is no stream closes it for good, so then it is opened anew after a while.
 */
export function openFeed(tell: (said: Said) => void): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let broken = false

  function open(): void {
    source = new EventSource('/v1/events')
    source.onopen = () => {
      tell({ link: 'live' })
      // What came while it was closed for good was missed.
      if (broken) tell({ change: { kind: 'reset', no: 0, site: '' } })
      broken = false
    }
    source.onerror = () => {
      const closed = source?.readyState === EventSource.CLOSED
      tell({ link: closed ? 'refused' : 'lost' })
      if (!closed) return
      broken = true
      timer = setTimeout(open, RETRY_MS)
    }
    for (const kind of KINDS) {
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        const said = event.data ? (JSON.parse(event.data) as Omit<Change, 'kind'>) : { no: 0, site: '' }
        tell({ change: { ...said, kind } })
      })
    }
  }

  open()
  return () => {
    clearTimeout(timer)
    source?.close()
  }
}
