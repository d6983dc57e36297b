/** Limits as a person might set them at any time: small ones, so that steps wait; breakers that open soon; or none. */
import type { BreakerPolicy, ParticipantLimits } from '../../../shared/flow/limits.ts'
import { Choices } from '../../property/plans/choices.ts'

const RATES = [20, 1, 0.2, 100] as const

/** `null`: they are taken away. */
export function anyLimits(numbers: readonly number[]): ParticipantLimits | null {
  const choices = new Choices(numbers)
  if (choices.percent(25)) return null
  const limits: ParticipantLimits = {
    ...(choices.percent(50) && { concurrency: 1 + choices.below(3) }),
    ...(choices.percent(30) && { ratePerSecond: choices.one(RATES) }),
    ...(choices.percent(25) && { perKey: { concurrency: 1 + choices.below(2), ratePerSecond: choices.one(RATES) } }),
    ...(choices.percent(60) && { breaker: choices.percent(25) ? 'off' : anyBreaker(choices) }),
  }
  return Object.keys(limits).length === 0 ? null : limits
}

function anyBreaker(choices: Choices): Partial<BreakerPolicy> {
  return {
    failureRate: choices.one([0.3, 0.5, 1]),
    minimumCalls: 2 + choices.below(4),
    windowMs: choices.one([1_000, 10_000]),
    openMs: choices.one([200, 2_000, 20_000]),
    probes: 1 + choices.below(3),
  }
}
