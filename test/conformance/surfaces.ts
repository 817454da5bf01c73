/**
 * ④ The surfaces on which operators end sessions. Each carries out the same scopes in its own way; what comes of it is
 * compared in operators.ts. To hold another surface to it, add it here.
 */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'

import { createTemporaryDirectory, expectJson } from '@curfew/test-kit'

import { atAuthority, logInAgain } from './operating.ts'
import { system } from './stage.ts'

export interface Revoking {
  readonly scope: Readonly<Record<string, string>>
  readonly reason: string
  /** Spares the operator's own session. */
  readonly isOwnSpared: boolean
}

export interface Surface {
  readonly name: string
  /** @returns once the surface has said that it is confirmed */
  readonly revoke: (revoking: Revoking) => Promise<void>
}

export const SURFACES: readonly Surface[] = [
  {
    name: 'API',
    async revoke({ scope, reason, isOwnSpared }) {
      const json = { scope, reason, ...(isOwnSpared && { except_current: true }) }
      const answer = await (await atAuthority()).request('POST', '/v1/revocations', { json })
      await expectJson(answer, 200)
    },
  },
  {
    name: 'command line',
    async revoke({ scope, reason, isOwnSpared }) {
      const home = await createTemporaryDirectory()
      try {
        const { gateway, session } = system().services
        const { password } = system().account('operator')
        const addresses = ['--server', session.url, '--gateway', gateway.url]
        await curfew(home.path, ['login', 'curfew/operator', '--password-stdin', ...addresses], password)
        const whom = [...optionsOf(scope), ...(isOwnSpared ? ['--except-me'] : [])]
        await curfew(home.path, ['revoke', ...whom, '--reason', reason, '--yes'])
      } finally {
        await home.remove()
      }
      logInAgain()
    },
  },
  {
    // What its page sends; that the page sends it is shown in test/browser/console.test.ts.
    name: 'console',
    async revoke({ scope, reason, isOwnSpared }) {
      const page = await system().openConsole('operator')
      const json = { scope, reason, ...(isOwnSpared && { except_current: true }) }
      await expectJson(await page.post('/api/v1/revocations', json), 200)
      logInAgain()
    },
  },
]

const CLI = resolve(import.meta.dirname, '../../packages/cli/src/main.ts')

/** @throws unless it ends with 0, which of a revocation means confirmed */
async function curfew(home: string, args: readonly string[], input = ''): Promise<void> {
  const env = { PATH: '/usr/bin:/bin', HOME: home, XDG_CONFIG_HOME: home }
  const { promise, resolve: done, reject } = Promise.withResolvers<void>()
  const child = execFile(process.execPath, [CLI, ...args], { env, cwd: home }, (error) =>
    error === null ? done() : reject(error),
  )
  child.stdin?.end(input)
  await promise
}

function optionsOf({ type, session = '', tenant = '', user = '' }: Revoking['scope']): string[] {
  if (type === 'session') return ['--session', session]
  if (type === 'user') return ['--user', `${tenant}/${user}`]
  return type === 'tenant' ? ['--tenant', tenant] : ['--everyone']
}
