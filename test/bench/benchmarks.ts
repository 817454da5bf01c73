/** Every benchmark, in the order of the report. */
import type { Benchmark } from './benchmark.ts'
import { check } from './benchmarks/check.ts'
import { confirm } from './benchmarks/confirm.ts'
import { everyone } from './benchmarks/everyone.ts'
import { fanOut } from './benchmarks/fan-out.ts'
import { files } from './benchmarks/files.ts'
import { gateway } from './benchmarks/gateway.ts'
import { memory } from './benchmarks/memory.ts'
import { refill } from './benchmarks/refill.ts'
import { revocation } from './benchmarks/revocation.ts'
import { service } from './benchmarks/service.ts'
import { throughput } from './benchmarks/throughput.ts'

export const BENCHMARKS: readonly Benchmark[] = [
  check,
  service,
  gateway,
  revocation,
  confirm,
  fanOut,
  everyone,
  memory,
  throughput,
  refill,
  files,
]
