/** ④ The description of the operators' API. */
import type { CurfewServer } from '@curfew/service-kit'
import { describeApi } from '@curfew/service-kit/api-description'

export async function describeOperatorApi(app: CurfewServer, isPageServed: boolean): Promise<void> {
  await describeApi(app, {
    title: 'Curfew: session authority',
    description:
      'For operators, with the bearer token of a session that has `curfew:operator` or a narrower permission, and for trusted backends.',
    credentials: {
      operator: { type: 'http', scheme: 'bearer', description: 'The token of an operator’s own session' },
      client: { type: 'http', scheme: 'basic', description: 'Id and secret of a trusted backend' },
    },
    isPageServed,
  })
}
