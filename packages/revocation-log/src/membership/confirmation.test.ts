import type { MemberId } from '@curfew/contracts'
import type { Instant } from '@curfew/protocol'
import { describe, expect, it, vi } from 'vitest'

import { Confirmations } from './confirmation.ts'

const at = (monotonicMs: number): Instant => ({ monotonicMs, wallMs: 0 })
const [alpha, beta] = ['alpha', 'beta'] as MemberId[] as [MemberId, MemberId]

function awaiting(applied: { alpha: number; beta: number }, confirmations = new Confirmations()) {
  const settled = vi.fn()
  const members = [
    { id: alpha, applied: applied.alpha },
    { id: beta, applied: applied.beta },
  ]
  confirmations.begin({ seq: 10, members, observedAt: at(0), waitMs: 5750 }, settled)
  return { confirmations, settled }
}

describe('a confirmation', () => {
  it('waits for the last member, and says that everyone acknowledged', () => {
    const { confirmations, settled } = awaiting({ alpha: 9, beta: 9 })
    confirmations.acknowledged(alpha, 10)
    expect(settled).not.toHaveBeenCalled()
    confirmations.acknowledged(beta, 12)
    expect(settled).toHaveBeenCalledExactlyOnceWith({
      confirmedBy: 'acknowledgement',
      verifiers: { total: 2, acknowledged: 2, lapsed: 0 },
    })
  })

  it('is immediate when everyone is past the entry already, or there is nobody', () => {
    expect(awaiting({ alpha: 10, beta: 11 }).settled).toHaveBeenCalledOnce()
    const settled = vi.fn()
    new Confirmations().begin({ seq: 1, members: [], observedAt: at(0), waitMs: 1 }, settled)
    expect(settled).toHaveBeenCalledOnce()
  })

  it('does not take an acknowledgement of something earlier, nor of a stranger', () => {
    const { confirmations, settled } = awaiting({ alpha: 9, beta: 10 })
    confirmations.acknowledged(alpha, 9)
    confirmations.acknowledged('stranger' as MemberId, 99)
    expect(settled).not.toHaveBeenCalled()
  })

  it('comes by expiry exactly when W has passed, naming how many did not answer', () => {
    const { confirmations, settled } = awaiting({ alpha: 10, beta: 9 })
    confirmations.expire(at(5749.9))
    expect(settled).not.toHaveBeenCalled()
    expect(confirmations.nextExpiryMs(at(5749))).toBe(1)
    confirmations.expire(at(5750))
    expect(settled).toHaveBeenCalledExactlyOnceWith({
      confirmedBy: 'lease-expiry',
      verifiers: { total: 2, acknowledged: 1, lapsed: 1 },
    })
    confirmations.acknowledged(beta, 10)
    expect(settled).toHaveBeenCalledOnce()
    expect(confirmations.nextExpiryMs(at(6000))).toBeUndefined()
  })

  it('does not wait for a member that left, which had dropped its lease before', () => {
    const { confirmations, settled } = awaiting({ alpha: 10, beta: 9 })
    confirmations.left(beta)
    expect(settled).toHaveBeenCalledOnce()
  })

  it('is settled by one cumulative acknowledgement together with its neighbours', () => {
    const confirmations = new Confirmations()
    const first = awaiting({ alpha: 9, beta: 10 }, confirmations)
    const second = awaiting({ alpha: 9, beta: 10 }, confirmations)
    confirmations.acknowledged(alpha, 10)
    expect(first.settled).toHaveBeenCalledOnce()
    expect(second.settled).toHaveBeenCalledOnce()
  })

  it('is not given while the log is in doubt, and is once it is believed again', () => {
    const { confirmations, settled } = awaiting({ alpha: 10, beta: 9 })
    confirmations.doubt()
    confirmations.acknowledged(beta, 10)
    expect(settled).not.toHaveBeenCalled()
    confirmations.believe()
    expect(settled).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ confirmedBy: 'acknowledgement' }),
    )
  })

  it('is not given when the time is up while the log is in doubt, whoever has acknowledged', () => {
    const { confirmations, settled } = awaiting({ alpha: 10, beta: 9 })
    confirmations.doubt()
    confirmations.acknowledged(beta, 10)
    confirmations.expire(at(5750))
    expect(settled).toHaveBeenCalledExactlyOnceWith(undefined)
    confirmations.believe()
    expect(settled).toHaveBeenCalledOnce()
  })
})

describe('who looks on', () => {
  function watched(applied: { alpha: number; beta: number }, isKnown = false) {
    const confirmations = new Confirmations()
    const told: string[] = []
    const members = [
      { id: alpha, applied: applied.alpha },
      { id: beta, applied: applied.beta },
    ]
    const watch = {
      began: (all: readonly { id: MemberId }[]) =>
        void told.push(`began ${all.map(({ id }) => id).join(' ')}`),
      acknowledged: (id: MemberId) => void told.push(`acknowledged ${id}`),
      lapsed: (id: MemberId) => void told.push(`lapsed ${id}`),
    }
    const entry = { seq: 10, members, observedAt: at(0), waitMs: 100, isKnown, watch }
    confirmations.begin(entry, () => void told.push('settled'))
    return { confirmations, told }
  }

  it('is told first whom it takes, then of each once, and nothing after the end', () => {
    const { confirmations, told } = watched({ alpha: 10, beta: 9 })
    expect(told).toEqual(['began alpha beta', 'acknowledged alpha'])
    confirmations.acknowledged(alpha, 11)
    confirmations.acknowledged(beta, 10)
    confirmations.acknowledged(beta, 11)
    confirmations.expire(at(1_000))
    expect(told.slice(2)).toEqual(['acknowledged beta', 'settled'])
  })

  it('is told who has left, and whose lease has run out', () => {
    const { confirmations, told } = watched({ alpha: 9, beta: 9 })
    confirmations.left(alpha)
    confirmations.expire(at(100))
    expect(told).toEqual(['began alpha beta', 'acknowledged alpha', 'lapsed beta', 'settled'])
  })

  it('hears of nobody as lapsed while the log is in doubt', () => {
    const { confirmations, told } = watched({ alpha: 9, beta: 10 })
    confirmations.doubt()
    confirmations.expire(at(100))
    expect(told).toEqual(['began alpha beta', 'acknowledged beta', 'settled'])
  })

  it('is told at once where it is known already', () => {
    expect(watched({ alpha: 9, beta: 10 }, true).told).toEqual([
      'began alpha beta',
      'acknowledged beta',
      'lapsed alpha',
      'settled',
    ])
  })
})
