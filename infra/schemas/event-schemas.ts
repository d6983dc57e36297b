/**
 * The values of the log's records as zod schemas, for readers in other languages. The types in shared/message are the
 * truth: the last lines of this file do not compile when a schema says anything else than its type.
 */
import { z } from 'zod'
import type { NewBatchHeader } from '../../shared/message/batch.ts'
import type { SagaEvent, SagaEventType } from '../../shared/message/events.ts'
import type { Json } from '../../shared/message/json.ts'
import { PRIORITY, PRIORITY_MAX } from '../../shared/message/priority.ts'
import { LIMIT_KEY_CHARS_MAX } from '../../shared/saga/limit-key.ts'
import type { Same } from './same.ts'

const AnyJson = z.custom<Json>((value) => value !== undefined).describe('any JSON')
const Name = z.string().describe('path of a step: charge, parcels[3].label')
const Scope = z.string().describe('path of a scope of a block: parcels[3]')
const Saga = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,200}$/)
  .describe('a saga id')
const Attempt = z.int().min(1).describe('counted from 1, per direction')
const Time = z.int().min(0).describe('milliseconds since the epoch')
const Frees = z.array(z.string()).readonly().exactOptional().describe('locks that the saga held or waited for')
const Actor = z.string().describe('who asked')
const Priority = z.int().min(0).max(PRIORITY_MAX).describe(`9 is first; absent: ${PRIORITY}`)
const LimitKey = z
  .string()
  .min(1)
  .max(LIMIT_KEY_CHARS_MAX)
  .describe('what it is counted under, beside its participant, where calls are limited')
const RequestId = z.string().describe('ce_id of the client command')

export const StepError = z.object({
  kind: z.enum(['rejected', 'failed', 'fatal', 'timeout', 'mapping', 'contract', 'limit', 'person']),
  code: z.string(),
  message: z.string(),
  details: AnyJson.exactOptional(),
})

const CompensationCause = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['rejected', 'failed']), step: Name, error: StepError }),
  z.object({ kind: z.literal('superseded'), step: Name }).describe('others of the block were done first'),
  z.object({ kind: z.literal('parent') }).describe('the parent undoes the step that started this saga'),
  z.object({ kind: z.literal('cancelled'), requestId: RequestId, actor: Actor, reason: z.string() }),
  z.object({ kind: z.literal('deadline'), deadlineAt: Time }),
])

const command = {
  definition: z.string(),
  version: z.int().min(1),
  participant: z.string(),
  commandType: z.string().describe('ce_type of the command'),
  payload: AnyJson,
  timeoutAt: Time.nullable().describe('when this attempt is given up, milliseconds since the epoch; null: never'),
  takeUpAt: Time.exactOptional().describe('when this attempt is given up if nothing is heard of it'),
  giveUpAt: Time.exactOptional().describe('when the step is given up, whatever its attempts'),
  retryUntil: Time.exactOptional().describe('no other attempt is begun after it'),
  child: Saga.exactOptional().describe('the child saga, where the step is one'),
  starts: z
    .object({ definition: z.string(), version: z.int().min(1), priority: Priority.exactOptional() })
    .exactOptional()
    .describe('what the child runs'),
  letGo: z.literal(true).exactOptional().describe('the end of the child is not waited for'),
  sentAs: Name.exactOptional().describe('what participants know the step by, where it has another name by now'),
  key: LimitKey.exactOptional(),
  lock: z
    .object({
      resource: z.string().describe('what the lock is for'),
      permits: z.int().min(1).describe('how many sagas may hold it at the same time'),
      ask: Attempt.describe('attempt of the step that asked'),
    })
    .exactOptional()
    .describe('the lock, where the step is one'),
}
const held = z.object({
  step: Name,
  participant: z.string().describe('whose room is waited for'),
  key: LimitKey.exactOptional(),
})
const requested = z.object({ step: Name, attempt: Attempt, ...command })
const progressed = z.object({
  step: Name,
  timeoutAt: Time.nullable(),
  progressAt: Time.exactOptional().describe('when this attempt is given up if there is no other progress'),
  payload: AnyJson,
})
const failed = z.object({
  step: Name,
  attempt: Attempt,
  error: StepError,
  retryAt: Time.nullable().describe('null: given up'),
})
const parent = z.object({
  sagaId: Saga,
  step: Name,
  attempt: Attempt,
  waits: z.boolean().describe('whether the parent waits for the end'),
})
const act = z.object({ requestId: RequestId, actor: Actor, reason: z.string() })

const given = z
  .array(z.object({ step: Name, output: AnyJson.exactOptional().describe('absent: it was skipped') }))
  .readonly()

const attributes = z
  .record(Name, z.union([z.string().max(256), z.number(), z.boolean()]))
  .describe('what the saga can be found by; at most 16')
const finds = { attributes: attributes.exactOptional() }

/** The value of each event's record, by the event's type. */
export const EVENT_VALUES = {
  'saga-started': z.object({
    definition: z.string(),
    version: z.int().min(1),
    input: AnyJson,
    inputHash: z.string().describe('SHA-256 of the canonical input, hex'),
    deadlineAt: Time.nullable(),
    definitionHash: z.string().exactOptional().describe('SHA-256 of the plan, hex: the saga goes on with no other'),
    pivot: Name.nullable().exactOptional().describe('the step that is the pivot; null: there is none'),
    attributes: attributes.exactOptional(),
    priority: Priority.exactOptional(),
    parent: parent.exactOptional().describe('the saga that started it'),
    origin: z
      .object({
        sagaId: Saga,
        step: Name,
        seq: z.int().min(1).describe('the event of the origin that says so; of one that had ended: its newest'),
        actor: z.string().exactOptional().describe('who asked for it, where the origin had ended'),
        reason: z.string().exactOptional().describe('and why'),
      })
      .exactOptional()
      .describe('the saga that this one is a fork of, and the step from which'),
    given: given.exactOptional().describe('steps that the origin has done: they are done here, and never undone here'),
  }),
  'step-requested': requested,
  'step-held': held,
  'step-progressed': progressed,
  'step-succeeded': z.object({ step: Name, attempt: Attempt, output: AnyJson, ...finds }),
  'step-rejected': z.object({
    step: Name,
    attempt: Attempt,
    error: StepError,
    withdraws: z
      .object({ resource: z.string(), step: Name.describe('its path when it asked'), ask: Attempt })
      .exactOptional()
      .describe('what is asked of a lock no more'),
  }),
  'step-failed': failed,
  'compensation-started': z.object({
    scope: Scope.exactOptional().describe('absent: the whole saga'),
    cause: CompensationCause,
  }),
  'compensation-requested': requested,
  'compensation-held': held,
  'compensation-progressed': progressed,
  'compensation-succeeded': z.object({ step: Name, attempt: Attempt }),
  'compensation-failed': failed,
  'step-skipped': z.object({ step: Name }),
  'step-computed': z.object({ step: Name, output: AnyJson, ...finds }),
  'wait-started': z.object({
    step: Name,
    until: Time.nullable().describe('when it ends, or its deadline; null: it waits for the signal alone'),
    signal: z.string().nullable().describe('name of the signal that ends it; null: it ends by the clock alone'),
  }),
  'wait-ended': z.object({
    step: Name,
    requestId: RequestId.nullable().describe('the signal that ended it; null: its time came'),
    output: AnyJson,
    ...finds,
  }),
  'block-started': z.object({
    step: Name,
    block: z.enum(['parallel', 'choose', 'attempt', 'each', 'repeat']),
    count: z.int().min(0).nullable().describe('how many items an each has'),
  }),
  'scope-started': z.object({ scope: Scope, item: AnyJson.exactOptional().describe('the item of an each') }),
  'scope-completed': z.object({
    scope: Scope,
    output: AnyJson.exactOptional().describe('absent: the outputs of its steps under their names'),
  }),
  'scope-compensated': z.object({ scope: Scope }),
  'block-completed': z.object({ step: Name, ...finds }),
  'signal-received': z.object({
    name: z.string(),
    payload: AnyJson,
    requestId: RequestId,
    actor: Actor.exactOptional(),
    roles: z.array(z.string()).readonly().exactOptional().describe('what the sender says that it may'),
  }),
  'cancel-requested': act,
  'cancel-refused': z.object({ requestId: RequestId, actor: Actor, why: z.enum(['past-pivot', 'pivot-unknown']) }),
  'retry-requested': act.extend({ step: Name.exactOptional().describe('absent: all that is parked') }),
  'step-resolved': act.extend({
    step: Name,
    output: AnyJson.describe('what the step counts as having given'),
    notDone: z.literal(true).exactOptional().describe('nothing of it is to be undone'),
    ...finds,
  }),
  'failure-resolved': act.extend({ step: Name, error: StepError }),
  'step-edited': act.extend({
    step: Name,
    direction: z.enum(['forward', 'compensate']),
    payload: AnyJson.describe('of this and all later attempts in that direction'),
  }),
  'saga-paused': act.extend({ timers: z.enum(['hold', 'run']).describe('whether times that come meanwhile count') }),
  'saga-resumed': act,
  'saga-forked': act.extend({
    from: Name.describe('the step from which the fork goes on'),
    fork: Saga.describe('the new saga'),
    definition: z.string(),
    version: z.int().min(1),
    input: AnyJson.describe('what the fork is started with'),
    given,
    priority: Priority.exactOptional(),
  }),
  'saga-migrated': act.extend({
    fromVersion: z.int().min(1),
    toVersion: z.int().min(1),
    definitionHash: z.string().exactOptional().describe('SHA-256 of the new plan, hex'),
    pivot: Name.nullable().describe('the step that is the pivot of the new plan; null: there is none'),
    renames: z.record(Name, Name).exactOptional().describe('new names of steps, by the old ones'),
    input: AnyJson.exactOptional().describe('the saga’s input from now on; absent: as it was'),
    outputs: z.record(Name, AnyJson).exactOptional().describe('by new names; a step that has not begun counts as done'),
    unparked: z.array(Name.nullable()).exactOptional().describe('what waits for a person no more; null: the output'),
  }),
  'undo-resolved': act.extend({ step: Name }),
  'saga-stuck': z.object({ step: Name.nullable().describe('null: the saga’s own output'), error: StepError }),
  'late-success': z.object({ step: Name, attempt: Attempt, output: AnyJson }),
  'undo-requested': z.object({ attempt: Attempt }),
  'turn-yielded': z.object({ more: z.boolean().describe('false: all that was left has been done') }),
  'parent-answered': z.object({
    parent: Saga,
    step: Name.describe('path of the step of the parent'),
    direction: z.enum(['forward', 'compensate']),
    attempt: Attempt,
    outcome: z.enum(['success', 'rejected', 'fatal']),
    body: AnyJson.describe('the output of the saga, or { code, message }'),
  }),
  'parent-refused': z.object({
    parent: Saga.describe('a saga that is not its parent'),
    step: Name.describe('path of the step of that saga'),
    direction: z.enum(['forward', 'compensate']),
    attempt: Attempt,
    outcome: z.enum(['success', 'rejected']).describe('success: there is nothing to undo'),
    body: AnyJson,
  }),
  'saga-voided': z.object({ parent }),
  'saga-killed': act.extend({ frees: Frees }),
  'saga-completed': z.object({ output: AnyJson, frees: Frees }),
  'saga-compensated': z.object({ frees: Frees }),
} as const

const Count = z.int().min(0)
const Offset = z
  .string()
  .regex(/^\d{1,19}$/)
  .describe('an offset; text, because it may be past 2^53')

/** The value of a batch's header record. */
export const BatchValue = z.object({
  format: Count.exactOptional().describe('format of the log; without it, 0: from before events had hashes'),
  engine: z.string().exactOptional().describe('version of the engine that appended it'),
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

type ValueOf<Type extends SagaEventType> = Omit<Extract<SagaEvent, { type: Type }>, 'type'>
type BatchOnWire = Omit<NewBatchHeader, 'commands' | 'replies'> & { commands: string; replies: string }

export const SCHEMAS_ARE_TYPES: {
  readonly [Type in SagaEventType]: Same<z.input<(typeof EVENT_VALUES)[Type]>, ValueOf<Type>>
} & { readonly batch: Same<z.input<typeof BatchValue>, BatchOnWire> } = {
  'saga-started': true,
  'step-requested': true,
  'step-held': true,
  'step-progressed': true,
  'step-succeeded': true,
  'step-rejected': true,
  'step-failed': true,
  'compensation-started': true,
  'compensation-requested': true,
  'compensation-held': true,
  'compensation-progressed': true,
  'compensation-succeeded': true,
  'compensation-failed': true,
  'step-skipped': true,
  'step-computed': true,
  'wait-started': true,
  'wait-ended': true,
  'block-started': true,
  'scope-started': true,
  'scope-completed': true,
  'scope-compensated': true,
  'block-completed': true,
  'signal-received': true,
  'cancel-requested': true,
  'cancel-refused': true,
  'retry-requested': true,
  'step-resolved': true,
  'failure-resolved': true,
  'step-edited': true,
  'saga-paused': true,
  'saga-resumed': true,
  'saga-forked': true,
  'saga-migrated': true,
  'undo-resolved': true,
  'saga-stuck': true,
  'late-success': true,
  'undo-requested': true,
  'turn-yielded': true,
  'parent-answered': true,
  'parent-refused': true,
  'saga-voided': true,
  'saga-killed': true,
  'saga-completed': true,
  'saga-compensated': true,
  batch: true,
}
