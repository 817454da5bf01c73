/**
 * ⑦ All routes of the file service on one server.
 */
import type { CurfewServer } from '@curfew/service-kit'
import type { Registry } from 'prom-client'

import type { ClaimDesk, FileStore } from '../ports.ts'
import { createAdmission } from './admission.ts'
import { createClaimReport } from './claim-report.ts'
import { watchArrivals } from './arrival.ts'
import { answerPreflights } from './cors.ts'
import { addDeliverRoutes } from './deliver.ts'
import { Deliveries, type Pace } from './delivery.ts'
import { addRefusalPages } from './pages.ts'
import { addRemoveRoute } from './remove.ts'
import { createTransferPlaces } from './transfer-places.ts'
import { addUploadRoute } from './upload.ts'

export interface FileRoutesOptions {
  readonly claims: ClaimDesk
  readonly store: FileStore
  readonly registry: Registry
  readonly allowClaimInUrl: boolean
  /** Whose pages may send claims from a script. */
  readonly corsOrigins: ReadonlySet<string>
  readonly maxBytes: number
  readonly pace: Pace
}

/** @returns what must be settled after the server has closed and before the connection to the authority is. */
export function addFileRoutes(app: CurfewServer, options: FileRoutesOptions): Deliveries {
  const { claims, store, registry, allowClaimInUrl, corsOrigins, maxBytes, pace } = options
  answerPreflights(app, corsOrigins)
  addRefusalPages(app)
  const admission = createAdmission(claims, createClaimReport(registry))
  const deliveries = new Deliveries(claims, watchArrivals(app), pace)
  const takePlace = createTransferPlaces()
  addDeliverRoutes(app, { admission, takePlace, deliveries, store, allowClaimInUrl })
  addUploadRoute(app, { admission, takePlace, store, maxBytes })
  addRemoveRoute(app, { admission, store })
  return deliveries
}
