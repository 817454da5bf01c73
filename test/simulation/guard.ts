/** One service that checks sessions: the verifier as services use it. */
import type { Audience } from '@curfew/contracts'
import { createVerifier, type Verifier } from '@curfew/verifier'
import type { NatsConnection } from '@nats-io/transport-node'

import { Actor } from './actor.ts'
import type { Platform } from './platform.ts'
import type { VirtualProcess } from './virtual-time.ts'

export class Guard extends Actor {
  readonly audience: Audience
  verifier: Verifier | undefined
  nc: NatsConnection | undefined

  constructor(platform: Platform, name: string, audience: Audience) {
    super(platform, name)
    this.audience = audience
  }

  get isServing(): boolean {
    return this.verifier !== undefined && this.process.isAlive
  }

  protected async open(process: VirtualProcess): Promise<void> {
    const logger = this.platform.loggerOf(process)
    const nc = await this.connect(process)
    this.nc = nc
    this.verifier = await createVerifier({ nc, audience: this.audience, logger })
  }

  protected async close(): Promise<void> {
    await this.verifier?.close()
    await this.nc?.drain()
  }

  protected forget(): void {
    this.nc = undefined
    this.verifier = undefined
  }
}
