/** Signing in over HTTP, as a browser does. */
import type { Credential } from './guarded.ts'

/** What the answer asks to be sent from now on. @throws when it sets no cookie */
export function cookiesIn(headers: Headers): Credential {
  const value = headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ')
  if (value === '') throw new Error('no cookie was set')
  return { header: 'cookie', value }
}

export async function cookieOf(url: string): Promise<Credential> {
  const response = await fetch(url, { method: 'POST' })
  await response.body?.cancel()
  return cookiesIn(response.headers)
}

export async function logOut(url: string, { value }: Credential): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers: { cookie: value } })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the logout was answered with ${response.status}`)
}
