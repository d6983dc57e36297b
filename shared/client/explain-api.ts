/** Why a saga stands where it stands, in the gateway's HTTP API. */
import { z } from 'zod'
import { SagaStatusName, ShownStatus } from './http-api.ts'

const Time = z.string().describe('RFC 3339, UTC')
const Direction = z.enum(['forward', 'compensate'])

export const AwaitedAnswer = z.object({
  kind: z
    .enum(['answer', 'room', 'retry', 'signal', 'time', 'lock', 'child', 'person', 'definition', 'turn'])
    .describe('turn: its owner has more to do of it than one turn has room for'),
  step: z.string().nullable().describe('null: the saga as a whole'),
  direction: Direction,
  what: z.string().describe('in words'),
  since: Time.nullable(),
  until: Time.nullable().describe('null: for ever'),
  attempt: z.int().nullable(),
  attemptsMax: z.int().nullable().describe('so many are made before it is given up, or a person is called'),
  error: z.object({ code: z.string(), message: z.string() }).nullable().describe('what went wrong last'),
  holds: z.string().nullable().describe('what holds it up, in words; null: nothing that is known here'),
})

export const UndoAnswer = z.object({
  turn: z.int().describe('those with the same one go side by side'),
  step: z.string(),
  by: z.enum(['command', 'child', 'lock', 'hand', 'person']).describe('person: its undo cannot be sent as it is'),
  what: z
    .string()
    .describe('the type of the command, the id of the child, the resource of the lock, or what a person is told'),
  participant: z.string().nullable(),
})

export const IfCancelledAnswer = z.object({
  kind: z
    .enum(['undone', 'after-pivot', 'refused', 'over'])
    .describe('undone: it would turn back, or has; after-pivot: the answer of the pivot decides; over: it has ended'),
  why: z.enum(['past-pivot', 'pivot-unknown']).nullable().describe('why it would be refused'),
  undo: z.array(UndoAnswer).describe('in order, the first that is undone first'),
  complete: z.boolean().describe('false: there is more than is told'),
})

export const ExplainAnswer = z.object({
  id: z.string(),
  definition: z.string().nullable(),
  version: z.int().nullable(),
  status: SagaStatusName.nullable(),
  shown: ShownStatus,
  headline: z.string().describe('in one sentence'),
  awaited: z.array(AwaitedAnswer).describe('what it waits for; the first of them'),
  awaitedTotal: z.int(),
  next: z
    .object({ at: Time, what: z.array(z.string()) })
    .nullable()
    .describe('what happens of itself if nothing comes before; null: nothing does'),
  afterwards: z.array(z.string()).describe('steps that come once what it waits for has come'),
  ifCancelled: IfCancelledAnswer.nullable().describe('null: its definition is not here, so nobody can say'),
  legal: z.string().describe('what persons may ask of it now'),
})

export type AwaitedAnswer = z.infer<typeof AwaitedAnswer>
export type IfCancelledAnswer = z.infer<typeof IfCancelledAnswer>
export type ExplainAnswer = z.infer<typeof ExplainAnswer>
