/**
 * The description of a service's HTTP interface (OpenAPI 3.1), made of the schemas that its routes check requests with.
 * Promise: what is described is what is served; a route that says nothing about itself is described by its schemas alone.
 */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from 'typebox'

import type { CurfewServer } from './curfew-server.ts'
import { hidden } from './described.ts'

export interface ApiDescription {
  readonly title: string
  readonly description: string
  /** By name; the first is what a route asks for that names none. */
  readonly credentials: Readonly<Record<string, SecurityScheme>>
  /** Also a page to try it out, at `/docs`. */
  readonly isPageServed: boolean
}

interface SecurityScheme {
  readonly type: 'http' | 'apiKey'
  readonly scheme?: string
  readonly in?: 'cookie'
  readonly name?: string
  readonly description: string
}

const VERSION = '0.1.0'

/** No script but its own files, and nobody to talk to but this service. Its script writes styles into its elements. */
const PAGE_POLICY =
  "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'"

const ProblemShape = Type.Object({
  type: Type.String({ description: 'urn:curfew:problem:<code>' }),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'Stable; the only member to match on' }),
  detail: Type.Optional(Type.String()),
  request_id: Type.String(),
})

/** To be called before the routes are added. */
export async function describeApi(app: CurfewServer, api: ApiDescription): Promise<void> {
  const { title, description, credentials, isPageServed } = api
  await app.register(swagger, {
    exposeHeadRoutes: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        description,
        version: VERSION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: credentials as never, schemas: { Problem: ProblemShape as never } },
      security: Object.keys(credentials)
        .slice(0, 1)
        .map((name) => ({ [name]: [] })),
    },
    transform: ({ schema, url, route: { method } }) => ({
      schema: isNoInterface(method, url) ? (hidden() as never) : describeRoute(schema ?? {}, method, url),
      url,
    }),
  })
  app.get('/openapi.json', { schema: hidden() }, () => app.swagger())
  if (isPageServed)
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: PAGE_POLICY,
      // Tokens are typed into it: it keeps them in memory alone, and asks nobody else about anything.
      uiConfig: { persistAuthorization: false, validatorUrl: null, deepLinking: false },
    })
}

interface Described {
  readonly response?: object
  readonly 'x-answers'?: object
}

type Method = string | readonly string[]

function describeRoute(schema: object, method: Method, url: string): never {
  const { 'x-answers': answers, response, ...rest } = schema as Described
  const problem = {
    description: 'A problem (RFC 9457)',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
  return {
    // One name cannot stand for several methods.
    ...(typeof method === 'string' && { operationId: operationIdOf(method, url) }),
    ...rest,
    response: { ...response, ...answers, default: problem },
  } as never
}

/** `GET /v1/subjects/:tenant/:user/grants` becomes `get_v1_subjects_tenant_user_grants`. */
function operationIdOf(method: string, url: string): string {
  return `${method}${url}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/_$/, '')
}

/** Preflights, and what passes to other services. */
function isNoInterface(method: Method, url: string): boolean {
  return method === 'OPTIONS' || url.endsWith('*')
}
