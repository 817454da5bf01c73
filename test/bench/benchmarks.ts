/** Every benchmark, in the order of the report. */
import type { Benchmark } from './benchmark.ts'
import { check } from './benchmarks/check.ts'
import { confirm } from './benchmarks/confirm.ts'
import { everyone } from './benchmarks/everyone.ts'
import { gateway } from './benchmarks/gateway.ts'
import { memory } from './benchmarks/memory.ts'

export const BENCHMARKS: readonly Benchmark[] = [check, memory, confirm, everyone, gateway]
