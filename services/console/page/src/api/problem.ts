/** What a call that failed has said. */

/** `unreachable` stands for no answer at all: the console itself, or the way to it. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly code: string
  readonly detail: string | undefined

  constructor(status: number, code: string, { title, detail }: { title?: string; detail?: string } = {}) {
    super(detail ?? title ?? code)
    this.status = status
    this.code = code
    this.detail = detail
  }
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  const said: unknown = await response.json().catch(() => undefined)
  return problemFrom(response.status, said)
}

export function problemFrom(status: number, said: unknown): ApiProblem {
  const { code, title, detail } = (said ?? {}) as { code?: string; title?: string; detail?: string }
  return new ApiProblem(status, code ?? `http-${status}`, {
    ...(title !== undefined && { title }),
    ...(detail !== undefined && { detail }),
  })
}

/** Nobody can say: not a refusal, and worth asking again. */
export function isAway(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 0 || error.status === 502 || error.status === 503)
}

/** This deployment's session authority does not know the call, or the operator may not know of it. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 404 || error.status === 405)
}

export function isForbidden(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 403
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof ApiProblem && error.code === code
}

/** For people. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiProblem)) return 'Something went wrong in this page.'
  if (error.code === 'no-answer') return 'No answer came within five seconds.'
  if (error.status === 0) return 'The console cannot be reached.'
  if (isAway(error)) return 'The session authority does not answer.'
  if (error.code === 'insufficient-authentication') return 'Not done: it needs your password once more.'
  if (error.code === 'too-many-requests') return 'Too many calls in a short time. Wait a moment.'
  return sentence(error.message)
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(capital) ? capital : `${capital}.`
}
