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

export interface StepDefinition {
  readonly name: string
  readonly kind: StepKind
  readonly forward: PlannedCommand
  /** Absent: there is nothing to undo. */
  readonly undo: PlannedCommand | undefined
}

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
