/** ④ What tests of rotations need: the question of a gateway, and verifiers as services have them. */
import {
  GATEWAY_AUDIENCE,
  ROTATE_SESSION,
  ROTATION_WITHIN_MS,
  SUBJECTS,
  formatRelayToken,
  hashSecret,
  parseToken,
  relayValueFor,
  type Audience,
  type SecretHash,
  type SessionId,
} from '@curfew/contracts'
import { ask, connectMessaging } from '@curfew/messaging'
import { createVerifier, type Verifier } from '@curfew/verifier'
import { Registry } from 'prom-client'
import type { Static } from 'typebox'

import { until, type Created, type Stage } from './stage.ts'

export const DOCUMENTS = 'documents' as Audience
type Question = Static<typeof ROTATE_SESSION.question>
export type RotationAnswer = Static<typeof ROTATE_SESSION.answer>
type Token = { readonly token: string }

export function hashIn(token: string): SecretHash {
  const parsed = parseToken(token)
  if (parsed?.kind !== 'session') throw new Error('no session token')
  return hashSecret(parsed.secret)
}

export function relayTokenIn(token: string, audience = DOCUMENTS): string {
  const sessionId = parseToken(token)?.sessionId as SessionId
  return formatRelayToken(sessionId, relayValueFor(hashIn(token), audience))
}

/** As a gateway asks that has met the token. */
// oxlint-disable-next-line max-params -- what is asked, and for how long an answer is waited for
export function tryRotate(
  stage: Stage,
  { session, token }: Created,
  change: Partial<Question> = {},
  timeoutMs = ROTATION_WITHIN_MS + 2_000,
): Promise<RotationAnswer> {
  const { id, tenant, user } = session
  const question: Question = {
    session: id,
    tenant,
    user,
    secretHash: hashIn(token),
    actor: `${tenant}/${user}`,
    reason: 'test',
    ...change,
  }
  return ask(stage.gateway, ROTATE_SESSION, SUBJECTS.rotateSession, question, { timeoutMs })
}

/** The session with its new token. */
export async function rotate(
  stage: Stage,
  created: Created,
  change: Partial<Question> = {},
): Promise<Created> {
  const answer = await tryRotate(stage, created, change)
  if (answer.outcome !== 'rotated') throw new Error(`not rotated: ${JSON.stringify(answer)}`)
  return { outcome: 'created', token: answer.token, session: answer.session }
}

const silent = () => undefined

/** A verifier on a connection of its own, as another process would have it. */
export class TestVerifier implements AsyncDisposable {
  readonly verifier: Verifier
  readonly #close: () => Promise<void>

  private constructor(verifier: Verifier, close: () => Promise<void>) {
    this.verifier = verifier
    this.#close = close
  }

  static async start(stage: Stage, audience: Audience = GATEWAY_AUDIENCE): Promise<TestVerifier> {
    const user = audience === GATEWAY_AUDIENCE ? 'gateway' : 'documents'
    const nc = await connectMessaging({ url: stage.servers.natsUrl(user), name: `test-${audience}` })
    const logger = { info: silent, warn: silent, error: silent }
    const verifier = await createVerifier({ nc, audience, registry: new Registry(), logger })
    return new TestVerifier(verifier, async () => {
      await verifier.close()
      await nc.close()
    })
  }

  /** `admitted`, `unsure`, or why it was refused. */
  async verdictOn(token: string): Promise<string> {
    const verdict = await this.verifier.check(token)
    return verdict.kind === 'refused' ? verdict.reason : verdict.kind
  }

  /** It is remembered: the next check needs nobody. */
  async remembers({ token }: Token): Promise<void> {
    await until('it is remembered', async () => {
      await this.verifier.check(token)
      const verdict = this.verifier.check(token)
      return !(verdict instanceof Promise) && verdict.kind === 'admitted'
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }
}
