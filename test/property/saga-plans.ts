/** Generated definitions: one to six steps, each with or without an undo, a pivot anywhere or nowhere, mappings that fail on demand. */
import fc from 'fast-check'
import { z } from 'zod'
import { type SagaId, sagaId } from '../../shared/message/ids.ts'
import type { Context, Definition, PlannedCommand, StepDefinition, StepKind } from '../../shared/saga/definition.ts'

/** What goes wrong inside the definition's own code, and until when. */
export class Faults {
  readonly sagaId: SagaId = sagaId('s-1')
  readonly #luck: readonly number[]
  #next = 0
  on = true

  /** @param luck one number in 0..99 per mapping that runs, used in a circle: below 6 it fails. */
  constructor(luck: readonly number[]) {
    this.#luck = luck
  }

  /** How a mapping fails now, if it does. */
  draw(): 'throws' | 'no-json' | 'misfit' | 'writes' | undefined {
    const luck = this.#luck[this.#next++ % Math.max(this.#luck.length, 1)] ?? 99
    return this.on ? (['throws', 'no-json', 'misfit', 'writes', 'throws', 'misfit'] as const)[luck] : undefined
  }
}

export interface StepShape {
  readonly type: StepDefinition['type']
  /** What its condition answers; `undefined`: it has none. */
  readonly condition: boolean | undefined
  /** A sleep whose time comes from a mapping; a signal that has a deadline. */
  readonly timed: boolean
  readonly hasUndo: boolean
  readonly attempts: number
  readonly undoAttempts: number
  readonly firstDelayMs: number
  readonly timeoutMs: number
}

export interface PlanShape {
  readonly steps: readonly StepShape[]
  /** Index of the pivot; past the last: there is none. */
  readonly pivot: number
  readonly deadlineMs: number | undefined
}

const stepShape: fc.Arbitrary<StepShape> = fc.record({
  type: fc.oneof(
    { weight: 8, arbitrary: fc.constant('command' as const) },
    { weight: 3, arbitrary: fc.constantFrom('local' as const, 'sleep' as const, 'signal' as const) },
  ),
  condition: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.boolean() }),
  timed: fc.boolean(),
  hasUndo: fc.boolean(),
  attempts: fc.integer({ min: 1, max: 4 }),
  undoAttempts: fc.integer({ min: 1, max: 4 }),
  firstDelayMs: fc.constantFrom(0, 10, 500),
  timeoutMs: fc.constantFrom(0, 1_000, 5_000),
})

export const planShape: fc.Arbitrary<PlanShape> = fc.record({
  steps: fc.array(stepShape, { minLength: 1, maxLength: 6 }),
  pivot: fc.integer({ min: 0, max: 7 }),
  deadlineMs: fc.option(fc.constantFrom(500, 3_000, 20_000), { nil: undefined }),
})

/** One luck per mapping; most are good. */
export const luck: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 30 }) },
)

const payload = z.object({ step: z.string() }).refine((value) => {
  if (value.step === 'boom') throw new Error('the schema itself is broken')
  return value.step !== 'misfit'
})

function mapping(faults: Faults, step: string): (context: Readonly<Record<string, unknown>>) => unknown {
  return (context) => {
    switch (faults.draw()) {
      case 'throws':
        throw Object.create(null)
      case 'no-json':
        return { step, n: 1n }
      case 'misfit':
        return { step: 'boom' }
      case 'writes':
        // In place: a mapping may not change what it is shown.
        return { step: String((context.input as { rows: number[] }).rows.sort()) }
      default:
        return { step, left: undefined, at: Number.NaN }
    }
  }
}

function planned(faults: Faults, name: string, policy: { attempts: number; shape: StepShape }): PlannedCommand {
  const { attempts, shape } = policy
  const { firstDelayMs, timeoutMs } = shape
  const retry = {
    attempts,
    firstDelayMs,
    maxDelayMs: 2_000,
    multiplier: 2,
    jitter: 'full',
    notOn: ['hopeless'],
  } as const
  const command = { participant: `p-${name}`, name, type: `p-${name}.${name}.v1`, input: payload, output: z.json() }
  return { command, map: mapping(faults, name), retry, timeoutMs }
}

/** Name of the signal that generated waits wait for. */
export const SIGNAL = 'n'

/** A condition that answers what its shape says, when the definition's own code does not fail. */
function condition(faults: Faults, shape: StepShape): ((context: Context) => unknown) | undefined {
  if (shape.condition === undefined) return undefined
  return () => {
    if (faults.draw() === 'throws') throw new Error('the condition is broken')
    return shape.condition
  }
}

/** A time to sleep until, or on a bad day no time at all. */
function instant(faults: Faults, delayMs: number): (context: Context) => unknown {
  return () => (faults.draw() ? 'tomorrow' : 1_000_000 + delayMs)
}

type Place = { readonly name: string; readonly kind: StepKind }

function stepOf(faults: Faults, place: Place, shape: StepShape): StepDefinition {
  const { name, kind } = place
  const when = kind === 'pivot' ? undefined : condition(faults, shape)
  switch (kind === 'pivot' ? 'command' : shape.type) {
    case 'command': {
      const undo = shape.hasUndo && kind === 'compensatable'
      return {
        ...place,
        when,
        type: 'command',
        forward: planned(faults, name, { attempts: shape.attempts, shape }),
        undo: undo ? planned(faults, `undo-${name}`, { attempts: shape.undoAttempts, shape }) : undefined,
      }
    }
    case 'local':
      return { ...place, when, type: 'local', compute: mapping(faults, name) }
    case 'sleep':
      return { ...place, when, type: 'sleep', until: shape.timed ? instant(faults, shape.timeoutMs) : shape.timeoutMs }
    case 'signal':
      return {
        ...place,
        when,
        type: 'signal',
        signal: { name: SIGNAL, payload: z.json() },
        deadlineMs: shape.timed ? shape.timeoutMs : undefined,
        onDeadline: shape.hasUndo && kind === 'compensatable' ? 'turn-back' : 'go-on',
      }
  }
}

/** The definition of a shape. */
export function definitionOf(shape: PlanShape, faults: Faults): Definition {
  const steps = shape.steps.map((step, i): StepDefinition => {
    const kind = i < shape.pivot ? 'compensatable' : i === shape.pivot ? 'pivot' : 'retriable'
    return stepOf(faults, { name: `step${i}`, kind }, step)
  })
  const output = mapping(faults, 'output')
  return { name: 'generated', version: 1, input: z.json(), steps, deadlineMs: shape.deadlineMs, output }
}
