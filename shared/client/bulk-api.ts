/** Bulk acts in the gateway's HTTP API: one act, asked of every saga that a filter finds. */
import { z } from 'zod'
import { ActBody, Count, Id, PauseBody, ResolveBody, RetryBody, SignalRequest, SkipBody } from './http-api.ts'
import { SagaFilterBody } from './saga-filter.ts'

/** Acts a second, unless told otherwise, and at most. */
export const BULK_RATE = 20
export const BULK_RATE_MAX = 500
/** Sagas that one bulk act may be asked of. */
export const BULK_SAGAS_MAX = 100_000
/** Bulk acts that go on at the same time. */
export const BULK_OPEN_MAX = 20
export const BULKS_LIMIT_MAX = 200
/** Sagas that a dry run shows. */
export const BULK_SAMPLE = 5

const Time = z.string().describe('RFC 3339, UTC')
const BULK_ID = /^bulk-[A-Za-z0-9._:-]{1,64}$/
export const BulkId = z.string().regex(BULK_ID, 'the id of a bulk act: bulk-, and 1 to 64 characters')

/** What is asked of each; as the act of one saga says it. */
export const BulkAct = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cancel') }),
  z.strictObject({ kind: z.literal('kill') }),
  z.strictObject({ kind: z.literal('resume') }),
  z.strictObject({ kind: z.literal('pause'), timers: PauseBody.shape.timers }),
  z.strictObject({ kind: z.literal('retry'), step: RetryBody.shape.step }),
  z.strictObject({
    kind: z.literal('skip'),
    step: SkipBody.shape.step,
    output: SkipBody.shape.output,
    notDone: SkipBody.shape.notDone,
  }),
  z.strictObject({
    kind: z.literal('resolve'),
    step: ResolveBody.shape.step,
    as: ResolveBody.shape.as,
    output: ResolveBody.shape.output,
  }),
  z.strictObject({
    kind: z.literal('signal'),
    name: Id,
    payload: SignalRequest.shape.payload,
    roles: SignalRequest.shape.roles,
  }),
])

const Filter = SagaFilterBody.describe('what a list is narrowed by; all that is given must hold, and something must be')

export const BulkPreviewBody = z.strictObject({ act: BulkAct, filter: Filter })

export const BulkBody = ActBody.extend({
  act: BulkAct,
  filter: Filter,
  rate: z.int().min(1).max(BULK_RATE_MAX).default(BULK_RATE).describe('acts a second'),
})

/** Why a saga is not open to an act. */
export const NotOpenReason = z.enum([
  'unknown-saga',
  'ended',
  'unreadable',
  'stopped',
  'not-stuck',
  'not-paused',
  'already-paused',
  'already-compensating',
  'not-at-step',
  'not-stored',
])
const Refused = z
  .partialRecord(NotOpenReason, z.int())
  .describe('how many were not open to it, by reason; not-stored: the log would not take it')

export const BulkPreview = z.object({
  sagas: z.int().describe('that match'),
  open: z.int().describe('of them, as they stand now'),
  refused: Refused,
  sample: z.array(z.object({ id: z.string(), status: z.string().nullable(), refused: NotOpenReason.nullable() })),
})

export const BulkState = z.enum(['waiting', 'running', 'done', 'aborted', 'failed'])

export const BulkAnswer = z.object({
  id: z.string(),
  state: BulkState.describe('waiting: the sagas are being listed, or will be; failed: see `why`'),
  act: BulkAct,
  filter: SagaFilterBody,
  actor: z.string(),
  reason: z.string(),
  rate: z.int().describe('acts a second'),
  sagas: z.int().nullable().describe('that it is asked of; null: they are not listed yet'),
  done: z.int().describe('that were asked: the act is in the log'),
  refused: Refused,
  left: z.int().nullable(),
  askedAt: Time,
  endedAt: Time.nullable(),
  abortedBy: z.object({ actor: z.string(), reason: z.string() }).nullable(),
  why: z.string().nullable().describe('what ended it, where it failed'),
})

export const BulkList = z.object({ bulks: z.array(BulkAnswer).describe('newest first') })
export const BulkParams = z.strictObject({ id: BulkId })
export const BulkListQuery = z.strictObject({ limit: Count(BULKS_LIMIT_MAX, 50) })

export type BulkAct = z.infer<typeof BulkAct>
export type BulkKind = BulkAct['kind']
export type BulkPreview = z.infer<typeof BulkPreview>
export type BulkState = z.infer<typeof BulkState>
export type BulkAnswer = z.infer<typeof BulkAnswer>
export type BulkList = z.infer<typeof BulkList>
export type NotOpenReason = z.infer<typeof NotOpenReason>
