/** Who guards the route of `service` and `revocation`, each as its documentation sets it up. */
import type { Credential } from '@curfew/bench-peers/guarded'

import { STEADY, startChild, type ChildProcess } from './child.ts'
import type { Kind, Surroundings } from './guard-setting.ts'
import type { commands } from './guarded.child.ts'

export interface Guard {
  readonly process: ChildProcess<typeof commands>
  readonly url: string
}

export async function startGuard(
  stack: AsyncDisposableStack,
  kind: Kind,
  surroundings: Surroundings,
): Promise<Guard> {
  const process = stack.use(startChild<typeof commands>('guarded.child.ts', STEADY))
  return { process, url: await process.call('start', { ...surroundings, kind }) }
}

/** One session for each of these users. @throws where the route has no sessions of its own */
export async function signInAll({ process }: Guard, users: number): Promise<Credential[]> {
  return Promise.all(
    Array.from({ length: users }, async (_, nth) => {
      const credential = await process.call('signIn', `user-${nth}`)
      if (credential === undefined) throw new Error('nobody can sign in there')
      return credential
    }),
  )
}

export function headerLine({ header, value }: Credential): string {
  return `${header}: ${value}`
}
