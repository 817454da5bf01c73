/**
 * ① Follows `/session/events`, through whatever happens to the network.
 * Promise: `onEnded` is called for a verdict only and at most once; a silence that lasts too long counts as broken.
 */

/** The server says something every 15 seconds. */
const SILENCE_MS_MAX = 40_000
const LOOK_EVERY_MS = 5_000
const PAUSE_MS_MIN = 1_000
const PAUSE_MS_MAX = 15_000

/**
 * @typedef {object} Listener
 * @property {() => void} onOpen each time that the stream begins: what happens from then on is told
 * @property {() => void} onUnsure
 * @property {() => void} onEnded
 * @property {(event: { roles: string[], permissions: string[] }) => void} onPermissions
 */

/**
 * @param {Listener} listener
 * @returns {() => void} stops following
 */
export function follow(listener) {
  const follower = new Follower(listener)
  const timer = setInterval(() => follower.look(), LOOK_EVERY_MS)
  const onOnline = () => follower.reconnect()
  addEventListener('online', onOnline)
  document.addEventListener('visibilitychange', onOnline)
  void follower.run().finally(() => {
    clearInterval(timer)
    removeEventListener('online', onOnline)
    document.removeEventListener('visibilitychange', onOnline)
  })
  return () => follower.stop()
}

class Follower {
  #isStopped = false
  #pauseMs = PAUSE_MS_MIN
  #heardAtMs = Date.now()
  #connection = new AbortController()
  #goOn = () => {}

  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener
  }

  async run() {
    while (!this.#isStopped) {
      // Browsers keep few connections to a server: a page that nobody looks at leaves them to the others.
      const outcome = document.hidden ? 'replaced' : await this.#listen()
      if (this.#isStopped) return
      if (outcome === 'ended') {
        this.#isStopped = true
        this.listener.onEnded()
      } else if (outcome === 'replaced') await this.#wait()
      else if (outcome === 'broken') {
        this.listener.onUnsure()
        await this.#wait(this.#pauseMs)
        this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS_MAX)
      }
    }
  }

  stop() {
    this.#isStopped = true
    this.reconnect()
  }

  /** The network is another one, and a connection over the last may be dead; or somebody looks, or looks no longer. */
  reconnect() {
    this.#connection.abort('on purpose')
    this.#goOn()
  }

  look() {
    if (Date.now() - this.#heardAtMs > SILENCE_MS_MAX) this.#connection.abort()
  }

  /** @returns {Promise<'ended' | 'replaced' | 'broken' | 'again'>} */
  async #listen() {
    const connection = (this.#connection = new AbortController())
    this.#heardAtMs = Date.now()
    try {
      const headers = { accept: 'text/event-stream' }
      const { signal } = connection
      const response = await fetch('/session/events', { headers, cache: 'no-store', signal })
      if (response.status === 401) return 'ended'
      if (!response.ok || response.body === null) return 'broken'
      this.#pauseMs = PAUSE_MS_MIN
      this.listener.onOpen()
      for await (const { event, text } of eventsIn(response.body, () => (this.#heardAtMs = Date.now()))) {
        if (event === 'revoked') return 'ended'
        if (event === 'replaced') return 'replaced'
        if (event === 'permissions') this.listener.onPermissions(JSON.parse(text))
      }
      return 'broken'
    } catch {
      return connection.signal.reason === 'on purpose' ? 'again' : 'broken'
    } finally {
      connection.abort()
    }
  }

  /** @param {number} [ms] @returns {Promise<void>} */
  #wait(ms) {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.#goOn(), ms)
      this.#goOn = () => {
        clearTimeout(timer)
        this.#goOn = () => {}
        resolve()
      }
    })
  }
}

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {() => void} onBytes
 */
async function* eventsIn(body, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    onBytes()
    const blocks = (text + value).split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) yield { event: fieldIn(block, 'event'), text: fieldIn(block, 'data') }
  }
}

/** @param {string} block @param {string} name */
function fieldIn(block, name) {
  const line = block.split('\n').find((each) => each.startsWith(`${name}: `))
  return line === undefined ? '' : line.slice(name.length + 2)
}
