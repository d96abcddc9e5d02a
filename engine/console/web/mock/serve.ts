// The built page before the made-up city, under the content policy of the service (`src/http/secure.rs`).
// `node mock/serve.ts [PORT] [LINES] [map]` says its address in a line; with `map` a map lies below it. What comes on
// standard input as `incident` opens another one at a new place, `flood` many at once, `crowd N` so many at one place,
// and `over ID` closes one.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { extname, join, normalize } from 'node:path'
import { answer } from './answer.ts'
import { answerMap, MAP } from './tiles.ts'
import { World } from './world.ts'

const [port = '0', lines = '120', map] = process.argv.slice(2)
const dist = join(import.meta.dirname, '../dist')
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
const POLICY =
  "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

function read(path: string): [string, Buffer] {
  const file = normalize(path).replace(/^\/+/, '')
  const name = extname(file) ? file : 'index.html'
  return [TYPES[extname(name)] ?? 'application/octet-stream', readFileSync(join(dist, name))]
}

const world = new World(Number(lines), Date.now(), map === 'map' ? 'vector' : null)
const server = createServer((request, response) => {
  const path = request.url?.split('?')[0] ?? '/'
  if (path.startsWith('/v1/')) return void answer(world, request, response)
  if (path === MAP) return answerMap(request, response)
  try {
    const [type, body] = read(path)
    response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' })
    response.end(body)
  } catch {
    response.writeHead(404).end()
  }
})

let fresh = Number(lines)
/** A place where nothing else is. */
const CROWDED = 901
createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, id = ''] = line.trim().split(' ')
  if (word === 'over') return world.close(id)
  if (word === 'flood') {
    const ids = Array.from({ length: 14 }, (_, n) => world.add(600 + 3 * n, Date.now()).summary.id)
    return world.tell('flood', { site: world.work.fold(world.details.get(ids[0]!)!.summary.site, ids).site })
  }
  if (word === 'crowd') {
    const { summary } = Array.from({ length: Number(id) }, (_, n) => world.add(CROWDED, Date.now() - 1_000 * n))[0]!
    return world.tell('incident', { id: summary.id, site: summary.site, place: summary.place })
  }
  if (word !== 'incident') return
  const { summary } = world.add((fresh += 1), Date.now(), true)
  world.tell('incident', { id: summary.id, site: summary.site, place: summary.place })
})

server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address()
  console.log(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`)
})
