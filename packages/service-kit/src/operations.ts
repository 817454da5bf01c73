/**
 * What the people and programs that run a service ask it: is it alive, should it get requests, its numbers.
 * Promise: alive says only that the process answers; ready is false until the public port is open, and from when the service is told to stop.
 */
import { Type } from '@fastify/type-provider-typebox'
import type { Registry } from 'prom-client'

import type { CurfewServer } from './curfew-server.ts'
import { examine, type ReadinessCheck } from './readiness.ts'

export interface OperationsOptions {
  readonly service: string
  readonly registry: Registry
  readonly readiness: readonly ReadinessCheck[]
}

const Liveness = Type.Object({ status: Type.Literal('alive'), service: Type.String() })
const Readiness = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('degraded'), Type.Literal('not-ready')]),
  checks: Type.Record(Type.String(), Type.String()),
})

export function addOperationsRoutes(
  app: CurfewServer,
  { service, registry, readiness }: OperationsOptions,
): void {
  app.get(
    '/healthz',
    { schema: { response: { 200: Liveness } } },
    () => ({ status: 'alive', service }) as const,
  )

  app.get('/readyz', { schema: { response: { 200: Readiness, 503: Readiness } } }, async (_, reply) => {
    const { isReady, isDegraded, checks } = await examine(readiness)
    if (isReady) return { status: isDegraded ? 'degraded' : 'ready', checks } as const
    return reply.code(503).header('retry-after', '1').send({ status: 'not-ready', checks })
  })

  app.get('/metrics', async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
