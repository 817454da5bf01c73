/**
 * What infra/Dockerfile is built from, with the production dependencies inside, so that no build needs a registry.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SCRIPT = fileURLToPath(new URL('../../infra/ci/stage-context.sh', import.meta.url))

/** An image with Node 24: a public one, unless the environment names another. */
export const BASE_IMAGE: string = process.env['CURFEW_TEST_BASE_IMAGE'] ?? 'node:24-slim'

export interface StagedContext extends AsyncDisposable {
  readonly path: string
}

export async function stageContext(): Promise<StagedContext> {
  const path = await mkdtemp(join(tmpdir(), 'curfew-context-'))
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true })
  try {
    await promisify(execFile)('bash', [SCRIPT, path])
  } catch (error) {
    await remove()
    throw error
  }
  return { path, [Symbol.asyncDispose]: remove }
}
