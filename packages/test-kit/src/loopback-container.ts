/**
 * A container of a test run.
 * Promise: what it publishes is reachable from this machine only, its neighbours reach it by its hostname, and it
 * carries the labels by which a run is cleaned up.
 */
import { GenericContainer } from 'testcontainers'

import { runLabels } from './config.ts'

export const LOOPBACK = '127.0.0.1'

export class LoopbackContainer extends GenericContainer {
  protected override async beforeContainerCreated(): Promise<void> {
    this.withLabels(runLabels())
    // An alias given the usual way would put the container on the default network first, which publishes elsewhere.
    const { networkMode: network } = this
    const { Hostname: name } = this.createOpts
    if (network !== undefined && name !== undefined)
      this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { Aliases: [name] } } }
    // Testcontainers leaves the address open, which means every interface of the machine.
    const published = Object.values<{ HostIp?: string }[]>(this.hostConfig.PortBindings ?? {})
    for (const binding of published.flat()) binding.HostIp = LOOPBACK
  }
}
