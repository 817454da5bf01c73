/** Versions of servers, compared part by part. */

/** True when `version` is at least the other: `2.10.0` is later than `2.9.10`. What is no version is not. */
export function isAtLeast(version: string, least: string): boolean {
  const [is, must] = [partsOf(version), partsOf(least)]
  for (let index = 0; index < must.length; index += 1) {
    const difference = (is[index] ?? 0) - (must[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

function partsOf(version: string): number[] {
  return (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '').split('.').map(Number)
}
