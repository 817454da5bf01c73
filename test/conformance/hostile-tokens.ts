/**
 * ① Tokens that somebody sends who wants to see what happens. Only what fits into a header: the rest has no way in.
 */
export function hostileTokens(): readonly (readonly [name: string, token: string])[] {
  return [
    ['as long as headers may be', 'A'.repeat(12_000)],
    ['longer than headers may be', 'A'.repeat(65_536)],
    ['a glob', 'cfs_*'],
    ['a glob of the right length', `cfs_${'*'.repeat(65)}`],
    ['braces', '{}'],
    ['a hash tag of Redis', `cfs_{${'A'.repeat(63)}}`],
    ['SQL', "' OR 1=1 --"],
    ['a subject of NATS', 'curfew.1.log.>'],
    ['a path', '../../etc/passwd'],
    ['letters of several bytes', Buffer.from('cfs_ålice').toString('latin1')],
    ['of the right length with one wrong letter', `cfs_${'A'.repeat(64)}+`],
    ['one letter short', `cfs_${'A'.repeat(64)}`],
    ['one letter long', `cfs_${'A'.repeat(66)}`],
    ['another prefix', `CFS_${'A'.repeat(65)}`],
    ['two tokens', `cfs_${'A'.repeat(65)} cfs_${'A'.repeat(65)}`],
    ['a signed JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.'],
  ]
}
