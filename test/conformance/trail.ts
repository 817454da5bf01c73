/**
 * ④ What has been written down about what the proofs did: the audit trail, log lines, numbers.
 */
import { readFile } from 'node:fs/promises'

import { expectJson } from '@curfew/test-kit'

import { atAuthority } from './operating.ts'
import { system } from './stage.ts'

export interface TrailEvent {
  readonly at: string
  readonly source: string
  readonly type: string
  readonly actor: string
  readonly outcome: string
  readonly reason?: string
  readonly session?: string
  readonly request_id?: string
  readonly effect?: string
}

/** Newest first. */
export async function eventsOfTrail(query: Record<string, string>): Promise<readonly TrailEvent[]> {
  const path = `/v1/audit?${new URLSearchParams({ limit: '200', ...query }).toString()}`
  const answer = await expectJson<{ events: TrailEvent[] }>(await (await atAuthority()).get(path), 200)
  return answer.events
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly event?: string }

/** What a process (`gateway`, `session-2`, …) has logged on behalf of one request. */
export async function linesOfRequest(process: string, requestId: string): Promise<readonly LogLine[]> {
  const lines = (await readFile(system().logFile(process), 'utf8')).split('\n')
  return lines
    .filter((line) => line.includes(requestId))
    .map((line) => JSON.parse(line) as LogLine)
    .filter((line) => line['requestId'] === requestId)
}
