/**
 * `curfew doctor`: is this deployment safe?
 * Promise: every finding is explained, and one that asks for something says what to do; 1 when a promise does not hold.
 */
import { baseUrl, findDevelopmentSystem } from '../account/addresses.ts'
import type { Context } from '../context.ts'
import type { Finding } from '../doctor/findings.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { safeText } from '../terminal/safe-text.ts'
import type { Output, Tone } from '../terminal/output.ts'
import type { Perform, Program } from './perform.ts'

export function addDoctor(program: Program, perform: Perform): void {
  program
    .command('doctor')
    .description('is this deployment safe: settings, leases, clocks, permissions, lag')
    .option('--operations <url>', 'where a replica serves /readyz and /metrics; may be repeated', collected)
    .addHelpText(
      'after',
      '\nCURFEW_NATS_URL and CURFEW_REDIS_URL, with credentials, let it look into the servers as well.',
    )
    .action(({ operations }, command) =>
      perform(command.optsWithGlobals(), (context) => examine(context, operations)),
    )
}

const OPERATIONS_TODO = 'Name the operations ports of all replicas: --operations URL, as often as needed.'

/** No credential goes to the operations ports, which are inside a deployment. */
const OPEN = { isPlainHttpAllowed: true }

async function examine(context: Context, named: readonly string[] | undefined): Promise<ExitCode> {
  const { output, settings } = context
  const operator = await context.operator()
  const found = await findDevelopmentSystem(process.cwd())
  const development = found?.server === operator.profile.server ? found : undefined
  const urls = (named ?? development?.operations ?? []).map((url) => baseUrl(url, OPEN))
  const [nats, redis] = [settings.natsUrl ?? development?.nats, settings.redisUrl ?? development?.redis]
  // Their clients are not needed by any other command.
  const [{ examineVerifiers }, { examineReplicas }, { examineNats }, { examineRedis }, { unseen }] =
    await Promise.all([
      import('../doctor/verifiers.ts'),
      import('../doctor/replicas.ts'),
      import('../doctor/nats.ts'),
      import('../doctor/redis.ts'),
      import('../doctor/findings.ts'),
    ])
  const findings = [
    ...(await examineVerifiers(operator)),
    ...(urls.length === 0
      ? [unseen('replicas', 'No process has been asked whether it is ready.', OPERATIONS_TODO)]
      : await examineReplicas(urls)),
    ...(nats === undefined
      ? [unseen('nats', 'NATS has not been looked into.', 'Set CURFEW_NATS_URL.')]
      : await examineNats(nats)),
    ...(redis === undefined
      ? [unseen('redis', 'Redis has not been looked into.', 'Set CURFEW_REDIS_URL.')]
      : await examineRedis(redis)),
  ]
  const isSafe = !findings.some(({ level }) => level === 'problem')
  output.answer({ safe: isSafe, findings }, () => show(output, findings))
  return isSafe ? EXIT.done : EXIT.foundWrong
}

const MARKS: Readonly<Record<Finding['level'], { readonly mark: string; readonly tone: Tone }>> = {
  ok: { mark: '✔', tone: 'green' },
  unseen: { mark: '·', tone: 'dim' },
  warning: { mark: '▲', tone: 'yellow' },
  problem: { mark: '✘', tone: 'red' },
}

function show(output: Output, findings: readonly Finding[]): void {
  for (const { level, about, says, todo } of findings) {
    const { mark, tone } = MARKS[level]
    output.line(`${output.tone(tone, mark)} ${output.tone('dim', about.padEnd(8))} ${safeText(says)}`)
    if (todo !== undefined) output.line(`           → ${safeText(todo)}`)
  }
  const count = (wanted: Finding['level']): number => findings.filter(({ level }) => level === wanted).length
  const [problems, warnings] = [count('problem'), count('warning')]
  output.line()
  if (problems === 0 && warnings === 0) output.line(output.tone('green', 'Nothing is wrong.'))
  else
    output.line(output.tone(problems > 0 ? 'red' : 'yellow', `Problems: ${problems}. Warnings: ${warnings}.`))
}

function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
