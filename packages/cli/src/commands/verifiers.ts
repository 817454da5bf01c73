/** `curfew verifiers`: every process that revocations are confirmed by, with its lease and how far it is behind. */
import { VerifiersAnswer, type Verifier } from '../api/answers.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Column } from '../terminal/output.ts'
import { positionText } from '../terminal/positions.ts'
import { clockText } from '../terminal/times.ts'
import type { Perform, Program } from './perform.ts'

export function addVerifiers(program: Program, perform: Perform): void {
  program
    .command('verifiers')
    .description('the processes that revocations are confirmed by')
    .action((_options, command) => perform(command.optsWithGlobals(), verifiers))
}

async function verifiers(context: Context): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const { body } = await operator.for(VerifiersAnswer, { method: 'GET', path: '/v1/verifiers' })
  output.answer(body, () => output.table(body, COLUMNS, 'Nobody has joined.'))
  return EXIT.done
}

const COLUMNS: readonly Column<Verifier>[] = [
  { title: 'SERVICE', of: ({ service }) => service },
  { title: 'HOST', of: ({ host }) => host },
  { title: 'ID', of: ({ id }) => id },
  {
    title: 'LEASE',
    of: ({ lease_remaining_ms: left }) => (left > 0 ? `${(left / 1_000).toFixed(1)} s` : 'run out'),
    tone: ({ lease_remaining_ms: left }) => (left > 0 ? 'green' : 'red'),
  },
  { title: 'APPLIED', of: ({ applied }) => positionText(applied) },
  { title: 'BEHIND', of: ({ lag }) => lag, tone: ({ lag }) => (lag > 0 ? 'yellow' : undefined) },
  { title: 'SESSIONS', of: ({ cached_sessions }) => cached_sessions },
  { title: 'JOINED', of: ({ joined_at }) => clockText(joined_at) },
]
