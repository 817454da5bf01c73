/**
 * Before the first test that needs servers: decides, and says, once for the run how they are started.
 */
import { chooseServers } from '@curfew/test-kit'

export async function setup(): Promise<void> {
  // The workers that vitest starts later see it.
  process.env['CURFEW_TEST_SERVERS'] = await chooseServers()
}
