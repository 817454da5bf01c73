/**
 * ① A GET with exactly the headers that a test gives: `fetch` adds Fetch Metadata of its own and sends no upgrades.
 */
import { request, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

export interface PlainAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export function plainGet(url: string, headers: Record<string, string>): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (response) => {
      const { statusCode: status = 0, headers: received } = response
      text(response).then((body) => resolve({ status, headers: received, text: body }), reject)
    })
    asked.once('error', reject)
    asked.end()
  })
}
