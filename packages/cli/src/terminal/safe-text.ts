/**
 * What comes from a server or a file, made fit for a terminal.
 * Promise: no text from outside can move the cursor, change colours, rename the window or reverse the reading direction.
 */

/** Control characters of C0 and C1, line and paragraph separators, and everything that turns or hides text. */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu

/** Each unsafe character as `\u{…}`, visible and harmless. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** JSON that says the same and can be shown on a terminal as well: what JSON leaves as it is, is escaped. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, (character) => character.split('').map(escaped).join(''))
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
