import { afterEach, beforeEach, expect, it } from 'vitest'

import { file, putInto, refusalOf, setStage, type Stage } from '../../test/stage.ts'

let stage: Stage
beforeEach(async () => {
  stage = await setStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const removal = (): string => stage.desk.claim({ op: 'delete', file })

it('removes the file, and spends nothing on one that it has removed', async () => {
  await putInto(stage.store, 'x')
  expect((await stage.request('DELETE', removal())).status).toBe(204)
  expect(await stage.store.find(file)).toBeUndefined()
  expect((await stage.request('DELETE', removal())).status).toBe(404)
  expect(stage.desk.asked).toHaveLength(1)
})

it('of a file that is still to come keeps it from coming, and an upload that finds that out costs no claim', async () => {
  expect((await stage.request('DELETE', removal())).status).toBe(204)
  const put = (): Promise<Response> =>
    stage.request('PUT', stage.desk.claim({ op: 'upload', file }), { body: 'x' })
  for (let attempt = 0; attempt < 2; attempt += 1) expect(await refusalOf(await put())).toBe('409 conflict')
  expect(stage.desk.asked).toHaveLength(1)
  expect(await stage.store.find(file)).toBeUndefined()
})

it.each([
  ['spent', 409],
  ['withdrawn', 403],
] as const)('keeps the file when the claim is %s', async (outcome, status) => {
  await putInto(stage.store, 'x')
  stage.desk.answer = () => outcome
  expect((await stage.request('DELETE', removal())).status).toBe(status)
  expect(await stage.store.find(file)).toBeDefined()
})

it.each(['download', 'upload'] as const)('keeps the file when the claim is for %s', async (op) => {
  await putInto(stage.store, 'x')
  expect((await stage.request('DELETE', stage.desk.claim({ op, file }))).status).toBe(403)
  expect((await stage.request('DELETE')).status).toBe(401)
  expect(await stage.store.find(file)).toBeDefined()
  expect(stage.desk.asked).toHaveLength(0)
})

it('keeps the file when a precondition fails, and spends nothing', async () => {
  await putInto(stage.store, 'x')
  const etag = String(
    (await stage.request('HEAD', stage.desk.claim({ op: 'download', file }))).headers.get('etag'),
  )
  for (const headers of [{ 'if-match': '"other"' }, { 'if-match': `W/${etag}` }, { 'if-none-match': '*' }])
    expect((await stage.request('DELETE', removal(), { headers })).status).toBe(412)
  expect(stage.desk.asked).toEqual([])
  expect((await stage.request('DELETE', removal(), { headers: { 'if-match': etag } })).status).toBe(204)
})

it.each(['PATCH', 'OPTIONS'])('knows no %s', async (method) => {
  const response = await stage.request(method)
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe('DELETE, GET, HEAD, POST, PUT')
})
