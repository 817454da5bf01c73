import { describe, expect, it } from 'vitest'

import { readRecoveryArguments } from './recovery-arguments.ts'

const ME = ['--user', 'operator', '--reason', 'nobody is left']

describe('the command that makes somebody an operator again', () => {
  it('is about the administrative tenant and does nothing unless told', () => {
    const whom = { tenant: 'curfew', user: 'operator' }
    const read = { whom, reason: 'nobody is left', isDryRun: false, isConfirmed: false, isJson: false }
    expect(readRecoveryArguments(ME)).toEqual(read)
    expect(readRecoveryArguments([...ME, '--yes'])).toEqual({ ...read, isConfirmed: true })
    const both = { ...read, isDryRun: true, isConfirmed: false }
    expect(readRecoveryArguments([...ME, '--yes', '--dry-run'])).toEqual(both)
    expect(readRecoveryArguments([...ME, '--tenant', 'acme']).whom).toEqual({ ...whom, tenant: 'acme' })
  })

  it.each([
    ['--user', ['--reason', 'x', '--yes']],
    ['--user', ['--user', 'a\n', '--reason', 'x']],
    ['--user', ['--user', '', '--reason', 'x']],
    ['--tenant', [...ME, '--tenant', 'a.*/']],
    ['--reason', ['--user', 'operator', '--yes']],
    ['--reason', ['--user', 'operator', '--reason', ' ']],
    ['--force', [...ME, '--force']],
  ])('is refused where %s is at fault: %j', (option, args) => {
    expect(() => readRecoveryArguments(args)).toThrow(option)
  })
})
