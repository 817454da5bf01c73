/**
 * ①–⑦ A secret in all the forms in which careless code would let it slip: as it is, encoded, or as a part of something encoded.
 */
export function disguisesOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('hex'),
    ...[0, 1, 2].flatMap((offset) => encodedAt(secret, offset)),
  ]
}

/** The characters of a base64 text that depend on the secret alone, whatever stands `offset` bytes before and after it. */
function encodedAt(secret: string, offset: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
  const whole = bytes.length - (bytes.length % 3)
  const text = bytes.subarray(0, whole).toString('base64')
  const own = text.slice(offset === 0 ? 0 : 4)
  return [own, own.replaceAll('+', '-').replaceAll('/', '_')]
}
