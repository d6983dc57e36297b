/**
 * Moving a saga to another version of its definition (S23). What the migration computes is in one event, which is folded
 * before it is told: the state that it would lead to is then held against the new plan, and refused when a step would be
 * left behind that somebody still has to answer, or to undo. The old plan is asked where it is at hand, and need not be.
 */
import { messageOf } from '../message/errors.ts'
import type { SagaEvent, StepError } from '../message/events.ts'
import type { Json } from '../message/json.ts'
import { ROOT } from '../message/step-path.ts'
import { isOver } from './backward.ts'
import { misfit } from './check.ts'
import { contextOf } from './context.ts'
import type { Definition, MigratedTo, Migration } from './definition.ts'
import { apply } from './evolve.ts'
import { type Decision, type InputOf, ignored, type Moment, refused } from './input.ts'
import { pivotOf } from './pivot.ts'
import { isSending, stepNamed } from './plan-tree.ts'
import { written } from './request.ts'
import { type SagaState, type StepState, stepIn } from './state.ts'
import { Story } from './story.ts'
import { stepAt } from './tree.ts'
import { lookEverywhere } from './unfold.ts'
import { orphans } from './would-orphan.ts'

/** Where a saga is to be moved. */
export interface MigrationTarget {
  readonly definition: Definition
  readonly definitionHash: string | undefined
  /** The very plan that the saga runs on, where it is at hand. */
  readonly old: Definition | undefined
}

/** Faults that a refusal names one by one. */
const NAMED_MAX = 20
/** Steps of one saga that are tried again at once; others wait for a person's word, as they did. */
const UNPARKED_MAX = 1_000

type Migrated = Extract<SagaEvent, { type: 'saga-migrated' }>

export interface MigrationQuestion {
  readonly state: SagaState
  readonly input: InputOf<'migrate'>
  readonly moment: Moment
  /** Absent: nobody here knows that version. */
  readonly target: MigrationTarget | undefined
}

/** The story of the move, with all that is to be looked at on the new plan; or why there is none. */
export function migrate(question: MigrationQuestion): Story | Decision {
  const { state, input, moment, target } = question
  if (state.acts.includes(input.requestId)) return ignored('duplicate-request')
  if (isOver(state.root)) return ignored('saga-ended')
  if (input.toVersion === state.version) return ignored('same-version')
  const named = `${state.definition} version ${input.toVersion}`
  if (!target) return refused('unknown-definition', `${named} is not known here`)
  const migration = target.definition.migrations?.find(({ from }) => from === state.version)
  if (!migration) return refused('no-migration', `${named} says no way from version ${state.version}`)
  const event = moveOf(question, { target, migration })
  if (typeof event === 'string') return refused('no-migration', `${named}: ${event}`)
  const faults = orphans({ before: state, after: apply(state, event, state.id), target, migration })
  if (faults.length > 0) return refused('would-orphan', told(faults))
  const story = new Story(target.definition, moment, state)
  story.tell(event)
  story.resumes = state.yielded
  lookEverywhere(story)
  return story
}

/** For a look at what would become of it: `undefined` when it would be moved. */
export function whyNotMigrated(question: MigrationQuestion): Exclude<Decision, { kind: 'events' }> | undefined {
  const answer = migrate(question)
  return answer instanceof Story || answer.kind === 'events' ? undefined : answer
}

function told(faults: readonly string[]): string {
  const more = faults.length > NAMED_MAX ? [`and ${faults.length - NAMED_MAX} more`] : []
  return [...faults.slice(0, NAMED_MAX), ...more].join('; ')
}

interface Way {
  readonly target: MigrationTarget
  readonly migration: Migration
}

/** The event of the move, or why the migration gives none. */
function moveOf({ state, input }: MigrationQuestion, { target, migration }: Way): Migrated | string {
  const { definition, definitionHash } = target
  const mapped = mappedBy(migration, state)
  if (typeof mapped === 'string') return mapped
  const own = writtenInput(definition, state, mapped)
  if (typeof own === 'string') return own
  const renames = begunAmong(state, migration.renames)
  if (typeof renames === 'string') return renames
  const outputs = writtenOutputs(definition, { state, renames }, mapped.outputs ?? {})
  if (typeof outputs === 'string') return outputs
  const unparked = ownFaults(state, renames)
  const { requestId, actor, reason } = input
  return {
    type: 'saga-migrated',
    fromVersion: state.version,
    toVersion: definition.version,
    ...(definitionHash !== undefined && { definitionHash }),
    pivot: pivotOf(definition),
    ...(Object.keys(renames).length > 0 && { renames }),
    ...own,
    ...(Object.keys(outputs).length > 0 && { outputs }),
    ...(unparked.length > 0 && { unparked }),
    requestId,
    actor,
    reason,
  }
}

function mappedBy({ map }: Migration, state: SagaState): MigratedTo | string {
  if (!map) return {}
  const { input, ...outputs } = contextOf(state, ROOT)
  try {
    return map({ input, outputs })
  } catch (error) {
    return `its migration threw: ${messageOf(error).slice(0, 2_000)}`
  }
}

/** The input, where it is another one. The new plan's mappings see it: it must fit. */
function writtenInput(
  { input: schema }: Definition,
  state: SagaState,
  { input: given }: MigratedTo,
): Pick<Migrated, 'input'> | string {
  const own = given === undefined ? ({ kind: 'ok', value: state.input } as const) : written(given)
  const why = own.kind === 'threw' ? own.error.message : misfit(schema, own.value)
  if (own.kind === 'threw' || why !== undefined) return `the input does not fit it: ${why}`
  return given === undefined ? {} : { input: own.value }
}

/** Renames that matter: of steps that have begun, or wait for a person without having begun. */
function begunAmong(state: SagaState, renames: Migration['renames']): Record<string, string> | string {
  const known = Object.entries(renames).filter(
    ([from]) => stepIn(state.root, from) || state.parked.some(({ step }) => step === from),
  )
  const taken = known.find(([, to]) => stepIn(state.root, to))
  return taken ? `${taken[0]} cannot be named ${taken[1]}: the saga has a step of that name` : Object.fromEntries(known)
}

/** Outputs by the names of the new plan, each as that step would give it. */
function writtenOutputs(
  definition: Definition,
  { state, renames }: { state: SagaState; renames: Readonly<Record<string, string>> },
  given: Readonly<Record<string, unknown>>,
): Record<string, Json> | string {
  const outputs: Record<string, Json> = {}
  const before = new Map(Object.entries(renames).map(([from, to]) => [to, from]))
  for (const [name, value] of Object.entries(given)) {
    const known = stepIn(state.root, before.get(name) ?? name)
    const output = written(value)
    const fault = output.kind === 'threw' ? output.error.message : outputFault(definition, name, output.value)
    if (output.kind === 'threw' || fault !== undefined) return `the output of ${name}: ${fault}`
    if (known && (!hasGiven(known) || known.block))
      return `the output of ${name}: it is ${known.block ? 'a block' : known.status}, and gives its own`
    outputs[name] = output.value
  }
  return passedOver(definition, (name) => stepIn(state.root, before.get(name) ?? name), outputs)
}

/**
 * Of what has not begun, only that which the saga has come past: what it waits for is done. Others begin in their turn; were
 * they done before it, so would be what waits for them.
 */
function passedOver(
  { steps }: Definition,
  known: (name: string) => StepState | undefined,
  outputs: Readonly<Record<string, Json>>,
): Record<string, Json> {
  const passed: Record<string, Json> = {}
  const isDone = (name: string) => hasGiven(known(name)) || Object.hasOwn(passed, name)
  for (const { name, after, needs } of steps) {
    const output = outputs[name]
    if (output === undefined) continue
    if (known(name) || after.filter(isDone).length >= needs) passed[name] = output
  }
  return passed
}

/** Done, so that the migration may say what came of it. */
const GIVES: ReadonlySet<StepState['status']> = new Set(['succeeded', 'skipped', 'given'])

function hasGiven(step: StepState | undefined): boolean {
  return step !== undefined && GIVES.has(step.status)
}

function outputFault(definition: Definition, name: string, output: Json): string | undefined {
  const step = stepNamed(definition, name)
  if (!step) return 'there is no such step'
  if (step.kind === 'pivot') return 'it is the pivot, which is done or is not'
  const schema = isSending(step) ? step.forward.command.output : undefined
  return schema && misfit(schema, output)
}

/** Steps where the old plan's own code failed, and of which nothing is out: the new plan's code tries. */
function ownFaults(state: SagaState, renames: Readonly<Record<string, string>>): (string | null)[] {
  const own = state.parked.filter(({ step, error }) => isOwn(error) && (step === null || isUntried(state, step)))
  return own.slice(0, UNPARKED_MAX).map(({ step }) => (step === null ? null : (renames[step] ?? step)))
}

function isOwn({ kind }: StepError): boolean {
  return kind === 'mapping' || kind === 'contract'
}

/** It has not begun, is a block, or its undo has not begun. */
function isUntried(state: SagaState, path: string): boolean {
  const step = stepAt(state, path)
  return step === undefined || step.block !== undefined || step.status === 'succeeded'
}
