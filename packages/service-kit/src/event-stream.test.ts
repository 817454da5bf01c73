import { describe, expect, it } from 'vitest'

import { EventStreams, type EventStream } from './event-stream.ts'

/** A stream of which the test says when it closes. */
function scripted() {
  const listeners: (() => void)[] = []
  const told: (string | undefined)[] = []
  const stream = {
    onClose: (listener: () => void) => void listeners.push(listener),
    end: (event?: string) => void told.push(event),
  } as unknown as EventStream
  const close = (): void => listeners.forEach((listener) => listener())
  return { stream, told, close }
}

describe('the streams of one person', () => {
  it('are refused with 429 beyond 64 in all sessions; nobody else’s are, and one that closes makes room', () => {
    const streams = new EventStreams()
    const open = (session: string, person = 'acme/alice') => {
      const made = scripted()
      streams.add({ session, person }, () => made.stream)
      return made
    }
    const opened = Array.from({ length: 64 }, (_, count) => open(`session-${Math.floor(count / 8)}`))
    expect(() => open('session-9')).toThrow(
      expect.objectContaining({ code: 'too-many-requests', headers: { 'retry-after': '15' } }),
    )
    open('session-of-bob', 'acme/bob')

    // One more of a full session takes the place of its oldest, as ever; that counts once.
    open('session-0')
    expect(opened[0]?.told).toEqual(['replaced'])
    opened[0]?.close()
    expect(() => open('session-9')).toThrow(/too many/i)

    opened[8]?.close()
    open('session-9')
    expect(() => open('session-9')).toThrow(/too many/i)
  })
})
