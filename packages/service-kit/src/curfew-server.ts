/** What `createHttpServer` makes: Fastify whose schemas are TypeBox's. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'

declare module 'fastify' {
  interface FastifyInstance {
    /** Readiness says no from here on; requests are answered as before. */
    leave(): void
    /** Origin of the operations port, once it is open. */
    operationsUrl(): string
  }
}

export type CurfewServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>
