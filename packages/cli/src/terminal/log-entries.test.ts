import { describe, expect, it } from 'vitest'

import { entryText } from './log-entries.ts'

describe('the end of a log', () => {
  const closed = { type: 'closed', actor: 'system' }

  it('names the epoch that is being opened', () => {
    expect(entryText({ ...closed, next: 2 }).text).toBe('this epoch is over; 2 follows')
  })

  it('says what a replica has found to be wrong with it', () => {
    expect(entryText({ ...closed, reason: 'rolled back: so it is' })).toEqual({
      tone: 'red',
      text: 'this log is not what it was: a new epoch is needed, by system: rolled back: so it is',
    })
  })
})
