/**
 * A streaming service bills a subscription period by period. A charge that does not go through is tried again after some
 * days of grace, with a reminder each time; when the last one fails too, access is taken away. What was paid for stays paid.
 *
 * Shapes: a repeat in a repeat; sleeps until a time that an answer told; a limit that turns the saga back; a step that is
 * kept when everything around it is undone.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const subscriptionId = z.string().min(1).max(100)

export const access = participant('access', {
  grant: command({ input: z.object({ subscriptionId, plan: z.string() }) }),
  /** Undoes `grant`, and ends it when the subscription is over. */
  revoke: command({ input: z.object({ subscriptionId }) }),
})

export const billing = participant('billing', {
  /** Tries to take a period's price. `nextAt`: when the period is over, or when to try again. */
  charge: command({
    input: z.object({ subscriptionId, cents: z.int().positive(), period: z.int(), attempt: z.int() }),
    output: z.object({ paid: z.boolean(), nextAt: z.iso.datetime() }),
  }),
})

export const reminders = participant('reminders', {
  send: command({ input: z.object({ subscriptionId, period: z.int(), attempt: z.int() }) }),
})

export const Subscription = z.object({
  id: subscriptionId,
  plan: z.string(),
  cents: z.int().positive(),
  periods: z.int().positive().max(120),
})

const ATTEMPTS_MAX = 3

export const subscription = saga('subscription', { version: 1, input: Subscription })
  .step('access', access.grant, ({ input }) => ({ subscriptionId: input.id, plan: input.plan }))
  .undo(access.revoke, ({ input }) => ({ subscriptionId: input.id }))
  .repeat(
    'periods',
    (b) =>
      b
        // Inside the inner repeat `index` is the attempt's.
        .local('period', ({ index }) => index)
        .repeat(
          'bill',
          (attempt) =>
            attempt
              .step('charge', billing.charge, ({ input, period, index }) => ({
                subscriptionId: input.id,
                cents: input.cents,
                period,
                attempt: index,
              }))
              .keep()
              .when(({ charge }) => !charge.paid)
              .step('remind', reminders.send, ({ input, period, index }) => ({
                subscriptionId: input.id,
                period,
                attempt: index,
              }))
              .keep()
              // Paid: until the period is over. Unpaid: until the grace is.
              .sleep('rest', ({ charge }) => charge.nextAt)
              .end(),
          { until: ({ charge }) => charge.paid, roundsMax: ATTEMPTS_MAX },
        )
        .end(),
    { until: ({ input, index }) => index + 1 === input.periods, roundsMax: 120 },
  )
  .output(({ input }) => ({ periods: input.periods }))
