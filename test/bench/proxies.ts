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

/** Each in a process of its own. nginx is left out where it is not installed. */
export async function startProxies(
  { servers }: System,
  upstream: string,
  stack: AsyncDisposableStack,
): Promise<Proxy[]> {
  const { directory } = servers
  const accountsFile = join(directory, 'accounts.json')
  await writeFile(accountsFile, JSON.stringify({ accounts: [] }))
  const options = { upstream, natsUrl: servers.natsUrl('gateway'), accountsFile }
  const start = async (label: string, kind: keyof typeof commands): Promise<Proxy> => {
    const child = stack.use(startChild<typeof commands>('proxies.child.ts', STEADY))
    return { label, url: await child.call(kind, options), cpuUs: () => child.cpuUs() }
  }
  const guarded = await start(LABELS.guarded, 'gateway')
  const proxies = [
    guarded,
    await start(LABELS.unchecked, 'unchecked'),
    await start(LABELS.unguarded, 'unguarded'),
    await start(LABELS.peer, 'httpProxy'),
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
