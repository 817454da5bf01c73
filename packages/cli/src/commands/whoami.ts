/** `curfew whoami`: who is logged in here, at which addresses, and what that session may do. */
import { SessionAnswer, type Session } from '../api/answers.ts'
import { expected } from '../api/http.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Output } from '../terminal/output.ts'
import { timeText } from '../terminal/times.ts'
import type { Perform, Program } from './perform.ts'

export function addWhoami(program: Program, perform: Perform): void {
  program
    .command('whoami')
    .description('who is logged in here, where, and with which permissions')
    .action((_options, command) => perform(command.optsWithGlobals(), whoami))
}

async function whoami(context: Context): Promise<ExitCode> {
  const { output, settings } = context
  const operator = await context.operator()
  const { server, gateway } = operator.profile
  const call = { method: 'GET', path: '/session' } as const
  const { session } = expected(SessionAnswer, await operator.atGateway(call), { ...call, base: gateway })
  output.answer({ session, server, gateway, profile: settings.profile }, () => {
    output.fields({ account: operator.account, server, gateway, profile: settings.profile })
    showSession(output, session)
  })
  return EXIT.done
}

export function showSession(output: Output, session: Session): void {
  output.fields({
    session: session.id,
    authenticated: timeText(session.auth_time),
    'ends when idle': timeText(session.idle_expires_at),
    'ends at last': timeText(session.expires_at),
    roles: session.roles.join(' '),
    permissions: session.permissions.join(' '),
  })
}
