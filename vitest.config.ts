/**
 * Three rings of tests: `unit` needs nothing, `integration` one part against real NATS and Redis, `flows` the whole system.
 */
import { defineConfig } from 'vitest/config'

// Containers and processes start within seconds; a promise that takes longer than this is broken.
const realServers = { testTimeout: 60_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    reporters: ['default', './infra/test/summary-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['{packages,services}/*/src/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['{packages,services}/*/test/**/*.test.ts'],
          ...realServers,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: { name: 'flows', include: ['test/flows/**/*.test.ts'], ...realServers, maxWorkers: 1 },
      },
    ],
  },
})
