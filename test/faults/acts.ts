/**
 * The faults themselves: what is killed, stopped, cut and put back, each with its proof.
 */
import { ChildFailed, type ServerHandle, type ServiceProcess } from '@curfew/local-system'

import { pidOf, proveDead, proveStopped } from './process-state.ts'
import type { FaultPlan } from './scenario.ts'
import type { ProcessName, ServerName, World } from './world.ts'

type Victim = ServiceProcess | ServerHandle

/** Longer than any other fault lasts. */
const STARTED_WITHIN_MS = 60_000
const COUNTED_WITHIN_MS = 60_000
const POLL_MS = 10

type Act = Pick<FaultPlan, 'begin' | 'end'>

/** `kill -9`, and started again in the end. */
export function killed(name: string, victim: Victim): Act {
  return {
    begin: async () => {
      const pid = pidOf({ name, pid: victim.pid })
      await victim.kill('SIGKILL')
      return proveDead(name, pid)
    },
    end: () => startAgain(victim),
  }
}

/** A process that finds nobody to connect to when it starts says so and ends; a supervisor starts it again. */
async function startAgain(victim: Victim): Promise<void> {
  const deadlineMs = performance.now() + STARTED_WITHIN_MS
  for (;;)
    try {
      return await victim.restart()
    } catch (error) {
      if (!(error instanceof ChildFailed) || performance.now() > deadlineMs) throw error
    }
}

/** SIGSTOP until the end. */
export function stopped(name: string, victim: Victim): Act {
  return {
    begin: async () => {
      await victim.kill('SIGSTOP')
      return proveStopped(name, pidOf({ name, pid: victim.pid }))
    },
    end: () => victim.kill('SIGCONT'),
  }
}

/** The link of one process says nothing, one way or both; afterwards what was held arrives late, or is lost with its connection. */
export function silenced(
  world: World,
  [process, server]: readonly [ProcessName, ServerName],
  directions: readonly ('to-server' | 'to-client')[],
  held: 'deliver' | 'cut',
): Act {
  const link = world.link(process, server)
  const before = link.counters.bytesHeld
  return {
    begin: () => {
      link.fail({ kind: 'black-hole', directions })
      return `${process} and ${server} hear nothing ${directions.join(' and ')}`
    },
    end: async () => {
      const counted = await untilCounted('bytes held', () => link.counters.bytesHeld - before)
      link.restore(held)
      return counted
    },
  }
}

/** Connections of the link are reset and no new ones accepted. */
export function cut(world: World, process: ProcessName, server: ServerName): Act {
  const link = world.link(process, server)
  const before = link.counters.connectionsCut
  return {
    begin: () => {
      link.fail({ kind: 'cut' })
      return `${process} and ${server} cannot connect`
    },
    end: async () => {
      const counted = await untilCounted('connections cut', () => link.counters.connectionsCut - before)
      link.restore()
      return counted
    },
  }
}

/** Every message of the link takes longer. */
export function slowed(world: World, [process, server]: readonly [ProcessName, ServerName], ms: number): Act {
  const link = world.link(process, server)
  const before = link.counters.bytesDelayed
  return {
    begin: () => {
      link.fail({ kind: 'delay', ms })
      return `${process} and ${server} hear each other ${ms.toFixed(0)} ms late`
    },
    end: async () => {
      const counted = await untilCounted('bytes delayed', () => link.counters.bytesDelayed - before)
      link.restore()
      return counted
    },
  }
}

/** Nothing runs over a link while another fault holds its server down: this one lasts until it has done something. */
async function untilCounted(what: string, count: () => number): Promise<string> {
  const deadlineMs = performance.now() + COUNTED_WITHIN_MS
  while (count() === 0) {
    if (performance.now() > deadlineMs) throw new Error(`the fault did nothing: 0 ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return `${count()} ${what}`
}
