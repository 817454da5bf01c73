/**
 * ① The pages' one way to the gateway.
 * Promise: `Ended` is thrown only for a verdict; whatever else goes wrong on the way is `Unsure`. The anti-forgery value is
 * kept in this module and nowhere else.
 */

/** The session is over. */
export class Ended extends Error {}

/** Nobody can say right now; nothing follows from it. */
export class Unsure extends Error {}

/** The gateway has understood and says no. */
export class Refused extends Error {
  /** @param {{ status: number, code?: string, title?: string, detail?: string, violations?: unknown }} problem */
  constructor(problem) {
    super(problem.detail ?? problem.title ?? 'The request was refused.')
    this.problem = problem
    this.code = problem.code
  }
}

const TIMEOUT_MS = 12_000
let csrfToken = ''

/**
 * @typedef {{ id: string, tenant: string, user: string, client: string, created_at: string, last_seen_at: string,
 *   roles: string[], permissions: string[], label?: string, address_class?: string, current?: true }} Session
 */

/** @returns {Promise<Session>} */
export async function currentSession() {
  return (await request('GET', '/session')).session
}

/** @returns {Promise<Session[]>} */
export async function ownSessions() {
  return (await request('GET', '/sessions')).sessions
}

/** From which the person comes back to this page. */
export function signInPage() {
  const { pathname, search } = location
  return pathname === '/account' ? '/login' : `/login?return_to=${encodeURIComponent(pathname + search)}`
}

/** @param {string} path @returns {Promise<any>} */
export function read(path) {
  return request('GET', path)
}

/**
 * A change. Another page of this browser may have brought a new token meanwhile: then the anti-forgery value is asked for
 * again, once.
 * @param {'POST' | 'DELETE'} method
 * @param {string} path
 * @param {object} [json]
 */
export async function change(method, path, json) {
  try {
    return await request(method, path, json)
  } catch (error) {
    if (!(error instanceof Refused && error.code === 'csrf-rejected')) throw error
    await currentSession()
    return request(method, path, json)
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [json]
 * @returns {Promise<any>}
 */
async function request(method, path, json) {
  /** @type {Record<string, string>} */
  const headers = { accept: 'application/json' }
  if (json !== undefined) headers['content-type'] = 'application/json'
  if (method !== 'GET' && csrfToken !== '') headers['x-csrf-token'] = csrfToken
  const init = {
    method,
    headers,
    cache: /** @type {const} */ ('no-store'),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }
  const { status, body } = await answerOf(
    path,
    json === undefined ? init : { ...init, body: JSON.stringify(json) },
  )
  if (status >= 500) throw new Unsure()
  if (status === 401 && body.code === 'unauthenticated') throw new Ended()
  if (status >= 400) throw new Refused({ ...body, status })
  if (typeof body.csrf_token === 'string') csrfToken = body.csrf_token
  return body
}

/**
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<{ status: number, body: any }>}
 */
async function answerOf(path, init) {
  try {
    const response = await fetch(path, init)
    const isJson = /^application\/(problem\+)?json\b/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, body: isJson ? await response.json() : {} }
  } catch {
    throw new Unsure()
  }
}
