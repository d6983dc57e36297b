/** The commands of a saga in the gateway's HTTP API: each attempt, and what was answered. */
import { z } from 'zod'

const Time = z.string().describe('RFC 3339, UTC')

export const COMMANDS_LIMIT_MAX = 500

export const CommandsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(COMMANDS_LIMIT_MAX).default(200),
  after: z.coerce.number().int().min(0).max(999_999_999).default(0).describe('`next` of the page before'),
})

export const CommandAnswer = z.object({
  seq: z.int().describe('of the event in the history of the saga that it follows from'),
  step: z.string().describe('its path, as it was called then'),
  direction: z.enum(['forward', 'compensate']),
  attempt: z.int(),
  participant: z.string(),
  command: z.string(),
  child: z.string().nullable().describe('id of the saga that it starts'),
  lock: z.string().nullable().describe('resource of the lock that it asks for'),
  sentAt: Time.describe('when it was decided'),
  timeoutAt: Time.nullable(),
  takenUpAt: Time.nullable().describe('when the participant first said how far it is'),
  answeredAt: Time.nullable().describe('when the answer was decided on; with timeout: when it was given up'),
  tookMs: z
    .int()
    .nullable()
    .describe('from the one to the other: the ways there and back, what it waited, and the work'),
  outcome: z
    .enum(['success', 'rejected', 'failed', 'fatal', 'timeout'])
    .nullable()
    .describe('null: nothing was answered, or it was no longer asked for'),
  code: z.string().nullable().describe('of what was answered, where it is no success'),
  late: z.boolean().describe('the answer came after the attempt was given up, and counted'),
})

export const CommandList = z.object({
  id: z.string(),
  commands: z.array(CommandAnswer).describe('in the order in which they were sent'),
  next: z.int().nullable().describe('null: there are no more'),
})

export type CommandAnswer = z.infer<typeof CommandAnswer>
export type CommandList = z.infer<typeof CommandList>
