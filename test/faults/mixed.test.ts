/**
 * ①–⑦ Faults of every kind by chance, one upon the other. `FAULTS_MINUTES` makes it last; see `pnpm faults`.
 */
import { expect, it } from 'vitest'

import { cut, killed, silenced, slowed, stopped } from './acts.ts'
import { expectPromisesKept, type FaultPlan, type Scenario } from './scenario.ts'
import { useStage } from './stage.ts'
import { GUARDS, REPLICAS, WAIT_MS, type ProcessName, type ServerName } from './world.ts'

const stage = useStage()

const SHORT_MS = 24_000
/** A history is judged as often as this, and a new one begun. */
const ROUND_MS = 24_000
const FAULT_MS = [50, 1.6 * WAIT_MS] as const
const BREATH_MS = [0, 800] as const

const minutes = Number(process.env['FAULTS_MINUTES'] ?? '')
const lengthMs = minutes > 0 ? minutes * 60_000 : SHORT_MS

function affectedBy(name: ProcessName): readonly string[] | 'all' {
  return name.startsWith('session') ? 'all' : [name]
}

/** A fault for one thing that is whole at present. */
function planFor(subject: ProcessName | ServerName): FaultPlan {
  const { world, chance } = stage
  if (subject === 'nats' || subject === 'redis') {
    const act = chance.pick([killed, stopped])
    const described = { name: `${act.name} ${subject}`, dead: [], affected: 'all', during: FAULT_MS } as const
    return { ...described, ...act(subject, world.servers[subject]) }
  }
  const affected = affectedBy(subject)
  if (chance.isLikely(0.5)) {
    const act = chance.pick([killed, stopped])
    const described = { name: `${act.name} ${subject}`, dead: [subject], affected, during: FAULT_MS }
    return { ...described, ...act(subject, world.process(subject)) }
  }
  const link = [
    subject,
    subject.startsWith('session') ? chance.pick(['nats', 'redis'] as const) : 'nats',
  ] as const
  const directions = chance.pick([['to-server'], ['to-client'], ['to-server', 'to-client']] as const)
  const [name, act] = chance.pick([
    ['cut', () => cut(world, ...link)],
    ['silent', () => silenced(world, link, directions, chance.pick(['deliver', 'cut']))],
    ['slow', () => slowed(world, link, chance.between(5, 200))],
  ] as const)
  // Long enough for a renewal to be under way.
  return { name: `${name} ${link.join('/')}`, dead: [], affected, during: [800, 1.6 * WAIT_MS], ...act() }
}

/** One fault after the other on some of the parts; two of these run at a time, on parts of their own. */
async function breakInTurns(
  scenario: Scenario,
  parts: readonly (ProcessName | ServerName)[],
  untilMs: number,
) {
  let faults = 0
  while (performance.now() < untilMs) {
    await scenario.pause(...BREATH_MS)
    await scenario.fault(planFor(scenario.chance.pick(parts)))
    faults += 1
    // Liveness can only be seen between faults.
    if (scenario.chance.isLikely(0.2)) await scenario.pause(WAIT_MS, 2 * WAIT_MS)
  }
  return faults
}

it(
  `keeps its word for ${lengthMs / 1_000} s`,
  async () => {
    const endMs = performance.now() + lengthMs
    while (performance.now() < endMs) {
      const scenario = await stage.scenario({ hasGlobalRevocations: true })
      const untilMs = Math.min(endMs, performance.now() + ROUND_MS)
      await expectPromisesKept(scenario, async () => {
        const broken = await Promise.all([
          breakInTurns(scenario, [...GUARDS, 'redis'], untilMs),
          breakInTurns(scenario, [...REPLICAS, 'nats'], untilMs),
        ])
        for (const faults of broken) expect(faults).toBeGreaterThan(0)
      })
      console.info(`faults: ${scenario.summary}`)
    }
  },
  2 * lengthMs + 120_000,
)
