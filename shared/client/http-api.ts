/** The gateway's HTTP API as schemas: what it checks requests with, what it answers, and what its clients read. */
import { z } from 'zod'
import { PRIORITY_MAX } from '../message/priority.ts'

const ID = /^[A-Za-z0-9._:-]{1,200}$/

/** Ids of requests, names of signals, beginnings of saga ids. */
export const Id = z.string().regex(ID, '1 to 200 characters of A-Z a-z 0-9 . _ : -')
const SAGA_ID = /^(?!lock:)[A-Za-z0-9._:-]{1,200}$/
const SagaIdText = z
  .string()
  .regex(SAGA_ID, 'a saga id has 1 to 200 characters of A-Z a-z 0-9 . _ : - and does not begin with lock:')
export const Actor = z.string().min(1).max(200)
const Time = z.string().describe('RFC 3339, UTC')
const Offset = z
  .string()
  .regex(/^\d{1,19}$/)
  .describe('an offset in the log; text, because it may be past 2^53')
const Priority = z.int().min(0).max(PRIORITY_MAX)
const Direction = z.enum(['forward', 'compensate'])

export const LIST_LIMIT_MAX = 200
export const HISTORY_LIMIT_MAX = 500
export const WAIT_MS_MAX = 14_000

export const SagaStatusName = z.enum([
  'running',
  'compensating',
  'stuck',
  'paused',
  'completed',
  'compensated',
  'failed',
])
/** What a list can be narrowed to: a status, or those that nothing is decided for. */
export const ListedStatusName = z.enum([...SagaStatusName.options, 'stopped'])
/** What a person is shown; `retrying`, `waiting` and `cancelled` are a closer look at `running` and `compensated`. */
export const ShownStatus = z.enum([
  'running',
  'retrying',
  'waiting',
  'compensating',
  'stuck',
  'paused',
  'completed',
  'compensated',
  'cancelled',
  'failed',
  'unreadable',
  'stopped',
])

export const PlaceAnswer = z
  .object({ topic: z.string(), partition: z.int(), offset: Offset })
  .describe('where the command stands in the log')

export const Links = z.object({ self: z.string(), history: z.string(), result: z.string() })

export const StartRequest = z
  .strictObject({
    id: SagaIdText.optional(),
    key: z.string().min(1).max(200).optional().describe('a business key: the id is made of the definition and it'),
    definition: z.string().min(1).max(64),
    version: z.int().min(1).max(999_999_999).optional(),
    priority: Priority.optional().describe('9 is first; absent: what the definition says'),
    input: z.unknown(),
  })
  .refine(({ id, key }) => (id === undefined) !== (key === undefined), 'either id or key, and not both')

/** `place` is absent when the saga was there already and its start is no longer remembered. */
export const StartAnswer = z.object({ id: z.string(), place: PlaceAnswer.optional(), links: Links })

export const SignalRequest = z.strictObject({
  payload: z.unknown().optional(),
  actor: Actor.optional().describe('who answers, where it is an answer to an approval'),
  roles: z
    .array(z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, '1 to 64 characters of A-Z a-z 0-9 . _ : -'))
    .max(20)
    .optional()
    .describe('what that one says to be; nobody checks it until there is authentication'),
})
export const ActBody = z.strictObject({
  reason: z.string().max(2_000).regex(/\S/, 'says why'),
  actor: Actor.optional(),
})
const StepPath = z
  .string()
  .regex(/^[A-Za-z0-9.[\]-]{1,780}$/, 'the path of a step')
  .describe('path of the step')
const Output = z.unknown().optional().describe('what the step gave; absent: null')
export const RetryBody = ActBody.extend({ step: StepPath.optional().describe('absent: all that is parked') })
export const PauseBody = ActBody.extend({
  timers: z.enum(['hold', 'run']).default('hold').describe('whether times that come meanwhile count'),
})
export const MigrateBody = ActBody.extend({
  toVersion: z.int().min(1).describe('the version of its definition that the saga runs on from then on'),
})
export const ResolveBody = ActBody.extend({
  step: StepPath,
  as: z.enum(['undone', 'done', 'failed']).default('undone').describe('what became of the step'),
  output: Output.describe('with done: what the step gave; absent: null'),
})
export const SkipBody = ActBody.extend({
  step: StepPath,
  output: Output,
  notDone: z.boolean().default(false).describe('nothing was done: nothing is to be undone'),
})
export const EditBody = ActBody.extend({
  step: StepPath,
  payload: z.unknown().describe('what its command carries from now on'),
})
export const ForkBody = ActBody.extend({
  step: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'a step of the saga’s own plan')
    .describe('the step from which the new saga goes on'),
  fork: Id.optional().describe('id of the new saga; absent: made of the request id'),
  input: z.unknown().optional().describe('absent: that of the saga'),
  version: z.int().min(1).max(999_999_999).optional().describe('absent: that of the saga'),
})
export const ActAnswer = z.object({ id: z.string(), requestId: z.string(), place: PlaceAnswer, links: Links })

export const RetryAnswer = ActAnswer.extend({
  putBack: z
    .int()
    .default(0)
    .describe('dead letters of it that were put back: those that it left while nothing was decided for it'),
})

/** `fork` is the id of the new saga; the links are its own. */
export const ForkAnswer = ActAnswer.extend({ fork: z.string() })

const ErrorAnswer = z.object({
  step: z.string().nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
})

export const SagaAnswer = z.object({
  id: z.string(),
  definition: z.string().nullable(),
  version: z.int().nullable(),
  status: SagaStatusName.nullable().describe('null when nothing of the saga could be read'),
  shown: ShownStatus,
  current: z
    .object({
      step: z.string(),
      direction: Direction,
      attempt: z.int().nullable(),
      timeoutAt: Time.nullable(),
      retryAt: Time.nullable(),
      awaits: z.string().nullable().describe('name of the signal that it waits for, or time'),
      heldFor: z
        .string()
        .nullable()
        .default(null)
        .describe('participant that it waits for: it is sent when there is room'),
    })
    .nullable()
    .describe('the step that is under way; null once the saga has ended'),
  cause: ErrorAnswer.extend({ kind: z.string() }).nullable().describe('why it turned back'),
  stuck: ErrorAnswer.nullable().describe('what a person has to look at; the newest, where there is more'),
  parked: z.array(ErrorAnswer).describe('all that waits for a person, the newest last'),
  waitsForDefinition: z
    .enum(['unknown-definition', 'definition-changed'])
    .nullable()
    .describe('it has not ended, and its version is not here, or is another plan than the one that it started on'),
  parent: z.object({ saga: z.string(), step: z.string() }).nullable().describe('the saga that started it'),
  origin: z
    .object({ saga: z.string(), step: z.string() })
    .nullable()
    .default(null)
    .describe('the saga that it is a fork of, and the step from which'),
  incident: z
    .object({ kind: z.string(), actor: z.string().nullable(), reason: z.string().nullable() })
    .nullable()
    .describe('what must not happen and did: killed'),
  priority: z.int().nullable().default(null).describe('whose steps are sent first where calls are limited, 9 first'),
  cancelRequested: z.boolean(),
  quarantined: z.string().nullable().describe('why an event of it cannot be read'),
  stopped: z
    .object({ why: z.string(), since: Time })
    .nullable()
    .default(null)
    .describe('a decision of it is broken: nothing is decided for it until a person asks for it to be tried again'),
  events: z.int().nullable(),
  partition: z.int().nullable(),
  startedAt: Time.nullable(),
  updatedAt: Time.nullable(),
  endedAt: Time.nullable(),
  deadlineAt: Time.nullable(),
  durationMs: z.number().nullable(),
})

export const StepAnswer = z.object({
  step: z.string().describe('its path: charge, parcels[3].label; of a scope that turned back by itself, parcels[3]'),
  direction: Direction,
  status: z
    .string()
    .nullable()
    .describe(
      'held: it waits for its participant; parked: it waited so, and waits for a person; left: open when the saga, or the scope around it, turned back or ended',
    ),
  block: z.string().nullable().describe('parallel, choose, attempt, each or repeat; null: it is no block'),
  child: z.string().nullable().describe('id of the saga that it started'),
  lock: z
    .object({
      resource: z.string(),
      holders: z.array(z.object({ saga: z.string(), since: Time })).describe('where the step waits: who holds it now'),
    })
    .nullable()
    .default(null)
    .describe('the lock that it asks for'),
  attempts: z.int().nullable(),
  participant: z.string().nullable(),
  command: z.string().nullable(),
  requestedAt: Time.nullable(),
  finishedAt: Time.nullable(),
  timeoutAt: Time.nullable(),
  retryAt: Time.nullable(),
  progress: z
    .object({
      payload: z.unknown().describe('as it was said; where it was cut, the beginning of its JSON text'),
      at: Time,
      cutFrom: z.int().nullable().describe('characters of the whole, where it was cut: its event has all of it'),
    })
    .nullable()
    .default(null)
    .describe('what the participant said last while it was at work'),
  heldAt: Time.nullable().default(null).describe('since when it waits for its participant'),
  limitKey: z.string().nullable().default(null).describe('what it is counted under beside its participant'),
  error: z.object({ code: z.string(), message: z.string().nullable() }).nullable(),
})

export const SagaDetail = SagaAnswer.extend({
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).describe('what it can be found by'),
  steps: z.array(StepAnswer),
  links: Links,
})
export const SagaList = z.object({ sagas: z.array(SagaAnswer), next: z.string().nullable() })

export const EventAnswer = z.object({
  seq: z.int(),
  type: z.string(),
  at: Time.nullable(),
  causationId: z.string().nullable(),
  place: PlaceAnswer.nullable(),
  data: z.unknown(),
})
export const HistoryAnswer = z.object({ id: z.string(), events: z.array(EventAnswer), next: z.int().nullable() })
export const CountsAnswer = z.object({
  counts: z.object({
    running: z.int(),
    compensating: z.int(),
    stuck: z.int(),
    paused: z.int().default(0),
    completed: z.int(),
    compensated: z.int(),
    failed: z.int().describe('killed'),
  }),
  unreadable: z.int().describe('sagas with an event that cannot be read; counted under their status as well'),
  stopped: z
    .int()
    .default(0)
    .describe('sagas that nothing is decided for, because a decision is broken; counted under their status as well'),
  total: z.int(),
})
export const ReadyAnswer = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()).default([]).describe('why it is not, each in a few words'),
  views: z.array(
    z.object({ projection: z.string(), partition: z.int(), commands: Offset, appliedAt: Time.nullable() }),
  ),
})

/** RFC 9457. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('stable; what programs look at'),
  detail: z.string(),
  id: z.string().describe('names this very answer in the gateway log'),
  issues: z.array(z.unknown()).optional(),
  lag: z.object({ partition: z.int(), wanted: Offset, consumed: Offset }).optional(),
})

/** A whole number in an address. */
export const Count = (max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(max))
    .default(fallback)

export const HistoryQuery = z.strictObject({
  limit: Count(HISTORY_LIMIT_MAX, 200),
  after: z
    .string()
    .regex(/^\d{1,9}$/, 'a whole number')
    .transform(Number)
    .default(0),
})
export const ShowQuery = z.strictObject({
  atLeast: z
    .string()
    .regex(/^\d{1,6}:\d{1,18}$/, '<partition>:<offset of the command>')
    .optional(),
  until: z.enum(['ended', 'settled']).optional().describe('settled: ended, stuck or paused'),
  timeoutMs: Count(WAIT_MS_MAX, 10_000),
})
export const LOCKS_LIMIT_MAX = 200
const Resource = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,180}$/, '1 to 180 characters of A-Z a-z 0-9 . _ : -')
  .describe('what the lock is for')
const LockAskAnswer = z.object({
  saga: z.string(),
  step: z.string().describe('path of the step that asks'),
  since: Time,
})
export const LockAnswer = z.object({
  resource: z.string(),
  permits: z.int().nullable().describe('how many sagas may hold it at the same time'),
  token: z.number().nullable().describe('the newest that was given'),
  holders: z.array(LockAskAnswer.extend({ token: z.number() })).describe('in the order that they asked'),
  waiters: z.array(LockAskAnswer).describe('in the order in which they will get it'),
  quarantined: z.string().nullable().describe('why an event of it cannot be read'),
  updatedAt: Time.nullable(),
})
export const LockList = z.object({ locks: z.array(LockAnswer), next: z.string().nullable() })
export const LockListQuery = z.strictObject({ limit: Count(LOCKS_LIMIT_MAX, 50), after: Resource.optional() })
export const ResourceParams = z.strictObject({ resource: Resource })
export const FreeLockBody = ActBody.extend({ saga: SagaIdText.describe('the saga that holds it, or waits for it') })
export const FreeLockAnswer = z.object({ resource: z.string(), requestId: z.string(), place: PlaceAnswer })
export const IdParams = z.strictObject({ id: SagaIdText })
export const SignalParams = z.strictObject({ id: SagaIdText, name: Id })
export const SignalByKeyParams = z.strictObject({
  definition: z.string().min(1).max(64),
  key: z.string().min(1).max(200),
  name: Id,
})

export type LockAnswer = z.infer<typeof LockAnswer>
export type LockList = z.infer<typeof LockList>
export type FreeLockAnswer = z.infer<typeof FreeLockAnswer>
export type Problem = z.infer<typeof Problem>
export type SagaAnswer = z.infer<typeof SagaAnswer>
export type SagaDetail = z.infer<typeof SagaDetail>
export type SagaList = z.infer<typeof SagaList>
export type StepAnswer = z.infer<typeof StepAnswer>
export type EventAnswer = z.infer<typeof EventAnswer>
export type HistoryAnswer = z.infer<typeof HistoryAnswer>
export type CountsAnswer = z.infer<typeof CountsAnswer>
export type StartAnswer = z.infer<typeof StartAnswer>
export type ActAnswer = z.infer<typeof ActAnswer>
export type RetryAnswer = z.infer<typeof RetryAnswer>
export type ForkAnswer = z.infer<typeof ForkAnswer>
