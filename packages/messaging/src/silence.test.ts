import { describe, expect, it } from 'vitest'

import { Silence } from './silence.ts'

describe('a server that does not tell that nobody answers', () => {
  it('is asked as long as answers come, also when some questions have none', () => {
    const silence = new Silence()
    for (let nowMs = 0; nowMs < 100; nowMs += 1) {
      expect(silence.mayAsk(nowMs)).toBe(true)
      silence.unanswered()
      silence.answered()
    }
  })

  it('is asked four times a second after two questions without an answer, and for everything after the next answer', () => {
    const silence = new Silence()
    for (const nowMs of [0, 1]) {
      expect(silence.mayAsk(nowMs)).toBe(true)
      silence.unanswered()
    }
    const sent = [2, 100, 250, 251, 400, 500, 501].filter((nowMs) => silence.mayAsk(nowMs))
    expect(sent).toEqual([251, 501])
    silence.answered()
    expect([502, 503].map((nowMs) => silence.mayAsk(nowMs))).toEqual([true, true])
  })
})
