/** ② Strings that are kept for long and read often. */

/**
 * The same text in one piece. V8 keeps what is put together with `+` as its parts until it is first read, and puts it
 * together again in each longer string that is made of it.
 * @param text of one byte a character
 */
export function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
