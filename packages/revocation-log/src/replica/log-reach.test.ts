import { formatPosition, type Position } from '@curfew/contracts'
import { expect, it } from 'vitest'

import type { RevocationLog } from '../stream/log.ts'
import { LogReach } from './log-reach.ts'

const identity = { epoch: 1, logId: 'this log' }
const position = formatPosition(1, 52)

function logAt(applied: Position, disowned: string[]): RevocationLog {
  const reader = { applied, frozen: false, waitFor: async () => applied >= position }
  return {
    ...identity,
    reader,
    disown: (detail: string) => disowned.push(detail),
  } as unknown as RevocationLog
}

function reachOf(log: () => RevocationLog, catchUp: () => Promise<boolean>): LogReach {
  const stored = { enter: async () => identity }
  const logger = { warn: () => undefined } as never
  return new LogReach({ log, catchUp, stored, startAgain: () => undefined, logger })
}

it('disowns a log that ends before where Redis was told that it goes', async () => {
  const disowned: string[] = []
  const log = logAt(formatPosition(1, 51), disowned)
  await reachOf(
    () => log,
    async () => true,
  ).mustReach(position)
  expect(disowned).toEqual([`Redis was told ${position}, which the log does not reach`])
})

it('does not blame the log when its reader was replaced while the barrier was on its way', async () => {
  const disowned: string[] = []
  let log = logAt(formatPosition(1, 51), disowned)
  const catchUp = async (): Promise<boolean> => {
    log = logAt(formatPosition(1, 64), disowned)
    return true
  }
  await reachOf(() => log, catchUp).mustReach(position)
  expect(disowned).toEqual([])
})
