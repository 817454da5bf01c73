/**
 * Rings of tests: `unit` needs nothing, `integration` one part against real NATS and Redis, `flows` the whole system,
 * `conformance` the same row by row of what standards ask, `browser` the pages in Chromium, `containers` the images and the
 * compose file, `model` the protocol's, `simulation` its code in virtual time, `bench` that the benchmarks still run. One
 * ring after the other: the two that follow want the machine for themselves.
 */
import { defineConfig } from 'vitest/config'

// Containers and processes start within seconds; a promise that takes longer than this is broken.
const realServers = {
  globalSetup: './infra/test/choose-servers.ts',
  testTimeout: 60_000,
  hookTimeout: 120_000,
}

export default defineConfig({
  test: {
    reporters: ['default', './infra/test/summary-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,services}/*/src/**/*.test.ts', 'infra/**/*.test.ts'],
          // They share nothing that one could spoil for another, and most of their time went into loading modules again.
          isolate: false,
          // Property tests do the same work whoever else has the processors.
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['{packages,services}/*/test/**/*.test.ts'],
          ...realServers,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'flows',
          include: ['test/flows/**/*.test.ts'],
          ...realServers,
          // With one file of the conformance beside them: both wait most of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          ...realServers,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'bench',
          include: ['test/bench/**/*.test.ts'],
          ...realServers,
          // One of them starts twenty servers.
          testTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        // Faults are proven by processes of this machine, whatever the others run their servers in.
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 7 },
        },
      },
      {
        extends: true,
        // Chromium wants a core for itself, the system that it looks at the other.
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          ...realServers,
          // One test goes through all states of a page.
          testTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 6 },
        },
      },
      {
        extends: true,
        // Its searches use both cores by themselves.
        test: {
          name: 'model',
          include: ['test/model/**/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
        },
      },
      {
        extends: true,
        // Its processes use both cores by themselves.
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 8 },
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          include: ['test/containers/**/*.test.ts'],
          ...realServers,
          // Building an image copies thousands of files.
          hookTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
