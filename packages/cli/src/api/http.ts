/**
 * One HTTP call to the gateway or the session authority.
 * Promise: an answer that is not Curfew's is said to be none; no redirect is followed, so that a token goes where it belongs;
 * time and size are bounded.
 */
import type { Static, TSchema } from 'typebox'

import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { ProblemAnswer, shaped } from './answers.ts'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Base URL of the service. */
  readonly base: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly json?: unknown
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Until the answer has begun; 0 for as long as it takes. */
  readonly timeoutMs?: number
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

const TIMEOUT_MS = 15_000
const MAX_BODY_BYTES = 16 * 1024 * 1024

/** The server could not be reached, or what came back was no answer of Curfew's. */
export class NoAnswer extends Failure {
  /** False where the request cannot have been acted upon. */
  readonly mayHaveArrived: boolean

  constructor(message: string, mayHaveArrived: boolean, cause?: unknown) {
    super(EXIT.unreachable, message, { code: 'unreachable', cause })
    this.mayHaveArrived = mayHaveArrived
  }
}

/** Curfew refused, in its own words. */
export class Refusal extends Failure {
  readonly status: number
  readonly retryAfterMs: number | undefined

  constructor(
    answer: { readonly status: number; readonly headers: Headers },
    problem: Static<typeof ProblemAnswer>,
  ) {
    const { code, title, detail, request_id: requestId } = problem
    // What is unavailable for the moment is no verdict.
    super(answer.status >= 500 ? EXIT.unreachable : EXIT.refused, detail ? `${title}: ${detail}` : title, {
      code,
      requestId,
      ...hintFor(code),
    })
    this.status = answer.status
    const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN)
    this.retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined
  }
}

function hintFor(code: string): { hint?: string } {
  if (code === 'unauthenticated') return { hint: 'Your session is over: curfew login' }
  if (code === 'forbidden') return { hint: 'curfew whoami shows what this session may do.' }
  if (code === 'log-full')
    return { hint: 'docs/operations.md, “The log is full”. Repeat it when there is room.' }
  return {}
}

/** Sends it once and gives back what begins to arrive, if it is a success of the expected kind. @throws NoAnswer, Refusal */
export async function open(call: Call, accept = 'application/json'): Promise<Response> {
  const { method, json, token, headers = {}, timeoutMs = TIMEOUT_MS } = call
  const url = urlOf(call)
  const late = new AbortController()
  const timer = timeoutMs === 0 ? undefined : setTimeout(() => late.abort(), timeoutMs)
  const signals = [late.signal, ...(call.signal === undefined ? [] : [call.signal])]
  let response: Response
  try {
    response = await fetch(url, {
      method,
      redirect: 'manual',
      signal: AbortSignal.any(signals),
      headers: {
        accept,
        'user-agent': 'curfew-cli',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    })
  } catch (error) {
    throw unreached(url, error, late.signal.aborted)
  } finally {
    clearTimeout(timer)
  }
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel()
    throw new NoAnswer(
      `${url.origin} wants to send this request elsewhere (${response.status}), which is not followed.`,
      false,
    )
  }
  if (!response.ok) throw await refusalIn(response, call)
  return response
}

/** Sends it once and reads the whole answer. @throws NoAnswer, Refusal */
export async function send(call: Call): Promise<Answer> {
  const response = await open(call)
  return { status: response.status, headers: response.headers, body: await bodyOf(response, call) }
}

export async function sendFor<T extends TSchema>(
  schema: T,
  call: Call,
): Promise<Answer & { readonly body: Static<T> }> {
  const answer = await send(call)
  return { ...answer, body: expected(schema, answer, call) }
}

/** The body in this shape. @throws NoAnswer */
export function expected<T extends TSchema>(
  schema: T,
  { body, status }: Pick<Answer, 'body' | 'status'>,
  call: Call,
): Static<T> {
  const found = shaped(schema, body)
  if (found === undefined) throw stranger(call, status, 'with JSON of an unknown shape')
  return found
}

async function refusalIn(response: Response, call: Call): Promise<Failure> {
  const problem = shaped(ProblemAnswer, await bodyOf(response, call).catch(() => undefined))
  if (problem !== undefined) return new Refusal(response, problem)
  return stranger(call, response.status, `as ${response.headers.get('content-type') ?? 'nothing'}`)
}

/** @param limit not beyond this, whatever the server sends. */
export async function bodyOf(response: Response, call: Call): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (response.status === 204) return undefined
  if (!/^application\/(?:[a-z]+\+)?json\b/i.test(type)) {
    await response.body?.cancel()
    throw stranger(call, response.status, `as ${type === '' ? 'nothing' : type}`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  const late = AbortSignal.timeout(
    call.timeoutMs === undefined || call.timeoutMs === 0 ? TIMEOUT_MS : call.timeoutMs,
  )
  try {
    for await (const chunk of readUntil(response, late)) {
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) throw new RangeError('too large')
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch (error) {
    throw new NoAnswer(`The answer of ${new URL(call.base).origin} broke off or is not JSON.`, true, error)
  }
}

async function* readUntil(response: Response, late: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  const cancel = (): void => void reader.cancel(late.reason).catch(() => undefined)
  late.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (late.aborted) throw late.reason
      if (done) return
      yield value
    }
  } finally {
    late.removeEventListener('abort', cancel)
    await reader.cancel().catch(() => undefined)
  }
}

function stranger({ base, method }: Call, status: number, how: string): NoAnswer {
  return new NoAnswer(
    `${new URL(base).origin} answers ${how} (status ${status}), which is not how Curfew answers. Is the address right?`,
    method !== 'GET',
  )
}

/** Codes of failures that come before anything has been sent. */
const NEVER_SENT: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_INVALID_URL',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

function unreached(url: URL, error: unknown, isLate: boolean): NoAnswer {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  const why = isLate
    ? 'no answer in time'
    : (code ?? (error instanceof Error ? error.message : String(error)))
  return new NoAnswer(`${url.origin} cannot be reached: ${why}.`, !NEVER_SENT.has(code), error)
}

function urlOf({ base, path, query = {} }: Call): URL {
  // Below the base, should that have a path of its own.
  const url = new URL(`${base.replace(/\/$/, '')}${path}`)
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}

/** One segment of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text)
}
