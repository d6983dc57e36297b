/**
 * The JSON of a definition, checked by its shape: fields, types and the bounds of figures. It stands here and not in the
 * core because the core takes no package; what the graph may be is the core's to say.
 */
import { z } from 'zod'
import { PERMITS_MAX } from '../message/lock-command.ts'
import { PRIORITY_MAX } from '../message/priority.ts'
import { ATTRIBUTES_MAX } from '../saga/attributes.ts'
import { isName } from '../saga/check-names.ts'
import type { DataFault } from '../saga/data/build.ts'
import type { DefinitionData } from '../saga/data/data-types.ts'
import { shapeFaults } from './shape-faults.ts'

/** A hundred years, as for durations that code gives. */
const DURATION_MS_MAX = 100 * 365 * 86_400_000
const ATTEMPTS_MAX = 10_000
const TEXT_CHARS_MAX = 2_000

const name = z.string().refine(isName, 'not a name: letters, digits and -, a small letter first, at most 64')
/** Names of mappings, commands and schemas: whatever the code calls them. */
const reference = z.string().min(1).max(TEXT_CHARS_MAX)
const durationMs = z.int().min(0).max(DURATION_MS_MAX)
const count = z.int().min(1)
const onDeadline = z.enum(['turn-back', 'go-on'])

const trying = z.strictObject({
  attempts: count.max(ATTEMPTS_MAX),
  firstDelayMs: durationMs,
  maxDelayMs: durationMs,
  multiplier: z.number().min(1),
  jitter: z.enum(['full', 'none']),
  backoff: z.enum(['fixed', 'exponential', 'fibonacci']).optional(),
})
const errorCode = z.string().min(1)
const rule = z.union([
  z.strictObject({ code: errorCode, fatal: z.literal(true) }),
  trying.partial().extend({ code: errorCode }),
])
const retry = trying.extend({
  notOn: z.array(z.string()),
  maxAgeMs: durationMs.optional(),
  rules: z.array(rule).optional(),
})

const times = {
  timeoutMs: durationMs.nullable(),
  takeUpMs: durationMs.optional(),
  progressMs: durationMs.optional(),
  totalMs: durationMs.optional(),
  limitBy: reference.optional(),
}
const sending = { payload: reference, ...times, retry }
const command = { ...sending, command: reference }

const step = {
  name,
  kind: z.enum(['compensatable', 'pivot', 'retriable']),
  after: z.array(name),
  /** All of them when it is left out. */
  needs: z.int().min(0).optional(),
  when: reference.optional(),
}

const STEP_TYPES = [
  'command',
  'child',
  'lock',
  'local',
  'sleep',
  'signal',
  'parallel',
  'choose',
  'attempt',
  'each',
  'repeat',
]

/** Plans hold steps that hold plans. */
const steps: z.ZodType = z.lazy(() => z.array(stepShape))
const plan = { steps, output: reference.optional() }
const branches = z.array(z.strictObject({ name, when: reference.optional(), ...plan }))

const commandStep = z.strictObject({
  ...step,
  ...command,
  type: z.literal('command'),
  undo: z.strictObject(command).optional(),
  byHand: z.string().min(1).max(TEXT_CHARS_MAX).optional(),
  irreversible: z.literal(true).optional(),
})

const childStep = z.strictObject({
  ...step,
  ...sending,
  type: z.literal('child'),
  child: z.strictObject({ definition: name, version: count }),
  id: reference.optional(),
  waits: z.boolean(),
  undo: z.strictObject(command).optional(),
})

const lockStep = z.strictObject({
  ...step,
  type: z.literal('lock'),
  resource: reference,
  permits: count.max(PERMITS_MAX),
  timeoutMs: durationMs.min(1),
})

const sleepStep = z
  .strictObject({ ...step, type: z.literal('sleep'), durationMs: durationMs.optional(), until: reference.optional() })
  .refine(
    ({ durationMs, until }) => (durationMs === undefined) !== (until === undefined),
    'a sleep has either durationMs or until',
  )

const signalStep = z.strictObject({
  ...step,
  type: z.literal('signal'),
  signal: name,
  payload: reference,
  deadlineMs: durationMs.optional(),
  onDeadline,
  approval: z
    .strictObject({
      roles: z.array(z.string().min(1)),
      answers: z.array(z.string().min(1)),
      turnBackOn: z.array(z.string().min(1)),
    })
    .optional(),
})

const stepShape = z
  .discriminatedUnion(
    'type',
    [
      commandStep,
      childStep,
      lockStep,
      z.strictObject({ ...step, type: z.literal('local'), compute: reference }),
      sleepStep,
      signalStep,
      z.strictObject({ ...step, type: z.literal('parallel'), enough: count, branches }),
      z.strictObject({ ...step, type: z.literal('choose'), branches }),
      z.strictObject({ ...step, type: z.literal('attempt'), branches }),
      z.strictObject({
        ...step,
        ...plan,
        type: z.literal('each'),
        items: reference,
        parallelMax: count,
        tolerated: z.union(
          [z.strictObject({ count: z.int().min(0) }), z.strictObject({ share: z.number().min(0).max(1) })],
          'either a count from 0, or a share between 0 and 1',
        ),
      }),
      z.strictObject({
        ...step,
        ...plan,
        type: z.literal('repeat'),
        until: reference,
        roundsMax: count,
        atLimit: z.enum(['turn-back', 'go-on']),
      }),
    ],
    { error: ({ code }) => (code === 'invalid_union' ? `not one of ${STEP_TYPES.join(', ')}` : undefined) },
  )
  .transform((read) => ({ needs: read.after.length, ...read }))

const definitionShape = z.strictObject({
  name,
  version: count,
  input: reference,
  deadlineMs: durationMs.optional(),
  attributes: z
    .record(name, z.strictObject({ type: z.enum(['text', 'number', 'boolean']), of: name.optional(), from: reference }))
    .refine((all) => Object.keys(all).length <= ATTRIBUTES_MAX, `at most ${ATTRIBUTES_MAX} attributes`)
    .optional(),
  priority: z.int().min(0).max(PRIORITY_MAX).optional(),
  compensation: z.enum(['parallel', 'sequential']),
  migratesFrom: z
    .record(
      z.string().regex(/^[1-9]\d{0,8}$/, 'a version, counted from 1'),
      z.strictObject({
        by: reference.optional(),
        renames: z.record(name, name).optional(),
        keeps: z.array(reference).optional(),
      }),
    )
    .optional(),
  steps,
  output: reference,
})

/** The data, with `needs` where it was left out; or what is wrong with it. */
export function readShape(
  json: unknown,
): { readonly data: DefinitionData } | { readonly faults: readonly DataFault[] } {
  const read = definitionShape.safeParse(json)
  // Plans inside plans cannot be told to zod's types; to its checks they can.
  return read.success ? { data: read.data as DefinitionData } : { faults: shapeFaults(read.error.issues, json) }
}
