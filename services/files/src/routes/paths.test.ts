import { request } from 'node:http'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { file, putInto, setStage, type Stage } from '../../test/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
  await putInto(stage.store, 'once')
})
afterAll(() => stage[Symbol.asyncDispose]())

/** As it stands there: other clients would clean it up. */
function statusOf(method: string, path: string, claim: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(stage.url)
    const headers = { authorization: `Bearer ${claim}`, ...(method === 'PUT' && { 'content-length': '1' }) }
    const sent = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.once('error', reject).end(method === 'PUT' ? 'x' : undefined)
  })
}

describe('a path that names something else', () => {
  it.each([
    ['above', `/files/../files/../../etc/passwd`],
    ['above, encoded', `/files/%2e%2e%2f%2e%2e%2fetc%2fpasswd`],
    ['above, encoded twice', `/files/%252e%252e%252fetc%252fpasswd`],
    ['above, overlong', `/files/%c0%ae%c0%ae%c0%afetc%c0%afpasswd`],
    ['above, with backslashes', `/files/..%5c..%5cetc%5cpasswd`],
    ['above, from the file', `/files/${file}/../../etc/passwd`],
    ['above, in wide letters', `/files/%ef%bc%8e%ef%bc%8e%ef%bc%8fetc`],
    ['below the file', `/files/${file}/content`],
    ['below the file, encoded', `/files/${file}%2fcontent`],
    ['the description', `/files/${file}%2f..%2f${file}%2fabout.json`],
    ['what is on its way', `/files/.transit`],
    ['a NUL behind', `/files/${file}%00`],
    ['a NUL and another type', `/files/${file}%00.html`],
    ['a space behind', `/files/${file}%20`],
    ['a point behind', `/files/${file}.`],
    ['a stream of another system', `/files/${file}::$DATA`],
    ['other letters', `/files/${file.toLowerCase()}`],
    ['nothing', `/files/`],
    ['half an encoding', `/files/%`],
    ['no UTF-8', `/files/%ff%fe`],
    ['a device', `/files/%2fdev%2fzero`],
    ['a whole address', `http://evil.example/files/..%2f..%2fetc`],
    ['two slashes', `//files//${file}`],
  ])('is not looked for: %s', async (_, path) => {
    const find = vi.spyOn(stage.store, 'find')
    const open = vi.spyOn(stage.store, 'open')
    const receive = vi.spyOn(stage.store, 'receive')
    for (const [method, op] of [
      ['GET', 'download'],
      ['HEAD', 'download'],
      ['PUT', 'upload'],
      ['DELETE', 'delete'],
    ] as const)
      expect([400, 403, 404, 405]).toContain(await statusOf(method, path, stage.desk.claim({ op, file })))
    for (const call of [find, open, receive]) expect(call).not.toHaveBeenCalled()
    expect(stage.desk.asked).toEqual([])
  })

  it('does not harm the file that the claim names', async () => {
    expect(await (await stage.request('GET', stage.desk.claim({ op: 'download', file }))).text()).toBe('once')
  })
})
