/**
 * ④ ⑤ `GET /v1/events`: the log as it grows, as server-sent events.
 * Promise: whoever comes back with `Last-Event-ID` misses nothing that is not called a gap; nothing is sent to a session that
 * an entry before it has ended; a stream that is merely open keeps no idle session alive.
 */
import { parsePosition, type Position } from '@curfew/contracts'
import { within } from '@curfew/protocol'
import { EventStream, EventStreams, Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import type { FeedItem } from '../../domain/log/entry-feed.ts'
import { holds, READ } from '../../domain/log/permissions.ts'
import { findLive, type OperatorPorts } from '../../domain/operators/authenticate-operator.ts'
import { operatorOf, type Operator } from '../../domain/operators/operator.ts'
import { itemsAfter, mayConcern, maySee, type WatchPorts } from '../../domain/revocations/watch-log.ts'
import { entryJson } from '../shared/entry-json.ts'
import type { OperatorGuard } from './operator-guard.ts'

const HeadersSchema = Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 64 })) })

/** A session expires without an entry. */
const CHECK_EVERY_MS = 5_000
const PASSIVE = { isActivity: false }

export type EventsPorts = WatchPorts & OperatorPorts & { readonly log: WatchPorts['log'] }

export function getEvents(app: CurfewServer, ports: EventsPorts, guard: OperatorGuard): void {
  const streams = new EventStreams()
  app.addHook('preClose', (done) => {
    streams.endAll()
    done()
  })
  const schema = {
    headers: HeadersSchema,
    ...described({
      summary: 'The log as it grows',
      answers: {
        200: {
          events:
            'Each entry as an event of its type, its position as id; also `position`, `gap` and `ended`',
        },
      },
    }),
  }
  app.get(
    '/v1/events',
    { schema, exposeHeadRoute: false, onRequest: guard.requires(READ, PASSIVE) },
    (request, reply) => {
      const operator = guard.operatorOf(request)
      const from = positionIn(request.headers['last-event-id']) ?? ports.feed.latest
      const owner = { session: operator.sessionId, person: operator.actor }
      const stream = streams.add(owner, () => new EventStream(reply))
      new Watching(ports, stream, operator)
        .run(from)
        .catch((err: unknown) => request.log.warn({ event: 'events.broken', err }))
        .finally(() => stream.end())
    },
  )
}

function positionIn(lastEventId: string | undefined): Position | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined
  if (parsePosition(lastEventId) === undefined)
    throw new Problem('bad-request', 'header "last-event-id" is none of these events')
  return lastEventId as Position
}

class Watching {
  readonly #ports: EventsPorts
  readonly #stream: EventStream
  #operator: Operator
  #checkedAt = performance.now()
  #isOpen = true

  constructor(ports: EventsPorts, stream: EventStream, operator: Operator) {
    this.#ports = ports
    this.#stream = stream
    this.#operator = operator
    stream.onClose(() => (this.#isOpen = false))
  }

  async run(from: Position): Promise<void> {
    const { feed } = this.#ports
    // Whoever comes back before anything has happened has to have something to name.
    this.#stream.send('position', { position: from }, from)
    let position = from
    while (this.#isOpen) {
      const changed = feed.changed
      const { items, reached } = await itemsAfter(this.#ports, position)
      const isDue = performance.now() - this.#checkedAt >= CHECK_EVERY_MS
      if ((isDue || this.#concerns(items)) && !(await this.#mayGoOn())) return this.#stream.end('ended')
      for (const item of items) {
        this.#tell(item)
        await this.#stream.drained()
      }
      position = reached
      await within(CHECK_EVERY_MS, changed)
    }
  }

  #concerns(items: readonly FeedItem[]): boolean {
    return items.some((item) => item.kind === 'gap' || mayConcern(item.entry, this.#operator))
  }

  /** Also brings up to date what the operator may see. */
  async #mayGoOn(): Promise<boolean> {
    const found = await findLive(this.#ports, this.#operator.sessionId, PASSIVE)
    if (typeof found === 'string') return false
    this.#checkedAt = performance.now()
    this.#operator = operatorOf(found, this.#ports.view.wide)
    return holds(this.#operator.permissions, READ)
  }

  #tell(item: FeedItem): void {
    if (item.kind === 'gap')
      return this.#stream.send('gap', { after: item.after, until: item.until }, item.position)
    const { entry, position } = item
    if (maySee(entry, this.#operator)) this.#stream.send(entry.type, entryJson(entry, position), position)
  }
}
