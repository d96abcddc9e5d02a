export type Page = 'queue' | 'case' | 'map' | 'cameras' | 'zones' | 'flood' | 'workload' | 'people' | 'tokens' | 'audit'
/** A page that one goes to by the navigation. */
export type Tab = Exclude<Page, 'case' | 'flood' | 'zones'>
export type Route = { page: Page; id: string }

const PAGES: Page[] = ['queue', 'case', 'map', 'cameras', 'zones', 'flood', 'workload', 'people', 'tokens', 'audit']

/** What somebody typed may be no such text: then it is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function read(): Route {
  const [, page, ...rest] = location.hash.split('/')
  const known = PAGES.find((known) => known === page) ?? 'queue'
  return { page: known, id: decoded(rest.join('/')) }
}

const route = $state<{ now: Route }>({ now: read() })
addEventListener('hashchange', () => (route.now = read()))

export function routeNow(): Route {
  return route.now
}

export function addressOf(page: Page, id = ''): string {
  return `#/${page}${id && `/${encodeURIComponent(id)}`}`
}

export function go(page: Page, id = ''): void {
  location.hash = addressOf(page, id)
}
