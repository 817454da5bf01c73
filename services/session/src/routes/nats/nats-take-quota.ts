/** ① ④ `curfew.throttle.take`: the gateway asks whether one more attempt is within its limits. */
import { SUBJECTS, TAKE_QUOTA } from '@curfew/contracts'

import type { Throttle } from '../../domain/operators/throttle.ts'
import type { Answers } from './answers.ts'

export function answerTakeQuota(answers: Answers, { throttle }: { readonly throttle: Throttle }): void {
  answers.to(TAKE_QUOTA, SUBJECTS.takeQuota, async ({ takes }) => ({
    taken: await Promise.all(
      takes.map(async ({ policy: name, quota: limit, windowSeconds, key, cost }) => {
        const { allowed, remaining, resetMs } = await throttle.take({ name, limit, windowSeconds }, key, cost)
        return { allowed, remaining, resetMs }
      }),
    ),
  }))
}
