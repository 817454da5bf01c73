/**
 * What the console needs of the world, in its own words; adapters/ has one implementation of each.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

export interface BackendCall {
  readonly method: string
  /** Path and query, as they go over the wire. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer | undefined
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface BackendAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Must be read or destroyed. */
  readonly body: Readable
}

/** The gateway, or the session authority. */
export interface Backend {
  /** @throws Problem `unavailable` where there is no answer */
  call(call: BackendCall): Promise<BackendAnswer>
}

export interface PageFile {
  readonly content: Buffer
  /** The same, smaller; undefined where that is not worth it. */
  readonly gzipped: Buffer | undefined
  readonly type: string
}

/** What browsers get besides answers to the page's calls. */
export interface PageFiles {
  readonly page: PageFile
  /** By their names under `/assets/`, which say what is in them. */
  readonly assets: ReadonlyMap<string, PageFile>
}
