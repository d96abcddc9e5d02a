// One stream for all pages of a browser: it gives an origin six connections over all of its pages, and a page that
// held one of them for itself would leave a seventh page without answers.
import { openFeed, type Link, type Said, type Told } from './feed.ts'

declare const self: { onconnect: ((event: MessageEvent) => void) | null }

const ports: MessagePort[] = []
let link: Link = 'connecting'
let close: (() => void) | undefined

function tellAll(said: Said): void {
  if ('link' in said) link = said.link
  ports.forEach((port, index) => {
    const message: Told = 'link' in said ? said : { ...said, first: index === 0 }
    port.postMessage(message)
  })
}

self.onconnect = (event) => {
  const port = event.ports[0]
  if (!port) return
  ports.push(port)
  port.onmessage = () => {
    // A page goes.
    const index = ports.indexOf(port)
    if (index >= 0) ports.splice(index, 1)
    if (ports.length > 0) return
    close?.()
    close = undefined
    link = 'connecting'
  }
  port.postMessage({ link } satisfies Told)
  close ??= openFeed(tellAll)
}
