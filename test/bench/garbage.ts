/** The garbage collector on demand, without a flag at the start of the process. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (
  options: { type: 'minor' } | { type: 'major'; flavor: 'last-resort' },
) => void

/** Everything, and gives back what only a burst of work has needed, as V8 does in a process that is idle for a while. */
export function collectGarbage(): void {
  collect({ type: 'major', flavor: 'last-resort' })
}

/** Only what was allocated a moment ago, which is quick: nobody's lease runs out over it. */
export function collectYoungGarbage(): void {
  collect({ type: 'minor' })
}
