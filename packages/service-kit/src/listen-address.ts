/**
 * Where a service listens: for its callers, and for the people and programs that run it.
 */
import { Type, type TInteger, type TString } from 'typebox'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Of `<SERVICE>_OPERATIONS_HOST`, which all services have. */
export const OperationsHost: TString = Type.String({
  minLength: 1,
  description:
    'Address of /healthz, /readyz and /metrics; 0.0.0.0 where probes and scrapers reach it over the network',
  default: '127.0.0.1',
})

/** Of `<SERVICE>_OPERATIONS_PORT`, which all services have; 0 for any that is free. */
export function OperationsPort(standard: number): TInteger {
  return Type.Integer({
    minimum: 0,
    maximum: 65_535,
    description: 'Port of /healthz, /readyz and /metrics',
    default: standard,
  })
}
