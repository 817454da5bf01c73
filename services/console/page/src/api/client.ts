/**
 * Calls to the console, which passes them on as the operator.
 * Promise: no token passes through here; what the API wants proved once more is asked for and then tried again; no call with the
 * old secret is under way while the session gets a new one.
 */
import { ApiProblem, problemOf } from './problem.ts'
import { noteAnswer, noteSilence } from '../state/connection.ts'
import type { Session } from './types.ts'

export interface CallOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Nothing changes and the answer comes at once, or not at all: true of whatever reads, but for streams. */
  readonly isPrompt?: boolean
}

/** A call that takes longer is given up, so that the page shows current figures or says that they are old. */
const ANSWERED_WITHIN_MS = 4_500

export interface Answer<T> {
  readonly body: T
  readonly etag: string | undefined
}

let csrfToken: string | undefined
/** Asks the person for the password; false when they think better of it. */
let prove: () => Promise<boolean> = () => Promise.resolve(false)
let onSignedOut: () => void = () => undefined

export function whenProofIsNeeded(ask: () => Promise<boolean>): void {
  prove = ask
}

export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  return (await callForAnswer<T>(method, path, options)).body
}

export async function callForAnswer<T>(
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer<T>> {
  const { isPrompt = method === 'GET', signal } = options
  const late = isPrompt ? AbortSignal.timeout(ANSWERED_WITHIN_MS) : undefined
  const either = [signal, late].filter((each) => each !== undefined)
  const response = await open(method, path, { ...options, signal: AbortSignal.any(either) })
  const body = (response.status === 204 ? undefined : await bodyOf(response, signal)) as T
  return { body, etag: response.headers.get('etag') ?? undefined }
}

async function bodyOf(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    return await response.json()
  } catch (error) {
    throw signal?.aborted === true ? error : lostAnswer(error)
  }
}

/** No answer, or none to its end. */
function lostAnswer(error: unknown): ApiProblem {
  noteSilence()
  return new ApiProblem(0, isTimeout(error) ? 'no-answer' : 'unreachable')
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

/** An answer whose body is yet to come. @throws ApiProblem for everything that is no success */
export async function open(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const response = await send(method, path, options)
  if (response.ok) return response
  const problem = await problemOf(response)
  if (problem.code === 'insufficient-authentication' && (await prove())) {
    const again = await send(method, path, options)
    if (again.ok) return again
    throw await problemOf(again)
  }
  if (problem.code === 'unauthenticated') onSignedOut()
  throw problem
}

const underWay = new Set<Promise<Response>>()
let renewal: Promise<unknown> | undefined

async function send(method: string, path: string, { body, headers, signal }: CallOptions): Promise<Response> {
  await renewal
  const answering = fetch(`/api${path}`, {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(method !== 'GET' && csrfToken !== undefined && { 'x-csrf-token': csrfToken }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  })
  underWay.add(answering)
  try {
    const response = await answering
    if (response.status === 502 || response.status === 503) noteSilence()
    else noteAnswer()
    return response
  } catch (error) {
    // Given up by the page itself, and not for being late.
    if (signal?.aborted === true && !isTimeout(signal.reason)) throw error
    throw lostAnswer(error)
  } finally {
    underWay.delete(answering)
  }
}

interface SignedIn {
  readonly session: Session
  readonly csrf_token: string
}

function keep({ session, csrf_token: token }: SignedIn): Session {
  csrfToken = token
  return session
}

export async function whoAmI(): Promise<Session> {
  return keep(await call<SignedIn>('GET', '/session'))
}

export async function signIn(credentials: {
  readonly tenant: string
  readonly username: string
  readonly password: string
}): Promise<Session> {
  return keep(await call<SignedIn>('POST', '/login', { body: credentials }))
}

export async function signOut(): Promise<void> {
  await call('POST', '/logout')
}

const SETTLING_MS = 3_000

/** The session gets another secret: what is under way ends before, what comes waits until after. */
export function elevate(password: string): Promise<Session> {
  const renewed = (async () => {
    const late = new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
    await Promise.race([Promise.allSettled(underWay), late])
    const response = await fetch('/api/elevate', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf-token': csrfToken ?? '' },
      body: JSON.stringify({ password }),
    }).catch(() => {
      throw new ApiProblem(0, 'unreachable')
    })
    if (!response.ok) throw await problemOf(response)
    return keep((await response.json()) as SignedIn)
  })()
  renewal = renewed.catch(() => undefined).finally(() => (renewal = undefined))
  return renewed
}
