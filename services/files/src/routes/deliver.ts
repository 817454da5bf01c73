/**
 * ⑦ `GET /files/{id}` with a bearer claim, `POST` with a form field for browsers, `HEAD` for free.
 * Promise: one claim, one delivery, which may be taken up where it broke off; a file that is missing or another version
 * costs nothing, and neither does looking, following a link, asking in advance, a failed precondition, or a range outside the file.
 */
import type { IncomingHttpHeaders } from 'node:http'

import { bearerToken } from '@curfew/fastify'
import { Type } from '@fastify/type-provider-typebox'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { wantedBytes, type RangeFields } from '../domain/byte-range.ts'
import { isPrefetch } from '../domain/in-advance.ts'
import { offerPage } from '../domain/page.ts'
import { judge } from '../domain/preconditions.ts'
import { entityTag, partHeaders, representationHeaders, versionHeaders } from '../domain/representation.ts'
import { linkRefused, outsideOf, preconditionFailed, prefetchRefused, sentTwice } from '../errors.ts'
import type { ClaimFor, FileStore, OpenFile, StoredFile } from '../ports.ts'
import type { Admission } from './admission.ts'
import { addDeliverForm } from './deliver-form.ts'
import { newDeliveryId, type Deliveries } from './delivery.ts'
import { isForPerson, sendPage } from './pages.ts'
import { FilePath, NoQuery } from './request-shapes.ts'
import type { TakePlace } from './transfer-places.ts'

export interface DeliverOptions {
  readonly admission: Admission
  readonly takePlace: TakePlace
  readonly deliveries: Deliveries
  readonly store: FileStore
  readonly allowClaimInUrl: boolean
}

const closed = { additionalProperties: false }
const ClaimQuery = Type.Object({ claim: Type.Optional(Type.String()) }, closed)
interface WithClaim {
  readonly claim?: string
}

type Asked = Parameters<Admission['admit']>[1] & {
  readonly method: string
  readonly headers: IncomingHttpHeaders
}

export function addDeliverRoutes(app: CurfewServer, options: DeliverOptions): void {
  const { admission, takePlace, deliveries, store } = options
  const querystring = options.allowClaimInUrl ? ClaimQuery : NoQuery

  async function look(asked: Asked, reply: FastifyReply): Promise<FastifyReply> {
    const claim = await admission.admit('download', asked)
    const file = await store.find(claim.act.file)
    if (file === undefined) throw new Problem('not-found')
    checkVersion(claim, file, asked)
    if (isKnown(file, asked)) return notModified(file, reply)
    await admission.confirm(claim, asked.log)
    return reply.headers(representationHeaders(file, claim.act)).send()
  }

  /** A link may be opened by anything that looks at links: it offers the file, and the button takes it. */
  async function offer(
    asked: Asked & { readonly claim: string },
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const claim = await admission.admit('download', asked)
    return sendPage(reply, offerPage(asked.claim, claim.act))
  }

  async function deliver(asked: Asked, reply: FastifyReply): Promise<FastifyReply> {
    const claim = await admission.admit('download', asked)
    if (isPrefetch(asked.headers)) throw prefetchRefused()
    const opened = await store.open(claim.act.file)
    if (opened === undefined) throw new Problem('not-found')
    try {
      checkVersion(claim, opened.file, asked)
      return await send({ claim, opened }, asked, reply)
    } catch (refusal) {
      await opened.close()
      throw refusal
    }
  }

  async function send(
    { claim, opened }: { readonly claim: ClaimFor<'download'>; readonly opened: OpenFile },
    asked: Asked,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { file } = opened
    const { size } = file
    if (isKnown(file, asked)) {
      await opened.close()
      return notModified(file, reply)
    }
    const wanted = wantedBytes(rangeIn(asked.headers), { size, etag: entityTag(file.digest) })
    if (wanted.kind === 'unsatisfiable') throw outsideOf(size)
    const part = wanted.kind === 'part' ? wanted : { from: 0, until: size }
    takePlace(claim, reply)
    const id = newDeliveryId()
    await admission.spend(claim, asked.log, { id, from: part.from, size })
    // From here the stream owns the handle; the server destroys it when the caller goes away.
    const content = opened.stream(part)
    deliveries.follow({ claim, id, part, size }, content, reply)
    void reply.headers(representationHeaders(file, claim.act))
    if (wanted.kind === 'part') void reply.code(206).headers(partHeaders(part, size))
    return reply.send(content)
  }

  function checkVersion(claim: ClaimFor<'download'>, file: StoredFile, { log }: Asked): void {
    const { etag } = claim.act
    if (etag !== undefined && etag !== entityTag(file.digest)) throw admission.mismatch(claim, log)
  }

  const shape = { schema: { params: FilePath, querystring } }
  // Before GET: the HEAD route that the framework would add to that one would spend the claim.
  app.head('/files/:id', shape, (request, reply) => look(presented(request, onlyClaim(request)), reply))
  app.get<{ Params: { id: string }; Querystring: WithClaim }>('/files/:id', shape, (request, reply) => {
    const asked = presented(request, onlyClaim(request))
    const { claim } = request.query
    if (claim === undefined) return deliver(asked, reply)
    if (!isForPerson(request)) throw linkRefused()
    return offer({ ...asked, claim }, reply)
  })
  addDeliverForm(app, (request, claim, reply) => deliver(presented(request, claim), reply))
}

function presented(request: FastifyRequest<{ Params: { id: string } }>, claim: string | undefined): Asked {
  const { params, log, method, headers } = request
  return { claim, file: params.id, log, method, headers }
}

/** Whether the caller has this version already. @throws Problem when a precondition fails */
function isKnown(file: StoredFile, { method, headers }: Asked): boolean {
  const preconditions = { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] }
  const verdict = judge(method, preconditions, entityTag(file.digest))
  if (verdict === 'failed') throw preconditionFailed()
  return verdict === 'not-modified'
}

function notModified(file: StoredFile, reply: FastifyReply): FastifyReply {
  return reply.code(304).headers(versionHeaders(file)).send()
}

function onlyClaim(request: FastifyRequest<{ Querystring: { claim?: string } }>): string | undefined {
  const inHeader = bearerToken(request.raw)
  const inUrl = request.query.claim
  if (inHeader !== undefined && inUrl !== undefined) throw sentTwice()
  return inHeader ?? inUrl
}

/** RFC 9110 §14.2 defines ranges for GET; here they are defined for the form as well, which is a GET that hides its claim. */
function rangeIn({ range, 'if-range': ifRange }: IncomingHttpHeaders): RangeFields {
  return { range, ifRange: ifRange as string | undefined }
}
