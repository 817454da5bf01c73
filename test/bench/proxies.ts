/** ① What `gateway` compares: gateways, proxies of Node and nginx, in front of the same service. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { STEADY, startChild } from './child.ts'
import { findNginx, startNginx, type Nginx } from './nginx.ts'
import type { commands } from './proxies.child.ts'
import type { System } from './system.ts'

export const LABELS = {
  guarded: 'the gateway',
  unchecked: 'the same, without the check',
  unguarded: 'its proxy, with nothing in front',
  peer: '@fastify/http-proxy',
  nginx: 'nginx',
  forwardAuth: 'nginx, asking /forward-auth',
  leastAuth: 'nginx, asking an nginx that says 204',
}

export interface Proxy {
  readonly label: string
  readonly url: string
  /** Microseconds that all have used who do its work. */
  readonly cpuUs: () => Promise<number>
}

/** What they all run in. */
interface Stage {
  readonly system: System
  readonly upstream: string
  readonly stack: AsyncDisposableStack
}

/** With and without the check, each in a process of its own. */
export async function startGateways(stage: Stage): Promise<[guarded: Proxy, unchecked: Proxy]> {
  return [
    await startInNode(stage, LABELS.guarded, 'gateway'),
    await startInNode(stage, LABELS.unchecked, 'unchecked'),
  ]
}

/** Everybody else. nginx is left out where it is not installed. @param guarded whom nginx asks */
export async function startOthers(stage: Stage, guarded: Proxy): Promise<Proxy[]> {
  const { system, upstream, stack } = stage
  const { directory } = system.servers
  const proxies = [
    await startInNode(stage, LABELS.unguarded, 'unguarded'),
    await startInNode(stage, LABELS.peer, 'httpProxy'),
  ]
  const command = findNginx()
  if (command === undefined) return proxies
  const asking = async (label: string, asked: Nginx): Promise<Proxy> => {
    const proxy = await startNginx(stack, { command, directory, upstream, gateway: asked.url })
    return { label, url: proxy.url, cpuUs: async () => (await proxy.cpuUs()) + (await asked.cpuUs()) }
  }
  return [
    ...proxies,
    { label: LABELS.nginx, ...(await startNginx(stack, { command, directory, upstream })) },
    await asking(LABELS.forwardAuth, guarded),
    await asking(LABELS.leastAuth, await startNginx(stack, { command, directory })),
  ]
}

async function startInNode(
  { system: { servers }, upstream, stack }: Stage,
  label: string,
  kind: keyof typeof commands,
): Promise<Proxy> {
  const accountsFile = join(servers.directory, 'accounts.json')
  await writeFile(accountsFile, JSON.stringify({ accounts: [] }))
  const child = stack.use(startChild<typeof commands>('proxies.child.ts', STEADY))
  const url = await child.call(kind, { upstream, natsUrl: servers.natsUrl('gateway'), accountsFile })
  return { label, url, cpuUs: () => child.cpuUs() }
}
