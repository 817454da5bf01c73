/** What the peers of `service` and `revocation` have in common: one guarded route, and people who are signed in there. */

/** Where a request shows who it comes from. */
export interface Credential {
  readonly header: 'authorization' | 'cookie'
  readonly value: string
}

export interface Guarded {
  readonly url: string
  /** Another session. */
  signIn(user: string): Promise<Credential>
  /** Ends a session as the peer's documentation says. Absent where there is no way. */
  readonly revoke?: (credential: Credential) => Promise<void>
  close(): Promise<unknown>
}

/** What two replicas have in common. */
export interface Shared {
  readonly redisUrl: string
  /** 32 characters or more. */
  readonly secret: string
}

export const GUARDED_PATH = '/documents/42'
export const ANYWHERE = { host: '127.0.0.1', port: 0 }

/** What the route answers. */
export function documentFor(user: string): { id: number; owner: string; title: string; pages: number } {
  return { id: 42, owner: user, title: 'Document 42', pages: 7 }
}
