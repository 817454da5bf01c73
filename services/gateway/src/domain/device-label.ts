/**
 * ① What a person may recognise a session by: "Firefox on Linux".
 * Promise: of what a client says about itself only known words and one plain product name get into the label.
 */

/** Tried in order, because most browsers also claim to be those that they descend from. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera|OPX)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|Chromium|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac(?:intosh| OS X)\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

/** What is looked at: nobody needs more to say who they are. */
const LENGTH_MAX = 512
const PRODUCT = /^([A-Za-z][A-Za-z0-9._-]{0,31})(?:[/\t ]|$)/

export function deviceLabel(userAgent: string | undefined): string | undefined {
  const text = (userAgent ?? '').slice(0, LENGTH_MAX)
  const browser = firstOf(BROWSERS, text)
  const system = firstOf(SYSTEMS, text)
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`
  if (text.startsWith('Mozilla/')) return system === undefined ? undefined : `Browser on ${system}`
  return PRODUCT.exec(text)?.[1]
}

function firstOf(names: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1]
}
