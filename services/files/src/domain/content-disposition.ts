/**
 * ⑦ The file name of a download, in the two spellings of RFC 6266.
 * Promise: any Unicode name arrives unharmed, and none can leave its parameter, add a header or pretend to another extension.
 */

/** Overrides of the writing direction show `gpj.exe` as `exe.jpg`. */
const DIRECTION_OVERRIDES = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g
/** What RFC 8187 lets stand; encodeURIComponent also spares `'()*`, which have a meaning there. */
const SPARED_BY_MISTAKE = /['()*]/g

/** As it may be shown to a person. */
export function honestName(name: string): string {
  return name.toWellFormed().replace(DIRECTION_OVERRIDES, '_')
}

export function contentDisposition(name: string | undefined): string {
  if (name === undefined) return 'attachment'
  const honest = honestName(name)
  const encoded = encodeURIComponent(honest).replace(
    SPARED_BY_MISTAKE,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  // For readers that know only the old spelling. Some of them decode %XX there, so that a percent sign cannot stand.
  const fallback = honest.replace(/[^ -~]|["\\%]/gu, '_')
  const plain = `attachment; filename="${fallback}"`
  return fallback === honest ? plain : `${plain}; filename*=UTF-8''${encoded}`
}
