/**
 * `npm test`: the checks of `pnpm check`, then every test on real servers. Arguments go to vitest.
 * Promise: says which servers are used; the last line is `N passed, N failed`, and the exit code agrees with it.
 */
import { NoServers } from '@curfew/local-system'
import { chooseServers, describeServers, startTestServers, type ServerKind } from '@curfew/test-kit'

import { runChecks } from './checks.ts'
import { codeOfStop, runProgram, watchForSignals } from './run-program.ts'

/** Starts them once: where programs have to be obtained first, that happens here and not in every test file at a time. */
async function prepareServers(): Promise<ServerKind> {
  const kind = await chooseServers()
  heading(`tests; NATS and Redis run as ${describeServers(kind)}`)
  await using servers = await startTestServers()
  return servers.kind === 'containers' ? 'containers' : 'processes'
}

async function main(vitestArgs: readonly string[]): Promise<number> {
  const failed = await runChecks()
  const stopped = codeOfStop()
  if (stopped !== undefined) return stopped
  if (failed.length > 0) {
    console.error(`\nNot acceptable: ${failed.join(', ')}. See above; the tests have not been run.`)
    console.info(`0 passed, ${failed.length} failed`)
    return 1
  }
  const kind = await prepareServers()
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...vitestArgs]
  return runProgram(process.execPath, vitest, { CURFEW_TEST_SERVERS: kind })
}

function heading(text: string): void {
  console.info(`\n── ${text}`)
}

watchForSignals()
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof NoServers ? error.message : error)
  console.info('0 passed, 1 failed')
  process.exitCode = 1
}
// The channel to bootstrap.mjs would keep this process alive.
if (process.connected) process.disconnect()
