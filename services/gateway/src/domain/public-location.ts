/**
 * ① Where an answer of a service points to, as clients of the gateway reach it.
 * Promise: the inner address of a service does not get out, and a redirect within the service leads back to it.
 */

export interface PublicPlace {
  /** Of the service, as the gateway reaches it. */
  readonly origin: string
  /** The first segment of all its paths. */
  readonly service: string
  /** As clients call the gateway. */
  readonly host: string
  readonly prefix: string
}

/** @param location absolute, or relative in any form; what points elsewhere stays as it is */
export function publicLocation(location: string, place: PublicPlace): string {
  const path = pathIn(location, place)
  if (path === undefined) return location
  const root = `/${place.service}`
  const isBelow = path.startsWith(root) && /^(?:[/?#]|$)/.test(path.slice(root.length))
  return isBelow ? place.prefix + path : path
}

/** With query and fragment; undefined where it is no path of the service or the gateway. */
function pathIn(location: string, { origin, host }: PublicPlace): string | undefined {
  if (/^\/(?![/\\])/.test(location)) return location
  if (!URL.canParse(location, origin) || !/^(?:https?:)?[/\\]{2}/i.test(location)) return undefined
  const url = new URL(location, origin)
  if (url.origin !== origin && url.host !== host) return undefined
  return url.pathname + url.search + url.hash
}
