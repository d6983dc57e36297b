/** Drives one saga over `decide`, `evolve` and `effectsOf` as the owner's loop would, with moves that fast-check makes up. */
import { expect } from 'vitest'
import type { EventEnvelope } from '../../shared/message/events.ts'
import type { Outcome } from '../../shared/message/headers.ts'
import { commandId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { decide } from '../../shared/saga/decide.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { effectsOf, type SendEffect } from '../../shared/saga/effects.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import type { Decision, SagaInput } from '../../shared/saga/input.ts'
import { outlineOf, violations } from '../../shared/saga/invariants.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { nextDueAt } from '../../shared/saga/timers.ts'
import { type Faults, SIGNAL } from './saga-plans.ts'

export class SagaDriver {
  readonly definition: Definition
  readonly faults: Faults
  readonly history: EventEnvelope[] = []
  /** Every command that was sent, in order. */
  readonly sent: SendEffect[] = []
  /** Inputs that came as records and led to events: heard again they must lead to none. */
  readonly consumed: SagaInput[] = []
  state: SagaState | undefined
  now = 1_000_000
  readonly #commandIds = new Set<string>()

  constructor(definition: Definition, faults: Faults) {
    this.definition = definition
    this.faults = faults
  }

  get ended(): boolean {
    return this.state?.status === 'completed' || this.state?.status === 'compensated'
  }

  get dueAt(): number | undefined {
    return this.state && nextDueAt(this.definition, this.state)
  }

  get waitsForAnswer(): boolean {
    return this.state?.steps.some((step) => step.status === 'armed' || step.status === 'undoing') ?? false
  }

  /** Gives the core one input, and takes its events into the log. */
  give(input: SagaInput, chance = 0.5): Decision {
    const before = JSON.stringify(this.state)
    const moment = { now: this.now, chance }
    const decision = decide({ definition: this.definition, known: this.state, input, moment })
    expect(JSON.stringify(this.state), 'decide changes no state').toBe(before)
    if (decision.kind !== 'events') return decision
    expect(decision.events.length, 'a decision has events').toBeGreaterThan(0)
    this.#append(decision, input)
    if (input.kind !== 'timer' && !(input.kind === 'reply' && input.outcome === 'progress')) this.consumed.push(input)
    return decision
  }

  #append(decision: Extract<Decision, { kind: 'events' }>, input: SagaInput): void {
    for (const event of decision.events) {
      const seq = this.history.length + 1
      // As the log gives it back: what is folded live is what a reader folds.
      const read = JSON.parse(JSON.stringify(event))
      const envelope: EventEnvelope = { sagaId: input.sagaId, seq, at: this.now, causationId: `i-${seq}`, event: read }
      this.state = evolve(this.state, { ...envelope, event })
      this.history.push(envelope)
      for (const effect of effectsOf(envelope)) this.#send(effect)
    }
  }

  #send(effect: SendEffect): void {
    const id = commandId(effect.command, effect.command.attempt)
    expect(this.#commandIds.has(id), `S10: ${id} is sent for one event`).toBe(false)
    this.#commandIds.add(id)
    this.sent.push(effect)
  }

  start(): Decision {
    return this.give({
      kind: 'start',
      sagaId: this.faults.sagaId,
      definition: this.definition.name,
      version: undefined,
      input: { n: 1, rows: [3, 1, 2] },
      inputHash: 'h',
    })
  }

  answer(effect: SendEffect, outcome: Outcome, body: Json = null): Decision {
    const { sagaId, step, direction, attempt } = effect.command
    return this.give({
      kind: 'reply',
      sagaId,
      step,
      direction,
      attempt,
      outcome,
      body,
      errorCode: undefined,
      retryAfterMs: undefined,
    })
  }

  /** Fires what is due by now, and says that nothing fires early. */
  fire(chance = 0.5): Decision {
    const due = this.dueAt
    const decision = this.give({ kind: 'timer', sagaId: this.faults.sagaId }, chance)
    if (due === undefined || due > this.now) expect(decision.kind, 'S15: nothing fires early').toBe('ignored')
    else expect(decision.kind, 'S15: what is due fires').toBe('events')
    return decision
  }

  /** Whether nothing but a signal moves the saga. */
  get waitsForSignal(): boolean {
    const waits = this.state?.steps.some((step) => step.status === 'waiting' && step.signal !== null) ?? false
    return this.state?.status === 'running' && waits
  }

  /** Sends the signal that generated waits wait for. */
  signal(requestId: string): Decision {
    return this.give({ kind: 'signal', sagaId: this.faults.sagaId, requestId, name: SIGNAL, payload: { n: 1 } })
  }

  /** What must hold after every input. */
  check(): void {
    expect(violations(this.history, outlineOf(this.definition))).toEqual([])
    expect(violations(this.history)).toEqual([])
  }

  /** What must hold of the whole run. */
  checkFold(): void {
    const folded = this.history.reduce<SagaState | undefined>(evolve, undefined)
    expect(folded, 'S2: the fold of the history is the live state').toEqual(this.state)
    expect(JSON.stringify(folded), 'S2: to the byte').toBe(JSON.stringify(this.state))
    expect(this.history.flatMap(effectsOf), 'S9: effects are a function of the log').toEqual(this.sent)
  }
}
