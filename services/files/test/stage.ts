/**
 * The routes of the file service on a real socket and a real directory, with a claim desk that the test plays.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'

import type { SessionId, Subject } from '@curfew/contracts'
import type {
  ClaimId,
  ClaimVerdict,
  Delivery,
  DeliveryEnd,
  FileAct,
  FileClaim,
  FileId,
  InvalidReason,
  Redemption,
} from '@curfew/one-time-claims'
import { createHttpServer, createLogger, createMetrics, type CurfewServer } from '@curfew/service-kit'

import { openDirectoryStore, type DirectoryStore } from '../src/adapters/directory-store.ts'
import type { ClaimDesk } from '../src/ports.ts'
import { corsHeaders } from '../src/routes/cors.ts'
import type { Pace } from '../src/routes/delivery.ts'
import { addFileRoutes } from '../src/routes/file-routes.ts'

export const file = 'AbCdEfGhIjKlMnOpQrStUv' as FileId
export const MAX_BYTES = 10_000_000
const PACE: Pace = { stallMs: 30_000, minBytesPerSecond: 4_096 }

export class PlayedDesk implements ClaimDesk {
  /** What the authority was asked to redeem. */
  readonly asked: FileClaim[] = []
  readonly deliveries: (Delivery | undefined)[] = []
  readonly released: DeliveryEnd[] = []
  /** Call one: the session behind its claim is over. */
  readonly watching = new Set<() => void>()
  /** What it answers, or throws. */
  answer: () => Redemption | Promise<Redemption> = () => 'redeemed'
  /** Whether the session behind a claim is alive; or throws. */
  standing: () => boolean = () => true
  readonly #verdicts = new Map<string, ClaimVerdict>()

  verify(text: string): Promise<ClaimVerdict> {
    return Promise.resolve(this.#verdicts.get(text) ?? { kind: 'invalid', reason: 'malformed' })
  }

  async stands(): Promise<boolean> {
    return this.standing()
  }

  async redeem(claim: FileClaim, delivery?: Delivery): Promise<Redemption> {
    this.asked.push(claim)
    this.deliveries.push(delivery)
    return this.answer()
  }

  release(_claim: FileClaim, end: DeliveryEnd): Promise<void> {
    this.released.push(end)
    return Promise.resolve()
  }

  watch(_claim: FileClaim, onWithdrawn: () => void): () => void {
    this.watching.add(onWithdrawn)
    return () => void this.watching.delete(onWithdrawn)
  }

  /** Text that this desk takes for a claim that allows the act. */
  claim(act: FileAct, session = 'S'.repeat(22)): string {
    return this.#keep({
      kind: 'valid',
      claim: {
        issuer: 'http://documents.test',
        claimId: `claim-${this.#verdicts.size}` as ClaimId,
        subject: { tenant: 'acme', user: 'alice' } as Subject,
        session: session as SessionId,
        act,
        expiresAtSeconds: 2_000_000_000,
      },
    })
  }

  /** Text that it refuses for this reason, or cannot judge. */
  bad(reason: InvalidReason | 'unavailable'): string {
    return this.#keep(
      reason === 'unavailable'
        ? { kind: 'unavailable', cause: new Error('no keys') }
        : { kind: 'invalid', reason },
    )
  }

  #keep(verdict: ClaimVerdict): string {
    const text = `text-${this.#verdicts.size}-${'s'.repeat(40)}`
    this.#verdicts.set(text, verdict)
    return text
  }
}

export interface Stage extends AsyncDisposable {
  readonly url: string
  readonly operationsUrl: string
  readonly desk: PlayedDesk
  readonly store: DirectoryStore
  readonly log: readonly string[]
  request(method: string, claim?: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>
  /** Every path below the root of the store. */
  everything(): Promise<string[]>
}

export interface StageOptions {
  readonly allowClaimInUrl?: boolean
  readonly corsOrigins?: readonly string[]
  readonly pace?: Pace
}

export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const root = await mkdtemp(join(tmpdir(), 'curfew-files-'))
  const store = await openDirectoryStore(root)
  const desk = new PlayedDesk()
  const log: string[] = []
  const app = serverLoggingTo(log, { desk, store, ...options })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    operationsUrl: app.operationsUrl(),
    desk,
    store,
    log,
    request: (method, claim, init = {}) => {
      const headers = new Headers(init.headers)
      if (claim !== undefined) headers.set('authorization', `Bearer ${claim}`)
      return fetch(`${url}/files/${file}`, { method, ...init, headers })
    },
    everything: async () => (await readdir(root, { recursive: true })).toSorted(),
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await rm(root, { recursive: true })
    },
  }
}

function serverLoggingTo(
  log: string[],
  parts: StageOptions & { desk: PlayedDesk; store: DirectoryStore },
): CurfewServer {
  const registry = createMetrics('files')
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      log.push(String(chunk))
      done()
    },
  })
  const logger = createLogger({ service: 'files', level: 'debug' }, destination)
  const { desk: claims, store, allowClaimInUrl = false, pace = PACE } = parts
  const corsOrigins = new Set(parts.corsOrigins)
  const answerHeaders = corsHeaders(corsOrigins)
  const app = createHttpServer({
    service: 'files',
    logger,
    registry,
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
    answerHeaders,
  })
  addFileRoutes(app, {
    claims,
    store,
    registry,
    allowClaimInUrl,
    corsOrigins,
    maxBytes: MAX_BYTES,
    pace,
  })
  return app
}

export async function putInto(
  store: DirectoryStore,
  content: string | Buffer,
  contentType = 'text/plain',
): Promise<void> {
  const receipt = await store.receive(file, inOnePiece(content), {
    contentType,
    minBytes: 0,
    maxBytes: MAX_BYTES * 10,
    digests: [],
  })
  if (receipt.kind !== 'stored') throw new Error(receipt.kind)
}

async function* inOnePiece(content: string | Buffer): AsyncGenerator<Buffer> {
  yield Buffer.from(content)
}

/** Status and code of a problem, for example `401 claim-invalid`. */
export async function refusalOf(response: Response): Promise<string> {
  const { status, code, type } = (await response.json()) as Record<string, unknown>
  if (
    status !== response.status ||
    type !== `urn:curfew:problem:${String(code)}` ||
    response.headers.get('content-type') !== 'application/problem+json; charset=utf-8'
  )
    throw new Error(`not a problem: ${response.status}`)
  return `${status} ${String(code)}`
}
