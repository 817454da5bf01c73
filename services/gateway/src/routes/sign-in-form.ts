/**
 * ① The sign-in page, and its form where no script sends it.
 * Promise: what stands in a field is text and nothing else; a form is read as it was sent or refused, and only from a page that
 * says where it is.
 */
import { isUndeclared, pageHeaders } from '@curfew/browser-boundary'
import { formFields, isNamedIn, Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

import { returnAddress } from '../domain/return-address.ts'

const FORM = 'application/x-www-form-urlencoded'

export interface SignInForm {
  /** The page, with places for what is filled in. */
  readonly html: string
  readonly returnOrigins: ReadonlySet<string>
}

const Fields = Type.Object({
  tenant: Type.Optional(Type.String()),
  username: Type.Optional(Type.String()),
  return_to: Type.Optional(Type.String()),
})
const Refusal = Type.Object({ code: Type.String(), detail: Type.Optional(Type.String()) })

export function isForm({ headers }: FastifyRequest): boolean {
  return isNamedIn(headers['content-type'], FORM)
}

/** Forms become bodies like those of JSON, and refusals of forms the page with what is wrong. */
export function takeForms(app: CurfewServer, form: SignInForm): void {
  app.addContentTypeParser<Buffer>(FORM, { parseAs: 'buffer' }, (request, body, done) => {
    const { origin, referer, host, 'sec-fetch-site': site } = request.headers
    if (isUndeclared({ origin, referer, host, secFetchSite: site?.toString() }))
      return done(new Problem('csrf-rejected', 'the form does not say where it comes from'))
    const fields = formFields(body)
    if (fields === undefined) return done(new Problem('bad-request', 'the form is malformed'))
    done(null, fields)
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode < 400 || !isForm(request) || typeof payload !== 'string') return done(null, payload)
    const fields = Value.Check(Fields, request.body) ? request.body : {}
    done(null, signInPage(reply, form, { fields, fault: explained(JSON.parse(payload)) }))
  })
}

/** @returns the page, whose headers are set */
export function signInPage(
  reply: FastifyReply,
  { html, returnOrigins }: SignInForm,
  { fields, fault = '' }: { readonly fields: Static<typeof Fields>; readonly fault?: string },
): string {
  const back = returnAddress(fields.return_to ?? '', returnOrigins)
  // Browsers look at the address that an answer to a form leads to as well.
  const elsewhere = back === undefined || back.startsWith('/') ? [] : [new URL(back).origin]
  void reply.headers(pageHeaders(...elsewhere)).type('text/html; charset=utf-8')
  return html
    .replace('<!-- return -->', () => (back === undefined ? '' : hidden('return_to', back)))
    .replace(
      '<p class="fault" role="alert"></p>',
      () => `<p class="fault" role="alert">${escaped(fault)}</p>`,
    )
    .replace('name="tenant"', () => `name="tenant" value="${escaped(fields.tenant ?? '')}"`)
    .replace('name="username"', () => `name="username" value="${escaped(fields.username ?? '')}"`)
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escaped(value)}" />`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}

const FAULTS: Readonly<Record<string, string>> = {
  'invalid-credentials': 'Organisation, user name or password is wrong.',
  'too-many-requests': 'Too many attempts. Wait a moment and try again.',
  unavailable: 'Signing in is not possible right now. Try again in a moment.',
}

function explained(refusal: unknown): string {
  if (!Value.Check(Refusal, refusal)) return ''
  return FAULTS[refusal.code] ?? `Signing in was refused${refusal.detail ? `: ${refusal.detail}` : ''}.`
}
