/** The chain in which a saga is written: typed from the input to the last step, undo beside do, plain data at the end. */
import type { ZodType } from 'zod'
import type { Command } from './contract.ts'
import type { Context, Definition, PlannedCommand, StepDefinition, StepKind } from './definition.ts'
import { type Duration, durationMs } from './duration.ts'
import { COMPENSATION_RETRY, FORWARD_RETRY, type RetryOptions, type RetryPolicy, retryPolicy } from './retry-policy.ts'

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

/** What a mapping sees: `input`, and each earlier step's output under the step's name. */
export type Seen<Input, Outputs> = { readonly input: Input } & Readonly<Outputs>
/** The same for an undo: its own step's output may be unknown. */
export type SeenByUndo<Input, Outputs, Name extends string, Output> = Seen<Input, Outputs> & {
  readonly [K in Name]?: Output | undefined
}
/** A step's name, once: a name that is taken does not compile. */
type NewName<Name extends string, Outputs> = Name extends keyof Outputs | 'input' ? never : Name

const TIMEOUT_MS = 30_000
const NAME = /^[a-z][A-Za-z0-9-]{0,63}$/

interface Plan<Input> {
  readonly name: string
  readonly options: SagaOptions<Input>
  readonly steps: readonly StepDefinition[]
}

function checkName(name: string): void {
  if (!NAME.test(name))
    throw new TypeError(`not a name: ${JSON.stringify(name)}; letters, digits and -, a small letter first`)
}

function planned<In, Out>(
  command: Command<In, Out>,
  map: (context: never) => In,
  policy: { options: StepOptions; defaults: RetryPolicy },
): PlannedCommand {
  return {
    command: command as Command<unknown, unknown>,
    map: map as (context: Context) => unknown,
    retry: retryPolicy(policy.options.retry ?? {}, policy.defaults),
    timeoutMs: durationMs(policy.options.timeout ?? TIMEOUT_MS),
  }
}

function addStep<Input>(plan: Plan<Input>, step: StepDefinition): Plan<Input> {
  checkName(step.name)
  if (step.name === 'input' || plan.steps.some((other) => other.name === step.name))
    throw new TypeError(`saga ${plan.name}: the step name ${step.name} is taken`)
  return { ...plan, steps: [...plan.steps, step] }
}

function finish<Input, Output>(plan: Plan<Input>, output: (context: never) => Output): Definition<Input, Output> {
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

/** What every stage of the chain can do: end it. */
class Chain<Input, Outputs> {
  protected readonly plan: Plan<Input>

  constructor(plan: Plan<Input>) {
    this.plan = plan
  }

  /** Ends the chain; the mapping makes the saga's own output. */
  output<Output>(map: (seen: Seen<Input, Outputs>) => Output): Definition<Input, Output> {
    return finish(this.plan, map)
  }

  /** Ends the chain; the saga has no output. */
  end(): Definition<Input, null> {
    return finish(this.plan, () => null)
  }

  protected next<In, Out>(
    name: string,
    kind: StepKind,
    forward: [Command<In, Out>, (seen: never) => In, StepOptions],
  ): Plan<Input> {
    const [command, map, options] = forward
    return addStep(this.plan, {
      name,
      kind,
      forward: planned(command, map, { options, defaults: FORWARD_RETRY }),
      undo: undefined,
    })
  }
}

/** Before the pivot: every step can be undone. */
class BeforePivot<Input, Outputs> extends Chain<Input, Outputs> {
  /** Adds a step: the command that it sends, and the mapping that makes the payload. `.undo` follows when it has one. */
  step<const Name extends string, In, Out>(
    name: NewName<Name, Outputs>,
    command: Command<In, Out>,
    map: (seen: Seen<Input, Outputs>) => NoInfer<In>,
    options: StepOptions = {},
  ): Undoable<Input, Outputs, Name, Out> {
    return new Undoable(this.next(name, 'compensatable', [command, map, options]))
  }

  /** Adds the step after which the saga only goes forward. */
  pivot<const Name extends string, In, Out>(
    name: NewName<Name, Outputs>,
    command: Command<In, Out>,
    map: (seen: Seen<Input, Outputs>) => NoInfer<In>,
    options: StepOptions = {},
  ): AfterPivot<Input, Outputs & { [K in Name]: Out }> {
    return new AfterPivot(this.next(name, 'pivot', [command, map, options]))
  }
}

/** Just after a step: its undo can be said here. */
class Undoable<Input, Before, Name extends string, Out> extends BeforePivot<Input, Before & { [K in Name]: Out }> {
  /** Says how the step is undone. The step's own output is possibly unknown: its outcome may never have been heard. */
  undo<In, UndoOut>(
    command: Command<In, UndoOut>,
    map: (seen: SeenByUndo<Input, Before, Name, Out>) => NoInfer<In>,
    options: StepOptions = {},
  ): BeforePivot<Input, Before & { [K in Name]: Out }> {
    const undo = planned(command, map, { options, defaults: COMPENSATION_RETRY })
    const steps = this.plan.steps.map((step, i) => (i === this.plan.steps.length - 1 ? { ...step, undo } : step))
    return new BeforePivot({ ...this.plan, steps })
  }
}

/** After the pivot: steps are tried until they are done, or a person is called. */
class AfterPivot<Input, Outputs> extends Chain<Input, Outputs> {
  step<const Name extends string, In, Out>(
    name: NewName<Name, Outputs>,
    command: Command<In, Out>,
    map: (seen: Seen<Input, Outputs>) => NoInfer<In>,
    options: StepOptions = {},
  ): AfterPivot<Input, Outputs & { [K in Name]: Out }> {
    return new AfterPivot(this.next(name, 'retriable', [command, map, options]))
  }
}

/**
 * Begins a saga's definition.
 *
 *     saga('fulfil-order', { version: 1, input: Order })
 *       .step('charge', payment.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
 *       .undo(payment.refund, ({ input, charge }) => ({ orderId: input.id, chargeId: charge?.chargeId }))
 *       .end()
 *
 * @throws TypeError when a name, version, policy or duration makes no sense.
 */
export function saga<Input>(name: string, options: SagaOptions<Input>): BeforePivot<Input, unknown> {
  checkName(name)
  if (!Number.isInteger(options.version) || options.version < 1)
    throw new TypeError(`saga ${name}: versions count from 1`)
  return new BeforePivot<Input, unknown>({ name, options, steps: [] })
}
