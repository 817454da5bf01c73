/**
 * ① Callers of the public face, as they are in life: a program with a bearer token, a browser with a cookie.
 */
export interface RequestExtras {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is; `json` is ignored then. */
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly json?: unknown
  /** Leaves without waiting for the end of the answer. */
  readonly signal?: AbortSignal
}

/** Sends requests to one address and leaves the answers, refusals too, to the test. */
export class HttpClient {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  async request(method: string, path: string, extras: RequestExtras = {}): Promise<Response> {
    const { json, headers = {}, signal } = extras
    const body = extras.body ?? (json === undefined ? undefined : JSON.stringify(json))
    const type = extras.body === undefined && json !== undefined ? { 'content-type': 'application/json' } : {}
    return fetch(new URL(path, this.url), {
      method,
      headers: { ...type, ...this.credentials(method), ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
      ...(signal && { signal }),
    })
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.request('GET', path, { headers })
  }

  post(path: string, json?: unknown): Promise<Response> {
    return this.request('POST', path, { json })
  }

  put(path: string, json: unknown): Promise<Response> {
    return this.request('PUT', path, { json })
  }

  delete(path: string): Promise<Response> {
    return this.request('DELETE', path)
  }

  /** What this caller sends with every request. */
  protected credentials(_method: string): Record<string, string> {
    return {}
  }
}

export class BearerClient extends HttpClient {
  readonly token: string

  constructor(url: string, token: string) {
    super(url)
    this.token = token
  }

  /** The same caller at another replica or service. */
  at(url: string): BearerClient {
    return new BearerClient(url, this.token)
  }

  protected override credentials(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` }
  }
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Keeps cookies, as a browser that trusts this machine keeps Secure ones too, and proves on unsafe requests that it is the site's own page. */
export class BrowserClient extends HttpClient {
  readonly #cookies = new Map<string, string>()
  csrfToken: string | undefined

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  override async request(method: string, path: string, extras: RequestExtras = {}): Promise<Response> {
    const response = await super.request(method, path, extras)
    for (const header of response.headers.getSetCookie()) this.#keep(header)
    return response
  }

  protected override credentials(method: string): Record<string, string> {
    const headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`)
    if (cookies.length > 0) headers['cookie'] = cookies.join('; ')
    if (SAFE_METHODS.has(method)) return headers
    headers['origin'] = new URL(this.url).origin
    if (this.csrfToken !== undefined) headers['x-csrf-token'] = this.csrfToken
    return headers
  }

  #keep(header: string): void {
    const [pair = '', ...attributes] = header.split(';').map((part) => part.trim())
    const separator = pair.indexOf('=')
    const name = pair.slice(0, separator)
    const value = pair.slice(separator + 1)
    const isDeleted = attributes.some((attribute) => {
      const [key = '', setting = ''] = attribute.split('=')
      if (key.toLowerCase() === 'max-age') return Number(setting) <= 0
      return key.toLowerCase() === 'expires' && Date.parse(setting) <= Date.now()
    })
    if (isDeleted || value === '') this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}
