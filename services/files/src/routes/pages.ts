/**
 * ⑦ Answers for people: browsers that come by a form or a link get a page where programs get a problem.
 * Promise: the same status and the same headers otherwise; what a person reads says no more than what a program reads.
 */
import type { ProblemBody } from '@curfew/contracts'
import type { CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { refusalPage, type Page } from '../domain/page.ts'

const PROBLEM = 'application/problem+json'

/** A script that asks for a file wants to read what is wrong, a person to understand it. */
export function isForPerson({ method, headers }: FastifyRequest): boolean {
  return (
    (method === 'GET' || method === 'POST') &&
    headers.accept?.includes('text/html') === true &&
    !headers.accept.includes(PROBLEM)
  )
}

export function addRefusalPages(app: CurfewServer): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const type = String(reply.getHeader('content-type') ?? '')
    if (!type.startsWith(PROBLEM) || typeof payload !== 'string' || !isForPerson(request)) return payload
    const { code } = JSON.parse(payload) as ProblemBody
    const isUnderWay = code === 'claim-spent' && reply.hasHeader('retry-after')
    const page = refusalPage(code, isUnderWay)
    dress(reply, page)
    return page.html
  })
}

export function sendPage(reply: FastifyReply, page: Page): FastifyReply {
  dress(reply, page)
  return reply.send(page.html)
}

function dress(reply: FastifyReply, { policy }: Page): void {
  void reply.type('text/html; charset=utf-8').headers({
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    vary: [reply.getHeader('vary'), 'Accept'].filter((each) => each !== undefined).join(', '),
  })
}
