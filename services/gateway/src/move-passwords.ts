/**
 * ① `node services/gateway/src/move-passwords.ts`: moves changed passwords into the gateway's own account of NATS, once, after
 * an update (docs/operations.md).
 */
import { connectMessaging } from '@curfew/messaging'

import { moveFormerBucket } from './adapters/former-bucket.ts'
import { readMoveConfig } from './config.ts'

process.exitCode = await run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  return 1
})

async function run(): Promise<number> {
  const { CURFEW_NATS_URL, CURFEW_NATS_ADMIN_URL } = readMoveConfig()
  await using stack = new AsyncDisposableStack()
  const connect = async (url: string) => {
    const nc = await connectMessaging({ url, name: 'move-passwords' })
    stack.defer(() => nc.close())
    return nc
  }
  const [admin, gateway] = [await connect(CURFEW_NATS_ADMIN_URL), await connect(CURFEW_NATS_URL)]
  const done = await moveFormerBucket({ admin, gateway })
  process.stdout.write(
    done === undefined
      ? 'nothing to move\n'
      : `changed passwords moved: ${done.moved}; changed again since and kept: ${done.kept}\n`,
  )
  return 0
}
