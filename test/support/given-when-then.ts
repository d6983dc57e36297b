/**
 * `given(events).when(input, moment).thenEvents(...)`. Each case also folds what was decided, and runs the whole history
 * through the invariants, with the plan and without it.
 */
import { expect } from 'vitest'
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import { sagaId } from '../../shared/message/ids.ts'
import { decide } from '../../shared/saga/decide.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import type { Decision, IgnoredReason, Moment, RefusedReason, SagaInput } from '../../shared/saga/input.ts'
import { outlineOf, violations } from '../../shared/saga/invariants.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { fulfil } from './fulfil.ts'

export const SAGA = sagaId('order-1')
/** When the events of a case happened, unless it says otherwise. */
export const T0 = 1_000_000

/** An event at T0, or at a time of its own. */
export type Happened = SagaEvent | { readonly at: number; readonly event: SagaEvent }

export function historyOf(happened: readonly Happened[], from = 1): EventEnvelope[] {
  return happened.map((item, i) => {
    const { at, event } = 'event' in item ? item : { at: T0, event: item }
    return { sagaId: SAGA, seq: from + i, at, causationId: `input-${from + i}`, event }
  })
}

export function foldOf(history: readonly EventEnvelope[]): SagaState | undefined {
  return history.reduce<SagaState | undefined>(evolve, undefined)
}

function expectLawful(history: readonly EventEnvelope[], definition: Definition): void {
  expect(violations(history, outlineOf(definition))).toEqual([])
  expect(violations(history)).toEqual([])
}

export interface Outcome {
  readonly decision: Decision
  /** Expects just these events, and answers the state that they lead to. */
  readonly thenEvents: (...expected: readonly SagaEvent[]) => SagaState
  readonly thenIgnored: (reason: IgnoredReason) => void
  readonly thenRefused: (reason: RefusedReason) => void
}

/** Begins a case with what happened so far. */
export function given(...happened: readonly Happened[]): {
  readonly plan: (definition: Definition | undefined) => ReturnType<typeof given>
  readonly when: (input: SagaInput, moment?: Partial<Moment>) => Outcome
} {
  return begun(happened, fulfil)
}

function begun(happened: readonly Happened[], definition: Definition | undefined): ReturnType<typeof given> {
  return {
    plan: (other) => begun(happened, other),
    when: (input, moment = {}) =>
      outcome(historyOf(happened), definition, { input, now: moment.now ?? T0, chance: moment.chance ?? 0.5 }),
  }
}

function outcome(
  history: readonly EventEnvelope[],
  definition: Definition | undefined,
  asked: { input: SagaInput } & Moment,
): Outcome {
  expectLawful(history, definition ?? fulfil)
  const { input, now, chance } = asked
  const decision = decide({ definition, known: foldOf(history), input, moment: { now, chance } })
  return {
    decision,
    thenEvents: (...expected) => {
      expect(decision).toEqual({ kind: 'events', events: expected })
      const decided = decision.kind === 'events' ? decision.events : []
      const after = [
        ...history,
        ...historyOf(
          decided.map((event) => ({ at: now, event })),
          history.length + 1,
        ),
      ]
      expectLawful(after, definition ?? fulfil)
      const state = foldOf(after)
      if (!state) throw new Error('nothing was decided')
      return state
    },
    thenIgnored: (reason) => expect(decision).toEqual({ kind: 'ignored', reason }),
    thenRefused: (reason) => expect(decision).toMatchObject({ kind: 'refused', reason }),
  }
}
