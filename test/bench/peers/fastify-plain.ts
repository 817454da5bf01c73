/** The route without any guard: what Fastify itself costs. */
import { fastify } from 'fastify'

import { ANYWHERE, GUARDED_PATH, documentFor, type Guarded } from './guarded.ts'

/** The token is sent, and nobody looks at it. */
export async function startUnguarded(): Promise<Pick<Guarded, 'url' | 'close'>> {
  const app = fastify()
  app.get(GUARDED_PATH, () => documentFor('nobody'))
  return { url: await app.listen(ANYWHERE), close: () => app.close() }
}
