/** A saga's plan as data: it can be listed, drawn and checked without running any mapping in it. */
import type { ZodType } from 'zod'
import type { Priority } from '../message/priority.ts'
import type { AttributeSpecs } from './attributes.ts'
import type { Command } from './contract.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { type Rollout, Shares } from './rollout.ts'

/**
 * What mappings see: the saga's input, and the output of each step so far under the step's name. Inside a block also what
 * the scopes around it see, and for `each` the `item` and its `index`, for `repeat` the `index`.
 */
export type Context = Readonly<Record<string, unknown>>

/** Pure. What it throws parks the step. */
export type Mapping = (context: Context) => unknown

/** A command that a step sends, with the function that makes its payload. */
export interface PlannedCommand {
  readonly command: Command<unknown, unknown>
  readonly map: Mapping
  readonly retry: RetryPolicy
  /** How long one attempt may take; `null`: for ever. */
  readonly timeoutMs: number | null
  /** How long an attempt may stay without any word of it. */
  readonly takeUpMs?: number
  /** How long it may stay without progress, once there was some; the attempt's end then stays where it is. */
  readonly progressMs?: number
  /** How long all attempts may take together, until a person begins new ones. */
  readonly totalMs?: number
  /** What it is counted under, beside its participant, where calls are limited. */
  readonly limitBy?: Mapping
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
  /** The step is skipped when it answers false. */
  readonly when: Mapping | undefined
  /** Names of the steps of the same plan that it depends on; none: it begins with the plan. */
  readonly after: readonly string[]
  /** How many of those must be done or skipped before it begins: all of them, one, or so many. */
  readonly needs: number
}

/** Sends a command to a participant. */
export interface CommandStep extends AnyStep {
  readonly type: 'command'
  readonly forward: PlannedCommand
  /** Absent: there is nothing to undo, or a person undoes it. */
  readonly undo: PlannedCommand | undefined
  /** What a person is told who has to undo it by hand. */
  readonly byHand: string | undefined
  /** It cannot be undone, so nothing may turn back past it. */
  readonly irreversible?: true
}

/** Starts another saga. It is sent, answered and undone as a command is. */
export interface ChildStep extends AnyStep {
  readonly type: 'child'
  readonly child: ChildPlan
  /** Its command is `kasaga.start`; the mapping makes the child's input. */
  readonly forward: PlannedCommand
  /** `kasaga.undo`, `kasaga.cancel`, or nothing. */
  readonly undo: PlannedCommand | undefined
  readonly byHand: undefined
  /** Makes the child's saga id; absent: it is made of the parent's and the step's. */
  readonly id: Mapping | undefined
  /** Whether the step waits for the child's end; otherwise it is done when the child is started. */
  readonly waits: boolean
}

export interface ChildPlan {
  readonly definition: string
  readonly version: number
}

/** Asks for a lock, and is done when the saga holds it. It is sent, answered and undone as a command is. */
export interface LockStep extends AnyStep {
  readonly type: 'lock'
  /** Makes the text that says what the lock is for. */
  readonly resource: Mapping
  /** How many sagas may hold it at the same time. */
  readonly permits: number
  readonly forward: PlannedCommand
  /** Frees it; absent past the pivot, where nothing is undone. */
  readonly undo: PlannedCommand | undefined
  readonly byHand: undefined
}

/** Computes something from what is known, inside the saga. */
export interface LocalStep extends AnyStep {
  readonly type: 'local'
  readonly compute: Mapping
}

/** Waits for a time. */
export interface SleepStep extends AnyStep {
  readonly type: 'sleep'
  /** Milliseconds from when the step begins, or a pure function that gives the time: milliseconds since the epoch or RFC 3339. */
  readonly until: number | Mapping
}

/** Waits for a signal. One that came before the wait is kept, and ends it at once. */
export interface SignalStep extends AnyStep {
  readonly type: 'signal'
  readonly signal: SignalSpec
  /** How long it waits; `undefined`: for ever. */
  readonly deadlineMs: number | undefined
  /** What happens when no signal has come by then. */
  readonly onDeadline: 'turn-back' | 'go-on'
  /** The wait is an approval. */
  readonly approval: ApprovalSpec | undefined
}

/** Who may answer, and with what. The answer is the signal's payload: `{ answer, ... }`. */
export interface ApprovalSpec {
  /** One of them must be among the roles that the signal's sender has. */
  readonly roles: readonly string[]
  readonly answers: readonly string[]
  /** Answers that turn the saga back. */
  readonly turnBackOn: readonly string[]
}

/** A message that a saga can wait for. */
export interface SignalSpec<Payload = unknown> {
  readonly name: string
  readonly payload: ZodType<Payload>
}

/** One of the ways through a block. */
export interface Branch {
  readonly name: string
  readonly plan: Plan
  /** `choose` only: taken when it is the first that holds; absent: taken when no other is. */
  readonly when: Mapping | undefined
}

/** All branches at once. */
export interface ParallelStep extends AnyStep {
  readonly type: 'parallel'
  readonly branches: readonly Branch[]
  /** How many branches must be done; the rest is then undone. So many may fail and are undone that this can still be reached. */
  readonly enough: number
}

/** The first branch whose condition holds, else the one without a condition, else none. */
export interface ChooseStep extends AnyStep {
  readonly type: 'choose'
  readonly branches: readonly Branch[]
}

/** A save point: one branch after the other until one is done. One that fails is undone before the next begins. */
export interface AttemptStep extends AnyStep {
  readonly type: 'attempt'
  readonly branches: readonly Branch[]
}

/** The same plan for every item. */
export interface EachStep extends AnyStep {
  readonly type: 'each'
  /** The items, in order; asked again for each item that begins, so it should only select. */
  readonly items: Mapping
  readonly body: Plan
  /** Items on the way at the same time, forward or back. */
  readonly parallelMax: number
  /** How many items may fail, each undone by itself: a count, or a share of all between 0 and 1. */
  readonly tolerated: { readonly count: number } | { readonly share: number }
}

/** The same plan again and again, until a condition holds after a round. */
export interface RepeatStep extends AnyStep {
  readonly type: 'repeat'
  readonly body: Plan
  /** Sees the round's outputs too. */
  readonly until: Mapping
  readonly roundsMax: number
  /** What happens when the condition does not hold after the last round. */
  readonly atLimit: 'turn-back' | 'go-on'
}

export type SendingStep = CommandStep | ChildStep | LockStep
export type BlockStep = ParallelStep | ChooseStep | AttemptStep | EachStep | RepeatStep
export type StepDefinition = SendingStep | LocalStep | SleepStep | SignalStep | BlockStep

/** Steps that depend on each other: a graph without a cycle, in an order in which each comes after those it depends on. */
export interface Plan {
  readonly steps: readonly StepDefinition[]
  /** Absent: the outputs of the steps under their names. */
  readonly output: Mapping | undefined
}

/** A saga as a migration sees it: its input, and the outputs of the steps of its own scope under their old names. */
export interface MigratedFrom<Input = unknown> {
  readonly input: Input
  readonly outputs: Readonly<Record<string, unknown>>
}

/** What a migration changes; absent: as it was. */
export interface MigratedTo<Input = unknown> {
  readonly input?: Input
  /**
   * By the names of the new plan. A step that has not begun, and whose place the saga has passed, counts as done, and
   * nothing of it is to be undone; others begin in their turn.
   */
  readonly outputs?: Readonly<Record<string, unknown>>
}

/** How sagas of another version come over to this one. */
export interface Migration {
  readonly from: number
  /** That version's definition, where it is still there to be asked. */
  readonly old?: Definition
  /** Pure. What it throws refuses the act. */
  readonly map?: (state: MigratedFrom) => MigratedTo
  /** New names of steps of the saga's own scope, by the old ones. */
  readonly renames: Readonly<Record<string, string>>
  /** Steps of the old plan that had nothing to undo: `charge`, `parcels.label`. */
  readonly keeps: readonly string[]
}

export interface Definition<Input = unknown, Output = unknown> extends Plan {
  readonly name: string
  readonly version: number
  readonly input: ZodType<Input>
  /** How long a saga may take until it turns back, unless the pivot has been sent. */
  readonly deadlineMs: number | undefined
  /** What a saga can be found by. */
  readonly attributes?: AttributeSpecs
  /** Versions from which sagas may be moved here. No part of the plan, and not in its hash. */
  readonly migrations?: readonly Migration[]
  /** Of its sagas, unless their start says another; absent: that of all. */
  readonly priority?: Priority
  /** `parallel`: along the reversed graph. `sequential`: one after the other, the last begun first. */
  readonly compensation: 'parallel' | 'sequential'
  readonly output: (context: Context) => Output
}

/** Definitions by name and version, several versions of a name side by side. */
export class Definitions {
  readonly all: readonly Definition[]
  readonly #byKey = new Map<string, Definition>()
  readonly #latest = new Map<string, Definition>()
  readonly #shares = new Map<string, Shares>()

  /**
   * @param options `rollout`: shares of the starts that name no version, `{ 'fulfil-order': { 2: '10%' } }`
   * @throws TypeError when two have the same name and version, or the rollout does not fit them.
   */
  constructor(all: readonly Definition[], { rollout = {} }: { readonly rollout?: Rollout | undefined } = {}) {
    this.all = all
    for (const definition of all) {
      const key = `${definition.name}@${definition.version}`
      if (this.#byKey.has(key)) throw new TypeError(`two definitions of ${key}`)
      this.#byKey.set(key, definition)
      const latest = this.#latest.get(definition.name)
      if (!latest || latest.version < definition.version) this.#latest.set(definition.name, definition)
    }
    for (const [name, shares] of Object.entries(rollout)) {
      const versions = all.filter((definition) => definition.name === name).map(({ version }) => version)
      this.#shares.set(name, new Shares(name, versions, shares))
    }
  }

  /** What a start runs on: the version that it names, else by the shares of the rollout, else the newest. */
  forStart(name: string, version: number | undefined, sagaId: string): Definition | undefined {
    return this.find(name, version ?? this.#shares.get(name)?.versionFor(sagaId))
  }

  /** One version of a definition, the newest when none is named. */
  find(name: string, version?: number): Definition | undefined {
    return version === undefined ? this.#latest.get(name) : this.#byKey.get(`${name}@${version}`)
  }
}
