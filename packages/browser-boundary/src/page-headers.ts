/**
 * The headers of pages for people and of the files that belong to them.
 * Promise: nothing runs in a page that its origin has not served as a file, nothing frames it, and no cache keeps it.
 */

/** @param elsewhere origins that scripts and forms of the page may send to, besides its own */
export function pageHeaders(...elsewhere: readonly string[]): Readonly<Record<string, string>> {
  return { ...COMMON, 'content-security-policy': policyWith(elsewhere) }
}

function policyWith(elsewhere: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    ["connect-src 'self'", ...elsewhere].join(' '),
    "img-src 'self' data:",
    ["form-action 'self'", ...elsewhere].join(' '),
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}

const COMMON = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Not `no-referrer`: browsers would then call the origin of a form `null`.
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'x-frame-options': 'DENY',
  vary: 'Accept',
}

/** Of files whose name says what is in them. */
export const ASSET_HEADERS = {
  'cache-control': 'public, max-age=31536000, immutable',
  'cross-origin-resource-policy': 'same-origin',
}
