/**
 * Reads an answer of server-sent events as a test needs it: what has come so far, and whether it is over.
 */
export interface ServerEvent {
  readonly event: string
  readonly data: unknown
  readonly id?: string
}

export class EventReader {
  readonly response: Response
  readonly events: ServerEvent[] = []
  /** Resolves when the stream has ended, however it did. */
  readonly ended: Promise<void>
  isOver = false

  constructor(response: Response) {
    this.response = response
    this.ended = this.#read()
  }

  get names(): string[] {
    return this.events.map(({ event }) => event)
  }

  /** The data of every event of this name. */
  of<T>(name: string): T[] {
    return this.events.filter(({ event }) => event === name).map(({ data }) => data as T)
  }

  async #read(): Promise<void> {
    let text = ''
    try {
      for await (const chunk of this.response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (text + chunk).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) this.#take(block)
      }
    } catch {
      // Cut off, or left: that it is over is all there is to say.
    }
    this.isOver = true
  }

  #take(block: string): void {
    const fields = new Map(block.split('\n').map((line) => splitAt(line)))
    const data = fields.get('data')
    if (data === undefined) return
    const id = fields.get('id')
    const event = fields.get('event') ?? 'message'
    this.events.push({ event, data: JSON.parse(data), ...(id !== undefined && { id }) })
  }
}

function splitAt(line: string): [string, string] {
  const colon = line.indexOf(': ')
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 2)]
}
