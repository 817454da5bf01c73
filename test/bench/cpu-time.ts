/** How much processor a program has used that is not one of ours, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds, of all its threads and children; undefined on a system that does not say. */
export function cpuUsOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined
  try {
    return cpuUsOfTree(pid)
  } catch {
    return undefined
  }
}

/** Of several; undefined where one of them cannot be said. */
export function cpuUsOfAll(programs: readonly { readonly pid: number | undefined }[]): number | undefined {
  let sum = 0
  for (const { pid } of programs) {
    const us = cpuUsOf(pid)
    if (us === undefined) return undefined
    sum += us
  }
  return sum
}

function cpuUsOfTree(pid: number): number {
  let us = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [onCpuNs] = read(`/proc/${pid}/task/${task}/schedstat`).split(' ')
    us += Number(onCpuNs) / 1_000
    const children = read(`/proc/${pid}/task/${task}/children`).trim()
    if (children !== '') for (const child of children.split(' ')) us += cpuUsOfTree(Number(child))
  }
  return us
}

/** Nothing for a thread that has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
