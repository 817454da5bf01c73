/**
 * The log of a service: one JSON object a line on standard output.
 * Promise: every line says when, which service and which event, and none holds a secret.
 */
import {
  pino,
  stdTimeFunctions,
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger,
} from 'pino'

import { describeError, isDescribed } from './describe-error.ts'
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
    timestamp: stdTimeFunctions.isoTime,
    // Lines of libraries, which know no events, are found under one as well.
    mixin: () => ({ event: 'text' }),
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: object) => redactByName({ ...fields }),
    },
    serializers: {
      err: (error: unknown) => (isDescribed(error) ? error : describeError(error)),
      // Whole requests and responses hold credentials and query strings: whoever logs one gets this much of it.
      req: (request: { method?: unknown; id?: unknown }) => ({ method: request.method, id: request.id }),
      res: (response: { statusCode?: unknown }) => ({ statusCode: response.statusCode }),
    },
    hooks: { streamWrite: redactByShape },
  }
  return redactBindings(pino(settings, destination))
}

/** Written before the call returns: the last lines of a process that ends are those that are needed most, and in order. */
function standardOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: true })
}

type Child = (this: Logger, bindings: Bindings, options?: ChildLoggerOptions) => unknown

/** Children start from their parent, so this holds for theirs too; pino's formatter for bindings would not. */
function redactBindings(logger: Logger): Logger {
  const child = Reflect.get(logger, 'child') as Child
  const redactingChild: Child = function (bindings, options) {
    return child.call(this, redactByName(bindings), options)
  }
  return Object.defineProperty(logger, 'child', { value: redactingChild })
}
