/**
 * The log of a service: one JSON object a line on standard output.
 * Promise: every line says when, which service, which event and on behalf of which request, and none holds a secret.
 */
import { currentRequestId } from '@curfew/contracts'
import { pino, type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger } from 'pino'

import { describeError, isDescribed } from './describe-error.ts'
import { LinesOfATurn } from './lines-of-a-turn.ts'
import { outputOf } from './log-output.ts'
import { redactByName, redactByShape } from './redaction.ts'

export type { Logger } from 'pino'

/** `destination` is standard output unless given, which tests do. */
export function createLogger(
  options: { readonly service: string; readonly level: string },
  destination: DestinationStream = standardOutput(),
): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: isoTime,
    // Lines of libraries, which know no events, are found under one as well.
    mixin: (_fields: object, _level: number, logger: object) => ({ event: 'text', ...requestOf(logger) }),
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: object) => redactByName(fields as Record<string, unknown>),
    },
    serializers: {
      err: (error: unknown) => (isDescribed(error) ? error : describeError(error)),
      // Whole requests and responses hold credentials and query strings: whoever logs one gets this much of it.
      req: (request: { method?: unknown; id?: unknown }) => ({ method: request.method, id: request.id }),
      res: (response: { statusCode?: unknown }) => ({ statusCode: response.statusCode }),
    },
    hooks: { streamWrite: (line: string) => escapeInvisible(redactByShape(line)) },
  }
  const logger = redactBindings(pino(settings, destination))
  if (destination === output)
    outputOf(1).onResumed((resumed) => logger.warn({ event: 'log.resumed', ...resumed }))
  return logger
}

let output: LinesOfATurn | undefined

/** One for all loggers: lines are in order, and none is lost when the process ends, whose last lines are needed most. */
function standardOutput(): DestinationStream {
  return (output ??= new LinesOfATurn(outputOf(1)))
}

let [timeMs, time] = [0, '']

/** Many lines of a busy process fall into one millisecond. */
function isoTime(): string {
  const nowMs = Date.now()
  if (nowMs !== timeMs) [timeMs, time] = [nowMs, `,"time":"${new Date(nowMs).toISOString()}"`]
  return time
}

/** Only while the logger itself does not name one: no member may stand in a line twice. */
function requestOf(logger: object): { requestId?: string } {
  const requestId = KNOWS_REQUEST in logger ? undefined : currentRequestId()
  return requestId === undefined ? {} : { requestId }
}

const INVISIBLE = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/

/** JSON lets through what steers terminals and reverses text; escaped, it means the same to a parser and nothing else. */
function escapeInvisible(line: string): string {
  if (!INVISIBLE.test(line)) return line
  return line.replaceAll(
    new RegExp(INVISIBLE, 'g'),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const KNOWS_REQUEST = Symbol('knows its request')

type Child = (this: Logger, bindings: Bindings, options?: ChildLoggerOptions) => unknown

/** Children start from their parent, so this holds for theirs too; pino's formatter for bindings would not. */
function redactBindings(logger: Logger): Logger {
  const child = Reflect.get(logger, 'child') as Child
  const redactingChild: Child = function (bindings, options) {
    const made = child.call(this, redactByName(bindings), options) as object
    return 'requestId' in bindings ? Object.defineProperty(made, KNOWS_REQUEST, { value: true }) : made
  }
  return Object.defineProperty(logger, 'child', { value: redactingChild })
}
