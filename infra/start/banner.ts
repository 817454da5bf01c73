/**
 * The text that tells a newcomer what runs and how to try it.
 * Promise: its commands work exactly as printed, pasted into a shell in the checkout.
 */
import { join, relative } from 'node:path'

import type { RunningSystem } from './system.ts'
import { bold, dim } from './terminal.ts'

export function banner(system: RunningSystem, directory: string): string {
  const { servers, services, identities } = system
  const { gateway, session, documents, files, console } = services
  const kept = (name: string): string => relative(process.cwd(), join(directory, name)) || '.'
  const accounts = identities.accounts.map(
    ({ tenant, username, roles }) =>
      `${tenant}/${username}${roles.length > 0 ? dim(` (${roles.join(', ')})`) : ''}`,
  )
  return `
${bold('Curfew is running.')}

  gateway    ${gateway.url}   ${dim('what users and programs call')}
  account    ${gateway.url.replace('127.0.0.1', 'localhost')}/account   ${dim('the same for people with a browser')}
  console    ${console.url.replace('127.0.0.1', 'localhost')}   ${dim('for operators with a browser: organisation curfew, user operator')}
  session    ${session.url}   ${dim('what operators call')}
  documents  ${documents.url}   ${dim('behind the gateway as /api/documents')}
  files      ${files.url}   ${dim('bytes, for one-time claims')}
  health     ${gateway.operationsUrl}/readyz   ${dim(`with /healthz and /metrics; of the others: operations in ${kept('dev.json')}`)}
  servers    NATS on port ${servers.nats.port}, Redis on port ${servers.redis.port} ${dim(`(${servers.kind})`)}
  accounts   ${accounts.join('  ') || `those of your own file ${dim('(GATEWAY_ACCOUNTS_FILE)')}`}
  passwords  ${kept('dev.json')}, with everything else a program needs; logs in ${kept('logs/')}

${accounts.length === 0 ? '' : commands(system, kept)}Ctrl-C stops everything and keeps all sessions and documents.
`
}

function commands({ services: { gateway, session } }: RunningSystem, kept: (name: string) => string): string {
  const json = "-H 'Content-Type: application/json'"
  const tokenOf = (username: string): string =>
    `$(curl -s ${gateway.url}/login ${json} -d @${kept(`logins/${username}.json`)} | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`
  const scope = '{"scope":{"type":"user","tenant":"acme","user":"alice"},"reason":"trying it out"}'
  return `Try it in another terminal, in this folder: log in, read, revoke; then read again.

  TOKEN=${tokenOf('alice')}
  curl -i ${gateway.url}/api/documents -H "Authorization: Bearer $TOKEN"
  curl -i ${session.url}/v1/revocations -H "Authorization: Bearer ${tokenOf('operator')}" ${json} -d '${scope}'

For operators there is a command line (npx -y pnpm@12.21.0 where there is no pnpm): end everyone's sessions but your own.

  node -p "require('./${kept('dev.json')}').accounts.find(a => a.username === 'operator').password" | pnpm curfew login --password-stdin
  pnpm curfew revoke --everyone --except-me --reason 'trying it out'

`
}
