/** The chain in which a saga is written: typed from the input to the last step, undo beside do, plain data at the end. */
import type { ZodType } from 'zod'
import type { Command } from './contract.ts'
import type { Definition, SignalSpec, StepKind } from './definition.ts'
import { type Duration, durationMs } from './duration.ts'
import {
  type AnyMapping,
  addStep,
  addUndo,
  checkName,
  finish,
  mapping,
  type Plan,
  planned,
  type SagaOptions,
  type StepBody,
  type StepOptions,
} from './plan.ts'
import { COMPENSATION_RETRY, FORWARD_RETRY } from './retry-policy.ts'

export type { SagaOptions, StepOptions } from './plan.ts'

/** What a mapping sees: `input`, and each earlier step's output under the step's name. */
export type Seen<Input, Outputs> = { readonly input: Input } & Readonly<Outputs>
/** The same for an undo: its own step's output may be unknown. */
export type SeenByUndo<Input, Outputs, Name extends string, Output> = Seen<Input, Outputs> & {
  readonly [K in Name]?: Output | undefined
}
/** A step's name, once: a name that is taken does not compile. */
type NewName<Name extends string, Outputs> = Name extends keyof Outputs | 'input' ? never : Name
/** The outputs with one more. */
type With<Outputs, Name extends string, Out> = Outputs & { [K in Name]: Out }

/** When a sleep ends: after a duration, or at a time that is known from the saga, in RFC 3339 or milliseconds since the epoch. */
export type Until<Input, Outputs> = Duration | ((seen: Seen<Input, Outputs>) => number | string)

/** How long a wait for a signal lasts at most, and what then. */
export interface WaitDeadline<Then extends 'turn-back' | 'go-on'> {
  readonly deadline: Duration
  /** `turn-back`: the saga is undone. `go-on`: it goes on, and the wait's output is null. */
  readonly atDeadline: Then
}

function commandBody<In, Out>(command: Command<In, Out>, map: AnyMapping, options: StepOptions): StepBody {
  return { type: 'command', forward: planned(command, map, { options, defaults: FORWARD_RETRY }), undo: undefined }
}

function sleepBody(until: Duration | AnyMapping): StepBody {
  return { type: 'sleep', until: typeof until === 'function' ? mapping(until) : durationMs(until) }
}

function signalBody(signal: SignalSpec<never>, limit: WaitDeadline<'turn-back' | 'go-on'> | undefined): StepBody {
  const deadlineMs = limit && durationMs(limit.deadline)
  return { type: 'signal', signal: signal as SignalSpec, deadlineMs, onDeadline: limit?.atDeadline ?? 'go-on' }
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

  protected next(name: string, kind: StepKind, body: StepBody): Plan<Input> {
    return addStep(this.plan, { name, kind }, body)
  }
}

/** Before the pivot: every step can be undone. `Maybe` is what a condition adds to the output of the step that it is for. */
class StepsBefore<Input, Outputs, Maybe> extends Chain<Input, Outputs> {
  /** Adds a step: the command that it sends, and the mapping that makes the payload. `.undo` follows when it has one. */
  step<const Name extends string, In, Out>(
    name: NewName<Name, Outputs>,
    command: Command<In, Out>,
    map: (seen: Seen<Input, Outputs>) => NoInfer<In>,
    options: StepOptions = {},
  ): Undoable<Input, Outputs, Name, Out | Maybe> {
    return new Undoable(this.next(name, 'compensatable', commandBody(command, map, options)))
  }

  /** Computes something inside the saga: a pure function, its result kept in the log. */
  local<const Name extends string, Out>(
    name: NewName<Name, Outputs>,
    compute: (seen: Seen<Input, Outputs>) => Out,
  ): BeforePivot<Input, With<Outputs, Name, Out | Maybe>> {
    return new BeforePivot(this.next(name, 'compensatable', { type: 'local', compute: mapping(compute) }))
  }

  /** Waits for a time. */
  sleep<const Name extends string>(
    name: NewName<Name, Outputs>,
    until: Until<Input, Outputs>,
  ): BeforePivot<Input, With<Outputs, Name, null | Maybe>> {
    return new BeforePivot(this.next(name, 'compensatable', sleepBody(until)))
  }

  /** Waits for a signal, for ever or up to a deadline. A signal that came before is kept, and ends the wait at once. */
  waitFor<const Name extends string, Payload, Then extends 'turn-back' | 'go-on' = 'turn-back'>(
    name: NewName<Name, Outputs>,
    signal: SignalSpec<Payload>,
    limit?: WaitDeadline<Then>,
  ): BeforePivot<Input, With<Outputs, Name, Payload | (Then extends 'go-on' ? null : never) | Maybe>> {
    return new BeforePivot(this.next(name, 'compensatable', signalBody(signal as SignalSpec<never>, limit)))
  }
}

class BeforePivot<Input, Outputs> extends StepsBefore<Input, Outputs, never> {
  /** The next step is skipped unless this holds; a skipped step counts as done, has no output, and is not undone. */
  when(condition: (seen: Seen<Input, Outputs>) => boolean): StepsBefore<Input, Outputs, undefined> {
    return new StepsBefore({ ...this.plan, when: condition })
  }

  /** Adds the step after which the saga only goes forward. */
  pivot<const Name extends string, In, Out>(
    name: NewName<Name, Outputs>,
    command: Command<In, Out>,
    map: (seen: Seen<Input, Outputs>) => NoInfer<In>,
    options: StepOptions = {},
  ): AfterPivot<Input, With<Outputs, Name, Out>> {
    return new AfterPivot(this.next(name, 'pivot', commandBody(command, map, options)))
  }
}

/** Just after a step: its undo can be said here. */
class Undoable<Input, Before, Name extends string, Out> extends BeforePivot<Input, With<Before, Name, Out>> {
  /** Says how the step is undone. The step's own output is possibly unknown: its outcome may never have been heard. */
  undo<In, UndoOut>(
    command: Command<In, UndoOut>,
    map: (seen: SeenByUndo<Input, Before, Name, Out>) => NoInfer<In>,
    options: StepOptions = {},
  ): BeforePivot<Input, With<Before, Name, Out>> {
    return new BeforePivot(addUndo(this.plan, planned(command, map, { options, defaults: COMPENSATION_RETRY })))
  }
}

/** After the pivot: steps are tried until they are done, or a person is called. */
class StepsAfter<Input, Outputs, Maybe> extends Chain<Input, Outputs> {
  step<const Name extends string, In, Out>(
    name: NewName<Name, Outputs>,
    command: Command<In, Out>,
    map: (seen: Seen<Input, Outputs>) => NoInfer<In>,
    options: StepOptions = {},
  ): AfterPivot<Input, With<Outputs, Name, Out | Maybe>> {
    return new AfterPivot(this.next(name, 'retriable', commandBody(command, map, options)))
  }

  local<const Name extends string, Out>(
    name: NewName<Name, Outputs>,
    compute: (seen: Seen<Input, Outputs>) => Out,
  ): AfterPivot<Input, With<Outputs, Name, Out | Maybe>> {
    return new AfterPivot(this.next(name, 'retriable', { type: 'local', compute: mapping(compute) }))
  }

  sleep<const Name extends string>(
    name: NewName<Name, Outputs>,
    until: Until<Input, Outputs>,
  ): AfterPivot<Input, With<Outputs, Name, null | Maybe>> {
    return new AfterPivot(this.next(name, 'retriable', sleepBody(until)))
  }

  /** Waits for a signal. Past the pivot there is no way back: at a deadline the saga goes on. */
  waitFor<const Name extends string, Payload>(
    name: NewName<Name, Outputs>,
    signal: SignalSpec<Payload>,
    limit?: WaitDeadline<'go-on'>,
  ): AfterPivot<Input, With<Outputs, Name, Payload | null | Maybe>> {
    return new AfterPivot(this.next(name, 'retriable', signalBody(signal as SignalSpec<never>, limit)))
  }
}

class AfterPivot<Input, Outputs> extends StepsAfter<Input, Outputs, never> {
  /** The next step is skipped unless this holds. */
  when(condition: (seen: Seen<Input, Outputs>) => boolean): StepsAfter<Input, Outputs, undefined> {
    return new StepsAfter({ ...this.plan, when: condition })
  }
}

/** Declares a signal that sagas can wait for. @throws TypeError when the name is none. */
export function signal<Payload>(name: string, payload: ZodType<Payload>): SignalSpec<Payload> {
  checkName(name)
  return { name, payload }
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
  return new BeforePivot<Input, unknown>({ name, options, steps: [], when: undefined })
}
