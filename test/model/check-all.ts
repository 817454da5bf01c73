/**
 * ⑤ Checks many variants, two at a time, in a temporary folder that is gone afterwards.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, type Finding } from './spin.ts'
import type { Variant } from './variants.ts'

const searchesAtOnce = 2

/** Findings in the order of `variants`; when `signal` fires, searches are ended and the call rejects. */
export async function checkAll(variants: readonly Variant[], signal: AbortSignal): Promise<Finding[]> {
  const workFolder = await mkdtemp(join(tmpdir(), 'curfew-model-'))
  // One failed search ends the others too: none may outlive the folder it works in.
  const failure = new AbortController()
  const either = AbortSignal.any([signal, failure.signal])
  const findings: Finding[] = []
  const waiting = [...variants.entries()]

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, variant] = next
      findings[index] = await check(variant, workFolder, either)
    }
  }

  try {
    await Promise.all(Array.from({ length: searchesAtOnce }, work))
    return findings
  } finally {
    failure.abort()
    await rm(workFolder, { recursive: true, force: true })
  }
}
