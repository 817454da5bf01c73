/**
 * ④ ⑤ One server in a container that tests may kill, pause and restart.
 * Promise: the port on this machine and the data inside stay the same until it is removed.
 */
import { freePort, type ServerHandle } from '@curfew/local-system'
import { getContainerRuntimeClient, type StartedTestContainer } from 'testcontainers'

import type { LoopbackContainer } from './loopback-container.ts'
import { UntilItAnswers } from './until-it-answers.ts'

const RESTART_GRACE_MS = 10_000
const PORT_ATTEMPTS = 5
const LAST_LINES = 20
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGQUIT'])

export interface ServerContainer extends ServerHandle {
  remove(): Promise<void>
}

export interface ServerContainerPlan {
  /** Describes the container anew for each attempt; the port of this machine is added here. */
  readonly make: () => LoopbackContainer
  readonly containerPort: number
  readonly answers: (port: number) => Promise<boolean>
}

/** @throws with the end of the server's log. */
export async function startServerContainer(plan: ServerContainerPlan): Promise<ServerContainer> {
  const { make, containerPort, answers } = plan
  for (let attempt = 1; ; attempt += 1) {
    // The same number after each restart, so the engine cannot choose it; somebody else may take it first.
    const port = await freePort()
    const lines: string[] = []
    const container = make()
      .withExposedPorts({ container: containerPort, host: port })
      .withWaitStrategy(new UntilItAnswers(() => answers(port)))
      .withLogConsumer((stream) => {
        stream.on('data', (line: Buffer) => lines.push(String(line).trimEnd()))
      })
    try {
      return handleOf(await container.start(), port)
    } catch (error) {
      if (attempt < PORT_ATTEMPTS && isPortConflict(error)) continue
      const log = lines.slice(-LAST_LINES).map((line) => `\n  ${line}`)
      throw new Error(`a server container did not start: ${String(error)}${log.join('')}`, { cause: error })
    }
  }
}

function isPortConflict(error: unknown): boolean {
  return /port is already allocated|address already in use/.test(String(error))
}

function handleOf(container: StartedTestContainer, port: number): ServerContainer {
  const send = async (signal: NodeJS.Signals): Promise<void> => {
    const { dockerode } = (await getContainerRuntimeClient()).container
    const running = dockerode.getContainer(container.getId())
    if (!(await running.inspect()).State.Running) return
    await running.kill({ signal })
    if (ENDING.has(signal)) await running.wait()
  }
  return {
    pid: undefined,
    port,
    kill: send,
    restart: async () => {
      // A paused server would sleep through the request to end, and lose what it has not written yet.
      await send('SIGCONT')
      await container.restart({ timeout: RESTART_GRACE_MS })
    },
    remove: async () => {
      await container.stop()
    },
  }
}
