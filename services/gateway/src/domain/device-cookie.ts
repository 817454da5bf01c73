/**
 * ① The cookie by which a browser proves that an account has been logged in to from it before. It opens nothing: it only
 * gives the device a budget of failed attempts of its own, so that what strangers do never slows its owner down.
 * Promise: nobody can make one, it is worth nothing for another account, and it says nothing about anybody.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export const DEVICE_COOKIE = '__Host-device'

/** The account as it was named in the login, whether or not there is one. */
export interface AccountName {
  readonly tenant: string
  readonly username: string
}

export interface DeviceCookies {
  /** The `Set-Cookie` of a login; a device that is known keeps its id. */
  issue(account: AccountName, deviceId: string | undefined, nowMs: number): string
  /** The id of the device, when the value was issued for this account and is not too old. */
  deviceOf(value: string, account: AccountName, nowMs: number): string | undefined
}

const LIFETIME_SECONDS = 180 * 24 * 3_600
const SHAPE = /^([A-Za-z0-9_-]{22})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})$/

export function createDeviceCookies(key: Buffer): DeviceCookies {
  const sign = (id: string, expires: string, { tenant, username }: AccountName): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([id, expires, tenant, username]))
      .digest()

  return {
    issue(account, deviceId, nowMs) {
      const id = deviceId ?? randomBytes(16).toString('base64url')
      const expires = String(Math.floor(nowMs / 1_000) + LIFETIME_SECONDS)
      const value = `${id}.${expires}.${sign(id, expires, account).toString('base64url')}`
      return `${DEVICE_COOKIE}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${LIFETIME_SECONDS}`
    },
    deviceOf(value, account, nowMs) {
      const [, id, expires, signature] = SHAPE.exec(value) ?? []
      if (id === undefined || expires === undefined || signature === undefined) return undefined
      if (!timingSafeEqual(Buffer.from(signature, 'base64url'), sign(id, expires, account))) return undefined
      return Number(expires) * 1_000 > nowMs ? id : undefined
    },
  }
}
