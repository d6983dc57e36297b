/** The plan that the builder's chain adds to, step by step: plain data, checked as it grows. */
import type { ZodType } from 'zod'
import type { Command } from './contract.ts'
import type { CommandStep, Context, Definition, PlannedCommand, StepDefinition, StepKind } from './definition.ts'
import { type Duration, durationMs } from './duration.ts'
import { type RetryOptions, type RetryPolicy, retryPolicy } from './retry-policy.ts'

export interface SagaOptions<Input> {
  /** Raised with every change of the plan; running sagas stay on the one that they started with. */
  readonly version: number
  readonly input: ZodType<Input>
  /** The saga turns back when it has taken this long and the pivot has not been sent. */
  readonly deadline?: Duration
}

export interface StepOptions {
  readonly retry?: RetryOptions
  /** How long one attempt may take; 30 s unless told otherwise. */
  readonly timeout?: Duration
}

/** A mapping, whatever it sees: its types are checked where it is written. */
export type AnyMapping = (seen: never) => unknown

export interface Plan<Input> {
  readonly name: string
  readonly options: SagaOptions<Input>
  readonly steps: readonly StepDefinition[]
  /** Condition of the step that comes next. */
  readonly when: AnyMapping | undefined
}

const TIMEOUT_MS = 30_000
const NAME = /^[a-z][A-Za-z0-9-]{0,63}$/

/** @throws TypeError when it is none. */
export function checkName(name: string): void {
  if (!NAME.test(name))
    throw new TypeError(`not a name: ${JSON.stringify(name)}; letters, digits and -, a small letter first`)
}

/** A mapping as the plan keeps it. */
export function mapping(map: AnyMapping): (context: Context) => unknown {
  return map as (context: Context) => unknown
}

export function planned<In, Out>(
  command: Command<In, Out>,
  map: AnyMapping,
  policy: { options: StepOptions; defaults: RetryPolicy },
): PlannedCommand {
  return {
    command: command as Command<unknown, unknown>,
    map: mapping(map),
    retry: retryPolicy(policy.options.retry ?? {}, policy.defaults),
    timeoutMs: durationMs(policy.options.timeout ?? TIMEOUT_MS),
  }
}

/** What a step is, but for where it stands. */
export type StepBody = StepDefinition extends infer Step
  ? Step extends StepDefinition
    ? Omit<Step, 'name' | 'kind' | 'when'>
    : never
  : never

/** The plan with one more step, under the condition that was said for it. */
export function addStep<Input>(
  plan: Plan<Input>,
  place: { name: string; kind: StepKind },
  body: StepBody,
): Plan<Input> {
  const { name } = place
  checkName(name)
  if (name === 'input' || plan.steps.some((other) => other.name === name))
    throw new TypeError(`saga ${plan.name}: the step name ${name} is taken`)
  const when = plan.when && mapping(plan.when)
  return { ...plan, when: undefined, steps: [...plan.steps, { ...place, ...body, when } as StepDefinition] }
}

/** The plan with an undo for its last step, which is one that sends a command. */
export function addUndo<Input>(plan: Plan<Input>, undo: PlannedCommand): Plan<Input> {
  const steps = plan.steps.map((step, i): StepDefinition => {
    return i === plan.steps.length - 1 ? ({ ...step, undo } as CommandStep) : step
  })
  return { ...plan, steps }
}

export function finish<Input, Output>(
  plan: Plan<Input>,
  output: (context: never) => Output,
): Definition<Input, Output> {
  const { version, input, deadline } = plan.options
  if (plan.steps.length === 0) throw new TypeError(`saga ${plan.name} has no step`)
  return {
    name: plan.name,
    version,
    input,
    steps: plan.steps,
    deadlineMs: deadline === undefined ? undefined : durationMs(deadline),
    output: output as (context: Context) => Output,
  }
}
