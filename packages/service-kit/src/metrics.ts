/**
 * The numbers of a process, in Prometheus' format.
 * Promise: label values come from small fixed sets; an id or a URL is never one.
 */
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'

import { countLostLines } from './log-output.ts'

const HTTP_DURATION = 'http_request_duration_seconds'

/** The process's own metrics, the log lines that it lost and the duration of its HTTP requests, labelled with the service. */
export function createMetrics(service: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  countLostLines(registry)
  httpDuration(registry)
  return registry
}

/** `route` is the pattern (`/documents/:id`), never the path. */
export function httpDuration(registry: Registry): Histogram<'method' | 'route' | 'status'> {
  const existing = registry.getSingleMetric(HTTP_DURATION)
  if (existing instanceof Histogram) return existing
  return new Histogram({
    name: HTTP_DURATION,
    help: 'Time from the request to the end of the response, in seconds',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
}
