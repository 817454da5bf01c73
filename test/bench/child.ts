/**
 * Processes of their own for what must not share one with the measuring: both ends of the conversation.
 * Promise: a child that fails tells its caller, and none outlives the benchmark.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

interface Call {
  readonly id: number
  readonly command: string
  readonly argument: unknown
}

type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: string })

/** What every child is asked, beside its own commands. */
const CPU = 'cpu time'

type Commands = Readonly<Record<string, (argument: never) => unknown>>

export interface ChildProcess<Served extends Commands> extends AsyncDisposable {
  /** Microseconds of CPU that the process has used. */
  cpuUs(): Promise<number>
  call<Command extends keyof Served & string>(
    command: Command,
    ...argument: Parameters<Served[Command]>
  ): Promise<Awaited<ReturnType<Served[Command]>>>
}

/**
 * For those who take turns: while it is the others', V8 would tidy up after eight seconds, and with that forget what it has
 * learnt of the code.
 */
export const STEADY = ['--no-memory-reducer']

/** @param file beside this one. What it prints to standard output is thrown away. */
export function startChild<Served extends Commands>(
  file: string,
  nodeOptions: readonly string[] = [],
): ChildProcess<Served> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: [...nodeOptions],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let [calls, isOver] = [0, false]
  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('failure' in reply) call?.reject(new Error(`${file}: ${reply.failure}`))
    else call?.resolve(reply.value)
  })
  child.once('exit', (code, signal) => {
    isOver = true
    for (const call of waiting.values()) call.reject(new Error(`${file} ended: ${code ?? signal}`))
  })
  const send = (command: string, argument?: unknown): Promise<unknown> => {
    const call = Promise.withResolvers<unknown>()
    if (isOver) call.reject(new Error(`${file} has ended`))
    else {
      const id = (calls += 1)
      waiting.set(id, call)
      child.send({ id, command, argument } satisfies Call)
    }
    return call.promise
  }
  return {
    call: (command, argument?: unknown) => send(command, argument) as never,
    cpuUs: () => send(CPU) as Promise<number>,
    async [Symbol.asyncDispose]() {
      if (isOver) return
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/** The child's end. It ends when its parent has gone or is done with it. */
export function serveCommands<Served extends Commands>(commands: Served, close: () => unknown): Served {
  process.on('message', (call: Call) => void answer(commands, call))
  process.once('disconnect', () => void end(close))
  return commands
}

async function answer(commands: Commands, { id, command, argument }: Call): Promise<void> {
  try {
    const value = command === CPU ? usedCpuUs() : await commands[command]?.(argument as never)
    tell({ id, value })
  } catch (error) {
    tell({ id, failure: error instanceof Error ? (error.stack ?? '') : String(error) })
  }
}

/** Nobody hears it when the parent has gone meanwhile. */
function tell(answered: Reply): void {
  if (process.connected) process.send?.(answered)
}

function usedCpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function end(close: () => unknown): Promise<void> {
  try {
    await close()
  } finally {
    process.exit()
  }
}
