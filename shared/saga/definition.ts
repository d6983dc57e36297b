/** A saga's plan as data: it can be listed, drawn and checked without running any mapping in it. */
import type { ZodType } from 'zod'
import type { Command } from './contract.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** What mappings see: the saga's input, and the output of each step so far under the step's name. */
export type Context = Readonly<Record<string, unknown>>

/** A command that a step sends, with the function that makes its payload. */
export interface PlannedCommand {
  readonly command: Command<unknown, unknown>
  /** Pure. What it throws parks the saga. */
  readonly map: (context: Context) => unknown
  readonly retry: RetryPolicy
  /** How long one attempt may take. */
  readonly timeoutMs: number
}

/**
 * `compensatable`: before the pivot, undone when the saga turns back.
 * `pivot`: once it has succeeded the saga only goes forward.
 * `retriable`: after the pivot; when it cannot be done, a person is called.
 */
export type StepKind = 'compensatable' | 'pivot' | 'retriable'

interface AnyStep {
  readonly name: string
  readonly kind: StepKind
  /** Pure. The step is skipped when it answers false. */
  readonly when: ((context: Context) => unknown) | undefined
}

/** Sends a command to a participant. */
export interface CommandStep extends AnyStep {
  readonly type: 'command'
  readonly forward: PlannedCommand
  /** Absent: there is nothing to undo. */
  readonly undo: PlannedCommand | undefined
}

/** Computes something from what is known, inside the saga. */
export interface LocalStep extends AnyStep {
  readonly type: 'local'
  /** Pure. What it throws parks the saga. */
  readonly compute: (context: Context) => unknown
}

/** Waits for a time. */
export interface SleepStep extends AnyStep {
  readonly type: 'sleep'
  /** Milliseconds from when the step begins, or a pure function that gives the time: milliseconds since the epoch or RFC 3339. */
  readonly until: number | ((context: Context) => unknown)
}

/** Waits for a signal. One that came before the wait is kept, and ends it at once. */
export interface SignalStep extends AnyStep {
  readonly type: 'signal'
  readonly signal: SignalSpec
  /** How long it waits; `undefined`: for ever. */
  readonly deadlineMs: number | undefined
  /** What happens when no signal has come by then. */
  readonly onDeadline: 'turn-back' | 'go-on'
}

/** A message that a saga can wait for. */
export interface SignalSpec<Payload = unknown> {
  readonly name: string
  readonly payload: ZodType<Payload>
}

export type StepDefinition = CommandStep | LocalStep | SleepStep | SignalStep

export interface Definition<Input = unknown, Output = unknown> {
  readonly name: string
  readonly version: number
  readonly input: ZodType<Input>
  /** In the order that they run. */
  readonly steps: readonly StepDefinition[]
  /** How long a saga may take until it turns back, unless the pivot has been sent. */
  readonly deadlineMs: number | undefined
  /** Pure. What it throws parks the saga. */
  readonly output: (context: Context) => Output
}

/** Definitions by name and version. */
export class Definitions {
  readonly all: readonly Definition[]
  readonly #byKey = new Map<string, Definition>()
  readonly #latest = new Map<string, Definition>()

  /** @throws TypeError when two have the same name and version. */
  constructor(all: readonly Definition[]) {
    this.all = all
    for (const definition of all) {
      const key = `${definition.name}@${definition.version}`
      if (this.#byKey.has(key)) throw new TypeError(`two definitions of ${key}`)
      this.#byKey.set(key, definition)
      const latest = this.#latest.get(definition.name)
      if (!latest || latest.version < definition.version) this.#latest.set(definition.name, definition)
    }
  }

  /** One version of a definition, the newest when none is named. */
  find(name: string, version?: number): Definition | undefined {
    return version === undefined ? this.#latest.get(name) : this.#byKey.get(`${name}@${version}`)
  }
}

/** The step of that name. */
export function stepNamed(definition: Definition, name: string): StepDefinition | undefined {
  return definition.steps.find((step) => step.name === name)
}

/** The step of that name, when it is one that sends a command. */
export function commandStepNamed(definition: Definition, name: string): CommandStep | undefined {
  const step = stepNamed(definition, name)
  return step?.type === 'command' ? step : undefined
}
