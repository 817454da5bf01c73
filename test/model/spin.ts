/**
 * ⑤ Runs Spin on one variant of the model: generates the verifier, compiles it, searches, reads the verdict.
 * Promise: `holds` means that the search was complete; whatever cannot be read as a verdict is `unfinished`.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { Variant } from './variants.ts'

const run = promisify(execFile)

// Two searches side by side stay below 4 GB; the largest of a test run needs about 0.4 GB.
const memoryLimitMb = 1_900
const searchTimeoutMs = 900_000

export interface Finding {
  variant: Variant
  found: 'holds' | 'violated' | 'unfinished'
  states: number
  seconds: number
  /** The checker's own words, for the case that they surprise. */
  output: string
}

/** The name of the first tool that this machine lacks. */
export async function missingTool(): Promise<'spin' | 'gcc' | undefined> {
  if (!(await answers('spin', '-V'))) return 'spin'
  if (!(await answers('gcc', '--version'))) return 'gcc'
  return undefined
}

async function answers(command: string, argument: string): Promise<boolean> {
  try {
    await run(command, [argument])
    return true
  } catch {
    return false
  }
}

/** Checks one variant in a folder of its own below `workFolder`. */
export async function check(variant: Variant, workFolder: string, signal: AbortSignal): Promise<Finding> {
  const cwd = join(workFolder, variant.name)
  await mkdir(cwd)
  await cp(import.meta.dirname, cwd, { recursive: true, filter: isModelSource })

  const flags = variant.flags.map((flag) => `-D${flag}`)
  const options = { cwd, signal, timeout: searchTimeoutMs, maxBuffer: 16 * 1024 * 1024 }
  const startedAt = performance.now()
  await run(
    'spin',
    ['-a', `-DLAST_POSITION=${variant.positions}`, ...flags, 'confirmed-revocation.pml'],
    options,
  )

  // Only the full searches are long enough to repay optimisation.
  const optimisation = variant.expected === 'holds' ? '-O2' : '-Og'
  const limits = ['-DSAFETY', '-DNOREDUCE', `-DMEMLIM=${memoryLimitMb}`]
  await run('gcc', [optimisation, ...limits, '-o', 'pan', 'pan.c'], options)

  const hashBits = variant.expected === 'holds' ? 24 : 20
  // -E: a process that waits for ever is no fault here; only assertions are.
  const { stdout } = await run(join(cwd, 'pan'), ['-E', '-m20000', `-w${hashBits}`], options)
  return { variant, ...readVerdict(stdout), seconds: (performance.now() - startedAt) / 1_000, output: stdout }
}

function isModelSource(path: string): boolean {
  return path === import.meta.dirname || basename(path).endsWith('.pml')
}

export function readVerdict(output: string): Pick<Finding, 'found' | 'states'> {
  const states = Number(/(\d+) states, stored/.exec(output)?.[1] ?? 0)
  const errors = /errors: (\d+)/.exec(output)?.[1]
  const truncated = /Search not completed|max search depth too small|out of memory/.test(output)
  if (errors === '0' && !truncated && states > 0) return { found: 'holds', states }
  if (errors === '1' && output.includes('assertion violated')) return { found: 'violated', states }
  return { found: 'unfinished', states }
}
