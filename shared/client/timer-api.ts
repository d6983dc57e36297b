/** What is due when, in the gateway's HTTP API. */
import { z } from 'zod'
import { TIMER_KINDS } from '../view/timer-kinds.ts'
import { Id } from './http-api.ts'

const Time = z.string().describe('RFC 3339, UTC')

export const TIMERS_LIMIT_MAX = 200

export const TimersQuery = z.strictObject({
  saga: Id.optional(),
  kind: z.enum(TIMER_KINDS).optional(),
  overdue: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe('only what was due before now'),
  after: z
    .string()
    .regex(
      /^\d{1,15}~[A-Za-z0-9._:-]{1,200}~(?:forward|compensate)~[A-Za-z0-9.[\]-]{0,780}$/,
      '`next` of the page before',
    )
    .optional(),
  limit: z.coerce.number().int().min(1).max(TIMERS_LIMIT_MAX).default(50),
})

export const TimerAnswer = z.object({
  dueAt: Time,
  kind: z
    .enum(TIMER_KINDS)
    .describe(
      'timeout: the end of an attempt, or of the wait for a lock; take-up, progress: nothing is heard of it by then; ' +
        'retry: its next attempt; sleep; signal: the end of a wait for one; deadline: that of the saga',
    ),
  saga: z.string(),
  step: z.string().nullable().describe('its path; null: the saga'),
  direction: z.enum(['forward', 'compensate']),
  attempt: z.int().nullable().describe('the newest; null: it has none'),
  participant: z.string().nullable(),
  signal: z.string().nullable().describe('that is waited for'),
  child: z.string().nullable().describe('id of the saga that is waited for'),
  lock: z.string().nullable().describe('resource of the lock that is waited for'),
})

export const TimerList = z.object({
  timers: z.array(TimerAnswer).describe('what is due first comes first'),
  at: Time.describe('when this was looked at'),
  next: z.string().nullable().describe('null: there are no more'),
})

export type TimerAnswer = z.infer<typeof TimerAnswer>
export type TimerList = z.infer<typeof TimerList>
