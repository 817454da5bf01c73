/**
 * ⑦ `node services/files/test/race.ts --rounds 1000`: the long version of the race in once.test.ts.
 * Promise: ends with 0 only when one was served in every round, and everybody else was told that the claim is spent.
 */
import { parseArgs } from 'node:util'

import { startTestSystem } from '@curfew/test-kit'

import { CONTENDERS, isFair, raceRounds } from './race-rounds.ts'

const { rounds } = parseArgs({ options: { rounds: { type: 'string', default: '1000' } } }).values
const SAY_EVERY = 50

await using system = await startTestSystem({ replicas: { files: 3 } })
const replicas = system.services.replicas.files.map(({ url }) => url)
const caller = await system.login('alice')
const startedAtMs = performance.now()
let done = 0
let unfair = 0
for await (const outcomes of raceRounds(caller, replicas, Number(rounds))) {
  done += 1
  if (!isFair(outcomes)) {
    unfair += 1
    console.error(`round ${done}: ${JSON.stringify(outcomes)}`)
  }
  if (done % SAY_EVERY === 0) console.info(`${done} rounds of ${CONTENDERS}, ${unfair} unfair`)
}
const seconds = Math.round((performance.now() - startedAtMs) / 1_000)
console.info(
  `${done} rounds of ${CONTENDERS} at ${replicas.length} replicas in ${seconds} s, ${unfair} unfair`,
)
process.exitCode = done > 0 && unfair === 0 ? 0 : 1
