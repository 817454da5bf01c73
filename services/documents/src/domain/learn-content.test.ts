import type { SessionId, Subject, TenantId, UserId } from '@curfew/contracts'
import type { Digest } from '@curfew/one-time-claims'
import { describe, expect, it, vi } from 'vitest'

import type { Caller, DocumentStore, FileService, Look } from '../ports.ts'
import { newDocument, type Content } from './document.ts'
import { learnContent } from './learn-content.ts'

const caller: Caller = {
  subject: { tenant: 'acme', user: 'alice' } as Subject,
  session: 'S'.repeat(22) as SessionId,
  requestId: 'r1',
}
const content: Content = { size: 3, digest: 'sha-256=:x:' as Digest, etag: '"x"' }
const document = newDocument(
  { name: 'a', contentType: 'text/plain' },
  { tenant: 'acme' as TenantId, user: 'alice' as UserId },
  0,
)

function portsWhereLookIs(answer: Look) {
  const look = vi.fn<FileService['look']>().mockResolvedValue(answer)
  const remember = vi.fn<DocumentStore['remember']>().mockResolvedValue()
  const ports = { files: { look } as Partial<FileService>, documents: { remember } as Partial<DocumentStore> }
  return { look, remember, ports: ports as { files: FileService; documents: DocumentStore } }
}

describe('what is stored', () => {
  it('is not asked for again once it is known', async () => {
    const { ports, look, remember } = portsWhereLookIs({ kind: 'absent' })
    expect(await learnContent(ports, { ...document, content }, caller)).toEqual({ kind: 'stored', content })
    expect(look).not.toHaveBeenCalled()
    expect(remember).not.toHaveBeenCalled()
  })

  it('is asked for in the name of the caller, and remembered', async () => {
    const { ports, look, remember } = portsWhereLookIs({ kind: 'stored', content })
    expect(await learnContent(ports, document, caller)).toEqual({ kind: 'stored', content })
    expect(look).toHaveBeenCalledWith(document.file, caller)
    expect(remember).toHaveBeenCalledWith({ ...document, content })
  })

  it.each([{ kind: 'absent' }, { kind: 'unavailable', cause: 'x' }] as const)(
    'is not remembered when the answer is $kind',
    async (answer) => {
      const { ports, remember } = portsWhereLookIs(answer)
      expect(await learnContent(ports, document, caller)).toEqual(answer)
      expect(remember).not.toHaveBeenCalled()
    },
  )
})
