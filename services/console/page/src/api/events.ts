/** Server-sent events of an answer that is open already: one at a time, as they come. */
import { EventSourceParserStream } from 'eventsource-parser/stream'

export interface ServerEvent {
  readonly type: string
  readonly id: string | undefined
  readonly data: Record<string, unknown>
}

export async function* eventsIn(response: Response): AsyncGenerator<ServerEvent> {
  if (response.body === null) return
  const events = response.body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
    .pipeThrough(new EventSourceParserStream())
  for await (const { event, id, data } of events)
    yield { type: event ?? 'message', id, data: JSON.parse(data) as Record<string, unknown> }
}
