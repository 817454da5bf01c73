/**
 * ④ The replies of a pipeline.
 * Promise: one failed command fails the whole: half a reading must not decide anything.
 */
import { ORIGIN, parsePosition, type Position } from '@curfew/contracts'
import type { ChainableCommander } from 'ioredis'

export async function repliesOf(pipeline: ChainableCommander): Promise<unknown[]> {
  const results = await pipeline.exec()
  if (results === null) throw new Error('the pipeline was not executed')
  return results.map(([error, reply]) => {
    if (error !== null) throw error
    return reply
  })
}

/** A Redis that has never heard of the log stands before its beginning. */
export function positionFrom(reply: unknown): Position {
  if (reply === null || reply === '') return ORIGIN
  if (typeof reply !== 'string' || parsePosition(reply) === undefined)
    throw new Error('what Redis holds as a position is none')
  return reply as Position
}
