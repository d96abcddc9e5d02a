import type { Plugin } from 'vite'
import { answer } from './answer.ts'
import { answerMap, MAP } from './tiles.ts'
import { World } from './world.ts'

/** Puts the made-up city behind the development server; not part of what is built. */
export function mock(): Plugin {
  return {
    name: 'viahe-mock',
    apply: 'serve',
    configureServer(server) {
      const world = new World(Number(process.env['MOCK_LINES'] ?? 120), Date.now(), 'vector')
      world.work.fold('phuong-ben-nghe', Array.from({ length: 14 }, (_, n) => world.add(600 + 3 * n, Date.now()).summary.id))
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith('/v1/')) answer(world, request, response).catch(next)
        else if (request.url === MAP) answerMap(request, response)
        else next()
      })
    },
  }
}
