/**
 * What tests expect of an HTTP answer; a disappointment shows the whole answer.
 */
import assert from 'node:assert/strict'

import { PROBLEMS, type ProblemBody, type ProblemCode } from '@curfew/contracts'

/** The parsed body of an answer with this status. @throws AssertionError */
export async function expectJson<Body = unknown>(response: Response, status: number): Promise<Body> {
  const text = await response.text()
  assert.equal(response.status, status, `${response.url} answered ${response.status}: ${text}`)
  assert.match(response.headers.get('content-type') ?? '', /^application\/(problem\+)?json\b/, text)
  return JSON.parse(text) as Body
}

/** A complete problem (RFC 9457) of this code, with the headers that its status asks for. @throws AssertionError */
export async function expectProblem(
  response: Response,
  status: number,
  code: ProblemCode,
): Promise<ProblemBody> {
  const problem = await expectJson<ProblemBody>(response, status)
  const shown = JSON.stringify(problem)
  assert.equal(problem.code, code, shown)
  assert.equal(PROBLEMS[code].status, status, `${code} always has the status ${PROBLEMS[code].status}`)
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json\b/, shown)
  assert.equal(problem.type, `urn:curfew:problem:${code}`, shown)
  assert.equal(problem.title, PROBLEMS[code].title, shown)
  assert.equal(problem.status, status, shown)
  assert.match(problem.request_id, /^[A-Za-z0-9._-]{1,64}$/, shown)
  if (status === 401) assert.ok(response.headers.has('www-authenticate'), '401 carries WWW-Authenticate')
  if (status === 429 || status === 503)
    assert.ok(response.headers.has('retry-after'), `${status} carries Retry-After`)
  return problem
}
