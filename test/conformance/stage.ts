/**
 * ①–⑦ The one running system that all statements are shown on: two session replicas, two gateways, documents and files.
 */
import { startTestSystem, type TestSystem } from '@curfew/test-kit'

let running: TestSystem | undefined

export async function startStage(): Promise<void> {
  running = await startTestSystem({ replicas: { session: 2, gateway: 2 } })
}

export async function stopStage(): Promise<void> {
  await running?.[Symbol.asyncDispose]()
  running = undefined
}

/** Tests leave it as they found it: accounts, grants and passwords are everybody's. */
export function system(): TestSystem {
  if (running === undefined) throw new Error('the system is started before the first test')
  return running
}

export function gatewayUrl(): string {
  return system().services.gateway.url
}
