/**
 * `npm start`: NATS, Redis and every service on this machine, until Ctrl-C.
 * Promise: it runs whole and says how to use it, or says what is wrong; either way it leaves nothing running.
 */
import { AlreadyRunning, checkPorts, endAllChildren, takeDirectory } from '@curfew/local-system'

import { banner } from './banner.ts'
import { describeDeath, watchForEnding } from './endings.ts'
import { readSettings, type Settings } from './settings.ts'
import { publish, startSystem, unpublish } from './system.ts'
import { complain, say, show } from './terminal.ts'

/** Codes of errors whose message is all that people need; the stack of any other one is shown. */
const SELF_EXPLANATORY: ReadonlySet<unknown> = new Set(['CHILD_FAILED', 'NO_SERVERS', 'PORT_FAULTS'])

async function run(settings: Settings): Promise<number> {
  const { directory, ports, areServersExternal } = settings
  const record = await takeDirectory(directory)
  const { ending, onUnexpectedExit } = watchForEnding()
  try {
    unpublish(directory)
    await checkPorts(ports, areServersExternal)
    const system = await Promise.race([startSystem(settings, record, onUnexpectedExit), ending])
    if (!('kind' in system)) {
      publish(directory, system)
      show(banner(system, directory))
    }
    const { kind, ...rest } = await ending
    if ('exit' in rest) complain(describeDeath(rest.exit))
    else say('stopping')
    return kind === 'asked' ? 0 : 1
  } finally {
    unpublish(directory)
    await endAllChildren()
    record.release()
  }
}

function explain(error: unknown): string {
  if (error instanceof AlreadyRunning)
    return `Curfew runs in this folder already (process ${error.pid}). Stop it with Ctrl-C where it was started, or with: kill ${error.pid}`
  if (error instanceof Error && 'code' in error && SELF_EXPLANATORY.has(error.code)) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

try {
  process.exit(await run(readSettings(process.env)))
} catch (error) {
  complain(explain(error))
  process.exit(1)
}
