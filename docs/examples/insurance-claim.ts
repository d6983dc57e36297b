/**
 * An insurer settles a claim. Policy and damage are looked at together; a small claim is paid as it stands, for a large
 * one an adjuster has to say yes. A no, or no answer in time, closes the claim and gives the reserve back.
 *
 * Shapes: parallel branches that each give a result; a choice by those results; an approval by a role, with answers that
 * turn the saga back and a deadline; a pivot.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'
import type { Duration } from '../../shared/saga/duration.ts'

const claimId = z.string().min(1).max(100)

export const claims = participant('claims', {
  /** Sets money aside for the claim. */
  reserve: command({ input: z.object({ claimId, cents: z.int().positive() }) }),
  /** Undoes `reserve`. */
  free: command({ input: z.object({ claimId }) }),
  pay: command({ input: z.object({ claimId, cents: z.int().positive() }), output: z.object({ payment: z.string() }) }),
})

export const experts = participant('experts', {
  policy: command({
    input: z.object({ claimId, policy: z.string() }),
    output: z.object({ excessCents: z.int().nonnegative() }),
    rejects: ['not-covered'],
  }),
  damage: command({
    input: z.object({ claimId, photos: z.array(z.string()) }),
    output: z.object({ cents: z.int().positive() }),
  }),
})

export const Claim = z.object({
  id: claimId,
  policy: z.string(),
  photos: z.array(z.string()).max(100),
  cents: z.int().positive(),
})

/** Up to so much is paid without a person. */
const SMALL_CENTS = 50_000

/** A version whose adjusters have so long to answer. */
export const insuranceClaimVersion = (version: number, answerWithin: Duration) =>
  saga('insurance-claim', { version, input: Claim })
    .step('reserve', claims.reserve, ({ input }) => ({ claimId: input.id, cents: input.cents }))
    .undo(claims.free, ({ input }) => ({ claimId: input.id }))
    .parallel('look', {
      policy: (b) =>
        b
          .step('cover', experts.policy, ({ input }) => ({ claimId: input.id, policy: input.policy }))
          .keep()
          .output(({ cover }) => cover.excessCents),
      damage: (b) =>
        b
          .step('estimate', experts.damage, ({ input }) => ({ claimId: input.id, photos: input.photos }))
          .keep()
          .output(({ estimate }) => estimate.cents),
    })
    .local('due', ({ look }) => Math.max(1, look.damage - look.policy))
    .choose('assent', {
      large: {
        when: ({ due }) => due > SMALL_CENTS,
        do: (b) =>
          b
            .approve('adjuster', {
              roles: ['adjuster'],
              answers: ['pay', 'refuse'],
              turnBackOn: ['refuse'],
              deadline: answerWithin,
              atDeadline: 'turn-back',
            })
            .output(({ adjuster }) => adjuster.by ?? 'an adjuster'),
      },
    })
    .pivot('pay', claims.pay, ({ input, due }) => ({ claimId: input.id, cents: due }))
    .output(({ due, assent, pay }) => ({ cents: due, by: assent.large ?? 'rule', payment: pay.payment }))

export const insuranceClaim = insuranceClaimVersion(1, '14 days')
