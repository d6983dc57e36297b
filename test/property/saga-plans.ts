/** Generated definitions: one to six steps, each with or without an undo, a pivot anywhere or nowhere, mappings that fail on demand. */
import fc from 'fast-check'
import { z } from 'zod'
import { type SagaId, sagaId } from '../../shared/message/ids.ts'
import type { Definition, PlannedCommand, StepDefinition } from '../../shared/saga/definition.ts'

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

/** The definition of a shape. */
export function definitionOf(shape: PlanShape, faults: Faults): Definition {
  const steps = shape.steps.map((step, i): StepDefinition => {
    const kind = i < shape.pivot ? 'compensatable' : i === shape.pivot ? 'pivot' : 'retriable'
    const name = `step${i}`
    const undo = step.hasUndo && kind === 'compensatable'
    return {
      name,
      kind,
      forward: planned(faults, name, { attempts: step.attempts, shape: step }),
      undo: undo ? planned(faults, `undo${i}`, { attempts: step.undoAttempts, shape: step }) : undefined,
    }
  })
  const output = mapping(faults, 'output')
  return { name: 'generated', version: 1, input: z.json(), steps, deadlineMs: shape.deadlineMs, output }
}
