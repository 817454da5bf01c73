/**
 * ① The cookie by which a browser proves which accounts have been logged in to from it before. It opens nothing: it only
 * gives the device a budget of failed attempts of its own, so that what strangers do never slows its owners down.
 * Promise: nobody can make one, it is worth nothing for another account, it says nothing about anybody, and the login of one
 * person does not make it forget another, up to a bound.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

import { lastingCookie } from '@curfew/browser-boundary'

export const DEVICE_COOKIE = '__Host-device'

/** The account as it was named in the login, whether or not there is one. */
export interface AccountName {
  readonly tenant: string
  readonly username: string
}

export interface DeviceProofs {
  /**
   * The proof that a device shows after a login. A device that is known keeps its id.
   * @param held what it has shown, undefined for nothing
   */
  issue(held: string | undefined, account: AccountName, nowMs: number): string
  /** The id of the device, when a part of the value was issued for this account and is not too old. */
  deviceOf(value: string, account: AccountName, nowMs: number): string | undefined
}

const LIFETIME_SECONDS = 180 * 24 * 3_600
/** The people who share a browser; the one whose login is longest ago is forgotten first. */
const ACCOUNTS_MAX = 6
const SEPARATOR = '~'
const SHAPE = /^([A-Za-z0-9_-]{22})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})$/
/** Of the longest value that is looked at. */
export const DEVICE_LENGTH_MAX = ACCOUNTS_MAX * (22 + 12 + 43 + 2 + SEPARATOR.length)

interface Part {
  readonly text: string
  readonly id: string
  readonly expires: string
  readonly signature: string
}

export function createDeviceProofs(key: Buffer): DeviceProofs {
  const sign = (id: string, expires: string, { tenant, username }: AccountName): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([id, expires, tenant, username]))
      .digest()

  const isOf =
    (account: AccountName) =>
    ({ id, expires, signature }: Part): boolean =>
      timingSafeEqual(Buffer.from(signature, 'base64url'), sign(id, expires, account))

  return {
    issue(held, account, nowMs) {
      const parts = partsOf(held ?? '', nowMs)
      const own = parts.filter(isOf(account))
      const id = own[0]?.id ?? randomBytes(16).toString('base64url')
      const expires = String(Math.floor(nowMs / 1_000) + LIFETIME_SECONDS)
      const issued = `${id}.${expires}.${sign(id, expires, account).toString('base64url')}`
      const others = parts.filter((part) => !own.includes(part)).map(({ text }) => text)
      return [issued, ...others].slice(0, ACCOUNTS_MAX).join(SEPARATOR)
    },
    deviceOf: (value, account, nowMs) => partsOf(value, nowMs).find(isOf(account))?.id,
  }
}

export function deviceCookie(value: string): string {
  return lastingCookie(DEVICE_COOKIE, value, { maxAgeSeconds: LIFETIME_SECONDS })
}

/** Whose the parts are is not known until an account is named; those that cannot be anybody's are left out. */
function partsOf(value: string, nowMs: number): Part[] {
  if (value.length > DEVICE_LENGTH_MAX) return []
  return value.split(SEPARATOR).flatMap((text) => {
    const [, id, expires, signature] = SHAPE.exec(text) ?? []
    if (id === undefined || expires === undefined || signature === undefined) return []
    return Number(expires) * 1_000 > nowMs ? [{ text, id, expires, signature }] : []
  })
}
