import { formatPosition, ORIGIN } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { whyNewEpoch, type Standing } from './epoch-need.ts'

const sound: Standing = {
  epochs: [{ epoch: 1 }, { epoch: 2 }],
  ...inForceWith({}),
  unreadable: 0,
  projected: formatPosition(2, 40),
  belongsTo: { epoch: 2, logId: 'b' },
}

function inForceWith(change: Partial<NonNullable<Standing['inForce']>>): Pick<Standing, 'inForce'> {
  return { inForce: { epoch: 2, logId: 'b', last: formatPosition(2, 40), brokenSettings: [], ...change } }
}

describe('whether a new epoch is needed', () => {
  it.each<[string, Partial<Standing>]>([
    ['both agree', {}],
    ['Redis lags', { projected: formatPosition(2, 3) }],
    [
      'Redis stands in an earlier epoch',
      { projected: formatPosition(1, 900), belongsTo: { epoch: 1, logId: 'a' } },
    ],
    ['Redis is empty', { projected: ORIGIN, belongsTo: undefined }],
    ['nothing has ever begun', { epochs: [], inForce: undefined, projected: ORIGIN, belongsTo: undefined }],
  ])('nothing is wrong when %s', (_, change) => expect(whyNewEpoch({ ...sound, ...change })).toEqual([]))

  it.each<[string, Partial<Standing>, RegExp]>([
    ['the log has lost its end', { projected: formatPosition(2, 41) }, /ends at/],
    ['it is another one', { belongsTo: { epoch: 2, logId: 'c' } }, /the id b, though .* the id c/],
    ['it has lost its beginning', inForceWith({ logId: undefined, last: ORIGIN }), /first entry/],
    ['nobody can read an entry', { unreadable: 1 }, /1 entry of the log cannot be read/],
    ['nobody can read several entries', { unreadable: 3 }, /3 entries of the log cannot be read/],
    [
      'its stream has been changed',
      inForceWith({ brokenSettings: ['max_age: 1, must be 0', 'sources: must not be set'] }),
      /the stream of the log is not set up as it must be: max_age: 1, must be 0; sources: must not be set/,
    ],
    ['it is of an earlier epoch', { belongsTo: { epoch: 3, logId: 'c' } }, /though Redis has seen epoch 3/],
    ['the next is half made', { inForce: undefined }, /epoch 2 is over or was never opened/],
    [
      'somebody has closed it',
      { inForce: undefined, epochs: [{ epoch: 2, closedBecause: 'rolled back: it ends at 3' }] },
      /epoch 2 is over: rolled back: it ends at 3/,
    ],
    ['there is none', { epochs: [], inForce: undefined }, /NATS has no log/],
  ])('one is when %s', (_, change, why) => expect(whyNewEpoch({ ...sound, ...change }).join()).toMatch(why))
})
