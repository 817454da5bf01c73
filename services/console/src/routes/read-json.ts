/** A short answer read to its end: JSON, or undefined for what is none or is too long to be one of those that are asked for. */
import type { Readable } from 'node:stream'

const BYTES_MAX = 64 * 1_024

export async function readJson(body: Readable): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    return undefined
  }
}
