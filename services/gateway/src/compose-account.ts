/**
 * ① Joins what people do with their own sessions: step-up, the list of sessions, live events and the account page.
 */
import type { CsrfTokens } from '@curfew/browser-boundary'
import type { CurfewServer } from '@curfew/service-kit'
import type { Verifier } from '@curfew/verifier'
import type { NatsConnection } from '@nats-io/transport-node'

import { createOwnSessions } from './adapters/nats-own-sessions.ts'
import type { GatewayConfig } from './config.ts'
import type { ReauthenticationPorts } from './domain/re-authenticate.ts'
import type { PageFiles, SessionAuthority } from './ports.ts'
import type { Boundary } from './routes/boundary.ts'
import { addElevateRoute } from './routes/elevate.ts'
import { addOwnSessionsRoutes } from './routes/own-sessions.ts'
import { addPageRoutes } from './routes/pages.ts'
import type { Reports } from './routes/reports.ts'
import { addSessionEventsRoute } from './routes/session-events.ts'

export interface AccountParts {
  readonly ports: ReauthenticationPorts & { readonly authority: SessionAuthority }
  readonly boundary: Boundary
  readonly csrf: CsrfTokens
  readonly verifier: Verifier
  readonly nc: NatsConnection
  readonly reports: Reports
  readonly files: PageFiles
}

export function addAccountRoutes(
  app: CurfewServer,
  { cookieName, recentAuthenticationSeconds, filesOrigin, returnOrigins }: GatewayConfig,
  { ports, boundary, csrf, verifier, nc, reports, files }: AccountParts,
): void {
  const { authority } = ports
  addElevateRoute(app, { boundary, csrf, cookieName, ports, reports })
  const ownSessions = createOwnSessions(nc)
  addOwnSessionsRoutes(app, { boundary, ownSessions, authority, cookieName, recentAuthenticationSeconds })
  addSessionEventsRoute(app, { boundary, verifier })
  addPageRoutes(app, { boundary, files, filesOrigin, returnOrigins })
}
