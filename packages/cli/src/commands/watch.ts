/**
 * `curfew watch`: the log as it is written, one line for each entry.
 * Promise: after a break it goes on behind the last line, and says where something is missing; with `--json`, one entry a line.
 */
import { parsePosition } from '@curfew/contracts'
import { InvalidArgumentError } from 'commander'
import type { EventSourceMessage } from 'eventsource-parser'

import { followLog } from '../api/log-events.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { entryText, parseEntry } from '../terminal/log-entries.ts'
import { positionText } from '../terminal/positions.ts'
import { safeText } from '../terminal/safe-text.ts'
import { outputLost } from '../terminal/standard-output.ts'
import { clockText } from '../terminal/times.ts'
import { interruptible } from './interruption.ts'
import type { Perform, Program } from './perform.ts'

export function addWatch(program: Program, perform: Perform): void {
  program
    .command('watch')
    .description('follow the log')
    .option('--after <position>', 'begin behind this position instead of now', positionArgument)
    .action(({ after }, command) => perform(command.optsWithGlobals(), (context) => watch(context, after)))
}

async function watch(context: Context, after: string | undefined): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  if (!output.isJson) output.note(`Following the log at ${operator.profile.server}; Ctrl-C ends it.`)
  const onTrouble = (reason: string): void => output.note(`${safeText(reason)} Trying again.`)
  const stopped = new Failure(EXIT.done, 'Stopped.')
  try {
    await interruptible(
      () => stopped,
      async (interrupted) => {
        const signal = AbortSignal.any([interrupted, outputLost])
        for await (const message of followLog(operator, { after, signal, onTrouble })) tell(context, message)
      },
    )
  } catch (error) {
    if (error !== stopped && !outputLost.aborted) throw error
  }
  return EXIT.done
}

function tell({ output }: Context, { event, id = '', data }: EventSourceMessage): void {
  if (event === 'position') return
  if (event === 'ended' || event === 'replaced') throw ended(event)
  const entry = parseEntry(data)
  if (entry === undefined) return
  output.answer(event === 'gap' ? { type: 'gap', position: id, ...entry } : entry, () => {
    const place = output.tone('dim', safeText(positionText(id).padStart(8)))
    const { tone, text } = entryText({ type: event ?? '', ...entry })
    const time = entry.at === undefined ? '' : `${clockText(entry.at)}  `
    const shown = safeText(`${time}${text}`)
    output.line(`${place}  ${tone === undefined ? shown : output.tone(tone, shown)}`)
  })
}

function ended(event: 'ended' | 'replaced'): Failure {
  return event === 'ended'
    ? new Failure(EXIT.refused, 'This session is over, or may not read the log any more.', {
        code: 'unauthenticated',
        hint: 'curfew login',
      })
    : new Failure(EXIT.refused, 'Too many streams of this session: a newer one took the place of this one.')
}

/** As the log has it, or as it is shown here. */
function positionArgument(text: string): string {
  const [, epoch = '', entry = ''] = /^(\d{1,6})\.(\d{1,16})$/.exec(text) ?? []
  const position = `${epoch.padStart(6, '0')}.${entry.padStart(16, '0')}`
  if (epoch === '' || parsePosition(position) === undefined)
    throw new InvalidArgumentError('A position looks like 1.42.')
  return position
}
