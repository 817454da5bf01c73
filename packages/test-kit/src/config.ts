/**
 * What the environment says about the servers of a test run. The only reader of process.env here.
 */
export type ServerKind = 'containers' | 'processes'

/** `CURFEW_TEST_SERVERS`: which kind must be used; undefined leaves the choice to what the machine has. */
export function requiredServers(): ServerKind | undefined {
  const required = process.env['CURFEW_TEST_SERVERS']
  if (required === undefined || required === '') return undefined
  if (required === 'containers' || required === 'processes') return required
  throw new Error(`CURFEW_TEST_SERVERS is "${required}"; it may be "containers" or "processes"`)
}

/** The images of the two servers: public ones, unless the environment names others. */
export function serverImages(): { readonly nats: string; readonly redis: string } {
  return {
    nats: process.env['CURFEW_TEST_NATS_IMAGE'] ?? 'nats:2',
    redis: process.env['CURFEW_TEST_REDIS_IMAGE'] ?? 'redis:7',
  }
}

/** A label for every container of this run, so that whoever started the run can find what a crash leaves behind. */
export function runLabels(): Record<string, string> {
  const run = process.env['CURFEW_TEST_RUN']
  return run === undefined ? {} : { 'curfew.test-run': run }
}
