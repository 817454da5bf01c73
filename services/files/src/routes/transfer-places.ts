/**
 * ⑦ The places for transfers at this replica, downloads and uploads together.
 * Promise: no session and no address takes all of them; a transfer that finds none costs no claim.
 */
import { addressIn } from '@curfew/browser-boundary'
import type { FileClaim } from '@curfew/one-time-claims'
import { addressKey, Places, Problem } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Half of them for one address, because many people can share one. */
const PLACES = { all: 512, perSession: 64, perAddress: 256 }

/** Takes a place until the response is closed. @throws Problem where there is none */
export type TakePlace = (claim: FileClaim, reply: FastifyReply) => void

export function createTransferPlaces(): TakePlace {
  const places = new Places(PLACES)
  return (claim, { raw, request }) => {
    // `close` would not come a second time.
    if (raw.destroyed) throw new Problem('unavailable', 'the caller has gone away')
    const holder = { session: claim.session, address: addressKey(addressOf(request)) }
    const taken = places.take(holder)
    if (taken === 'full') throw new Problem('unavailable', 'too many transfers are under way here')
    if (taken === 'share-used-up')
      throw new Problem(
        'too-many-requests',
        'too many transfers of this session or address are under way here',
      )
    // Node, the framework and the delivery listen as well: more than the ten of which Node suspects a leak.
    raw.setMaxListeners(16)
    raw.once('close', () => places.giveBack(holder))
  }
}

/** Proxies write `unknown` and worse into `X-Forwarded-For`; then the proxy's own address has to do. */
function addressOf({ ip, raw }: FastifyRequest): string {
  return addressIn(ip) ?? raw.socket.remoteAddress ?? ''
}
