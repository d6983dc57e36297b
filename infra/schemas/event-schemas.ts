/**
 * The values of the log's records as zod schemas, for readers in other languages. The types in shared/message are the
 * truth: the last lines of this file do not compile when a schema says anything else than its type.
 */
import { z } from 'zod'
import type { BatchHeader } from '../../shared/message/batch.ts'
import type { SagaEvent, SagaEventType } from '../../shared/message/events.ts'
import type { Json } from '../../shared/message/json.ts'

const AnyJson = z.custom<Json>((value) => value !== undefined).describe('any JSON')
const Name = z.string().describe('name of a step')
const Attempt = z.int().min(1).describe('counted from 1, per direction')
const Time = z.int().min(0).describe('milliseconds since the epoch')
const Actor = z.string().describe('who asked')
const RequestId = z.string().describe('ce_id of the client command')

export const StepError = z.object({
  kind: z.enum(['rejected', 'failed', 'fatal', 'timeout', 'mapping', 'contract']),
  code: z.string(),
  message: z.string(),
  details: AnyJson.exactOptional(),
})

const CompensationCause = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['rejected', 'failed']), step: Name, error: StepError }),
  z.object({ kind: z.literal('cancelled'), requestId: RequestId, actor: Actor, reason: z.string() }),
  z.object({ kind: z.literal('deadline'), deadlineAt: Time }),
])

const command = {
  definition: z.string(),
  version: z.int().min(1),
  participant: z.string(),
  commandType: z.string().describe('ce_type of the command'),
  payload: AnyJson,
  timeoutAt: Time.describe('when this attempt is given up, milliseconds since the epoch'),
}
const requested = z.object({ step: Name, attempt: Attempt, ...command })
const progressed = z.object({ step: Name, timeoutAt: Time, payload: AnyJson })
const failed = z.object({
  step: Name,
  attempt: Attempt,
  error: StepError,
  retryAt: Time.nullable().describe('null: given up'),
})
const act = z.object({ requestId: RequestId, actor: Actor, reason: z.string() })

/** The value of each event's record, by the event's type. */
export const EVENT_VALUES = {
  'saga-started': z.object({
    definition: z.string(),
    version: z.int().min(1),
    input: AnyJson,
    inputHash: z.string().describe('SHA-256 of the canonical input, hex'),
    deadlineAt: Time.nullable(),
  }),
  'step-requested': requested,
  'step-progressed': progressed,
  'step-succeeded': z.object({ step: Name, attempt: Attempt, output: AnyJson }),
  'step-rejected': z.object({ step: Name, attempt: Attempt, error: StepError }),
  'step-failed': failed,
  'compensation-started': z.object({ cause: CompensationCause }),
  'compensation-requested': requested,
  'compensation-progressed': progressed,
  'compensation-succeeded': z.object({ step: Name, attempt: Attempt }),
  'compensation-failed': failed,
  'step-skipped': z.object({ step: Name }),
  'step-computed': z.object({ step: Name, output: AnyJson }),
  'wait-started': z.object({
    step: Name,
    until: Time.nullable().describe('when it ends, or its deadline; null: it waits for the signal alone'),
    signal: z.string().nullable().describe('name of the signal that ends it; null: it ends by the clock alone'),
  }),
  'wait-ended': z.object({
    step: Name,
    requestId: RequestId.nullable().describe('the signal that ended it; null: its time came'),
    output: AnyJson,
  }),
  'signal-received': z.object({ name: z.string(), payload: AnyJson, requestId: RequestId }),
  'cancel-requested': act,
  'cancel-refused': z.object({ requestId: RequestId, actor: Actor, why: z.enum(['past-pivot', 'pivot-unknown']) }),
  'retry-requested': act,
  'saga-stuck': z.object({ step: Name.nullable().describe('null: the saga’s own output'), error: StepError }),
  'saga-completed': z.object({ output: AnyJson }),
  'saga-compensated': z.object({}),
} as const

const Count = z.int().min(0)
const Offset = z
  .string()
  .regex(/^\d{1,19}$/)
  .describe('an offset; text, because it may be past 2^53')

/** The value of a batch's header record. */
export const BatchValue = z.object({
  number: Count.describe('dense per partition: 1, 2, 3, ...'),
  owner: z.string(),
  count: Count.describe('how many event records follow'),
  commands: Offset.describe('next offset to read of the commands topic, as text'),
  replies: Offset.describe('next offset to read of the replies topic, as text'),
  sentThrough: Count.describe('every effect of the batches up to this number has been sent'),
  inputs: z.object({
    applied: Count,
    deadLettered: Count,
    ignored: z.record(z.string(), Count).describe('by named reason'),
  }),
})

/** The value of a reply that is rejected, failed or fatal. */
export const ErrorBody = z.object({ code: z.string(), message: z.string(), details: AnyJson.exactOptional() })

// --- each schema is its type, field by field ---

type Full<T> = Json extends T ? 'json' : T extends object ? { readonly [K in keyof T]-?: Full<T[K]> } : T
type Same<A, B> = [Full<A>] extends [Full<B>] ? ([Full<B>] extends [Full<A>] ? true : never) : never
type ValueOf<Type extends SagaEventType> = Omit<Extract<SagaEvent, { type: Type }>, 'type'>
type BatchOnWire = Omit<BatchHeader, 'commands' | 'replies'> & { commands: string; replies: string }

export const SCHEMAS_ARE_TYPES: {
  readonly [Type in SagaEventType]: Same<z.input<(typeof EVENT_VALUES)[Type]>, ValueOf<Type>>
} & { readonly batch: Same<z.input<typeof BatchValue>, BatchOnWire> } = {
  'saga-started': true,
  'step-requested': true,
  'step-progressed': true,
  'step-succeeded': true,
  'step-rejected': true,
  'step-failed': true,
  'compensation-started': true,
  'compensation-requested': true,
  'compensation-progressed': true,
  'compensation-succeeded': true,
  'compensation-failed': true,
  'step-skipped': true,
  'step-computed': true,
  'wait-started': true,
  'wait-ended': true,
  'signal-received': true,
  'cancel-requested': true,
  'cancel-refused': true,
  'retry-requested': true,
  'saga-stuck': true,
  'saga-completed': true,
  'saga-compensated': true,
  batch: true,
}
