/**
 * Loads the code under test: as it is, but for time, chance and the network, and, on request, with one mistake in it.
 * Promise: a mutant whose place in the code is not there any more is an error, never a mutant that quietly changes nothing.
 */
import { registerHooks } from 'node:module'

import { mutate } from './mutate.ts'
import type { Mutant } from './mutants.ts'

const here = new URL('.', import.meta.url).href
const root = new URL('../..', import.meta.url).href

const STAND_INS: Readonly<Record<string, string>> = {
  'node:crypto': 'node-crypto.ts',
  'node:timers/promises': 'node-timers.ts',
  '@nats-io/transport-node': 'transport.ts',
  '@nats-io/jetstream': 'jetstream.ts',
}

function isUnderTest(url: string | undefined): boolean {
  if (url === undefined || !url.startsWith(root)) return false
  const path = url.slice(root.length)
  return (path.startsWith('packages/') || path.startsWith('services/')) && !path.includes('node_modules')
}

/** @returns tells whether the mutant has been loaded */
export function installHooks(mutant?: Mutant): () => boolean {
  let isApplied = false
  registerHooks({
    resolve(specifier, context, next) {
      const standIn = isUnderTest(context.parentURL) ? STAND_INS[specifier] : undefined
      if (standIn === undefined) return next(specifier, context)
      return { url: new URL(standIn, here).href, shortCircuit: true }
    },
    load(url, context, next) {
      const loaded = next(url, context)
      if (mutant === undefined || url !== new URL(mutant.file, root).href) return loaded
      isApplied = true
      return { ...loaded, source: mutate(mutant, textOf(loaded.source)) }
    },
  })
  return () => isApplied
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | null | undefined): string {
  if (typeof source === 'string') return source
  return Buffer.from((source ?? new ArrayBuffer(0)) as ArrayBuffer).toString('utf8')
}
