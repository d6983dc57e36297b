/** Participants in the gateway's HTTP API: how hard they may be asked, what is under way at them, who waits for them. */
import { z } from 'zod'
import { OPEN_MS_MAX } from '../flow/limits.ts'
import { ActBody, PlaceAnswer } from './http-api.ts'

const Time = z.string().describe('RFC 3339, UTC')
const Many = z.int().min(1).max(1_000_000)
const Rate = z.number().min(0.001).max(1_000_000)

export const KeyLimits = z
  .strictObject({ concurrency: Many.optional(), ratePerSecond: Rate.optional() })
  .describe('the same for each limit key of its steps')

export const BreakerLimits = z.strictObject({
  failureRate: z.number().gt(0).max(1).optional().describe('share of the calls that failed'),
  minimumCalls: Many.optional().describe('fewer calls than this in the window say nothing'),
  windowMs: z.int().min(1).max(86_400_000).optional(),
  openMs: z.int().min(1).max(OPEN_MS_MAX).optional().describe('how long nothing is sent after it opened'),
  probes: z.int().min(1).max(1_000).optional().describe('calls that have to work before it closes'),
})

/** What is absent is not limited. */
export const Limits = z.strictObject({
  concurrency: Many.optional().describe('calls under way at one time'),
  ratePerSecond: Rate.optional(),
  burst: Many.optional().describe('calls that may go at once after a pause; with ratePerSecond'),
  perKey: KeyLimits.optional(),
  breaker: z.union([z.literal('off'), BreakerLimits]).optional(),
})

export const LimitsBody = ActBody.extend({ limits: Limits })
export const ParticipantName = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'small letters, digits and -, a letter first')
export const ParticipantParams = z.strictObject({ name: ParticipantName })
export const LimitsAnswer = z.object({ participant: z.string(), requestId: z.string(), place: PlaceAnswer })

export const BreakerAnswer = z.object({
  process: z.string().describe('the orchestrator that sees it so'),
  since: Time.nullable(),
  failures: z.int(),
  calls: z.int(),
})

export const RECENT_MINUTES_MAX = 60

export const ParticipantsQuery = z.strictObject({
  minutes: z.coerce.number().int().min(1).max(RECENT_MINUTES_MAX).default(5).describe('how far back `recent` looks'),
})

const Ms = z.number().nullable().describe('milliseconds; null: nothing was answered')

/** Of the steps, and undos, that came to an end in the last minutes. What is on the way and what is work is not told apart. */
export const RecentAnswer = z.object({
  minutes: z.int(),
  steps: z.int(),
  attempts: z.int().describe('of all of them together'),
  retries: z.int().describe('attempts that were not the first of their step'),
  timeouts: z.int().describe('attempts that were not answered in time'),
  late: z.int().describe('answers that came after their attempt was given up, and counted'),
  p50Ms: Ms.describe('from the command to its answer; null: nothing was answered'),
  p95Ms: Ms,
  p99Ms: Ms,
  isSample: z.boolean().describe('so much has ended that only a part of it was looked at'),
})

export const ParticipantAnswer = z.object({
  name: z.string(),
  limits: Limits.nullable().describe('null: none is set'),
  setBy: z.string().nullable(),
  setAt: Time.nullable(),
  reason: z.string().nullable(),
  openBreakers: z.array(BreakerAnswer).describe('of each process that holds its steps back'),
  held: z.int().describe('steps that wait for it'),
  oldestHeldAt: Time.nullable(),
  inFlight: z.int().describe('commands that were sent to it and are not answered'),
  oldestUnansweredAt: Time.nullable().default(null).describe('when the oldest of them was sent'),
  recent: RecentAnswer.nullable().default(null).describe('null: nothing has ended at it in that time'),
})
export const ParticipantList = z.object({ participants: z.array(ParticipantAnswer) })

export const HeldAnswer = z.object({
  saga: z.string(),
  step: z.string(),
  direction: z.enum(['forward', 'compensate']),
  key: z.string().nullable(),
  priority: z.int(),
  paused: z.boolean().describe('its saga is paused: it keeps its age, and is passed over'),
  heldAt: Time.nullable(),
})
export const ParticipantDetail = ParticipantAnswer.extend({
  waiting: z.array(HeldAnswer).describe('the first hundred, in the order in which they go'),
})

export type RecentAnswer = z.infer<typeof RecentAnswer>
export type ParticipantAnswer = z.infer<typeof ParticipantAnswer>
export type ParticipantDetail = z.infer<typeof ParticipantDetail>
export type ParticipantList = z.infer<typeof ParticipantList>
export type LimitsAnswer = z.infer<typeof LimitsAnswer>
export type HeldAnswer = z.infer<typeof HeldAnswer>
