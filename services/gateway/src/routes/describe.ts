/** ① The description of the public face. */
import type { CurfewServer } from '@curfew/service-kit'
import { describeApi } from '@curfew/service-kit/api-description'

export async function describePublicFace(app: CurfewServer, cookieName: string): Promise<void> {
  await describeApi(app, {
    title: 'Curfew: gateway',
    description:
      'The public face. Browsers have a cookie and send `X-CSRF-Token` with what changes something; programs have a bearer token. ' +
      '`/api/<service>/*` passes to the services behind it.',
    credentials: {
      program: { type: 'http', scheme: 'bearer', description: 'The token of a session that a program began' },
      browser: {
        type: 'apiKey',
        in: 'cookie',
        name: cookieName,
        description: 'The cookie of a browser’s session',
      },
    },
    // A page that tries things out has no place on the origin of the cookies.
    isPageServed: false,
  })
}
