import { request } from 'node:http'

import type { Verdict } from '@curfew/verifier'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { newToken, setRelayStage, type RelayStage } from './relay-stage.ts'

const { token, session } = newToken()

let verdict: PromiseWithResolvers<Verdict>
let checked: PromiseWithResolvers<undefined>
let departed: PromiseWithResolvers<undefined>
let stage: RelayStage

beforeEach(async () => {
  verdict = Promise.withResolvers()
  checked = Promise.withResolvers()
  departed = Promise.withResolvers()
  stage = await setRelayStage(() => {
    checked.resolve(undefined)
    return verdict.promise
  })
  stage.app.server.prependListener('request', (_request, response) => {
    response.once('close', () => departed.resolve(undefined))
  })
})
afterEach(() => stage[Symbol.asyncDispose]())

it.each(['GET', 'PUT'])(
  'a caller that leaves while its session is checked reaches nobody: %s',
  async (method) => {
    const client = request(`${stage.url}/api/documents/1`, {
      method,
      headers: { authorization: `Bearer ${token}` },
    })
    client.on('error', () => undefined)
    if (method === 'PUT') client.write('the beginning')
    else client.end()
    await checked.promise
    client.destroy()
    await departed.promise
    verdict.resolve({ kind: 'admitted', session })

    const response = await fetch(`${stage.url}/api/documents/2`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(response.status).toBe(200)
    expect(stage.service.arrivals.map(({ url: path }) => path)).toEqual(['/documents/2'])
  },
)
