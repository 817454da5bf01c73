/**
 * ④ ⑤ Decides whether tests get their servers as containers or as processes.
 * Promise: one answer for a process, printed where it was a choice; a kind that is demanded is never silently replaced.
 */
import { getContainerRuntimeClient } from 'testcontainers'

import { requiredServers, type ServerKind } from './config.ts'

let chosen: Promise<ServerKind> | undefined

/** @throws when containers are demanded and no engine answers. */
export function chooseServers(): Promise<ServerKind> {
  chosen ??= choose()
  return chosen
}

/** Why no container can be started; undefined when one can. */
export async function engineTrouble(): Promise<string | undefined> {
  try {
    await getContainerRuntimeClient()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function choose(): Promise<ServerKind> {
  const required = requiredServers()
  if (required === 'processes') return required
  const trouble = await engineTrouble()
  if (required === 'containers') {
    if (trouble === undefined) return required
    throw new Error(`CURFEW_TEST_SERVERS=containers, but no container engine answers: ${trouble}`)
  }
  const kind = trouble === undefined ? 'containers' : 'processes'
  console.info(`curfew test-kit: NATS and Redis run as ${describeServers(kind)}`)
  return kind
}

export function describeServers(kind: ServerKind): string {
  return kind === 'containers'
    ? 'containers (Testcontainers)'
    : 'processes of this machine (no container engine is used)'
}
