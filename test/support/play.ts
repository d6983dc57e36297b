/** Plays one saga by hand: inputs in, what is open out. Each input also holds the history against the invariants. */
import { expect } from 'vitest'
import type { EventEnvelope, SagaEvent } from '../../shared/message/events.ts'
import type { Outcome } from '../../shared/message/headers.ts'
import { type SagaId, sagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { decide, type Question } from '../../shared/saga/decide.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { type Effect, effectsOf } from '../../shared/saga/effects.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import { heldSteps } from '../../shared/saga/held.ts'
import type { Act, Decision, InputOf, SagaInput } from '../../shared/saga/input.ts'
import { outlineOf, violations } from '../../shared/saga/invariants.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { nextDueAt } from '../../shared/saga/timers.ts'
import { stepAt } from '../../shared/saga/tree.ts'

const T0 = 1_000_000

/** A command that is waited for: the step's path, and `undo` before it on the way back. */
type Open = string

/** An act of a person about one step, but for who asks and why. */
export type StepAsk = {
  readonly [Kind in 'retry' | 'resolve' | 'skip' | 'edit']: Omit<InputOf<Kind>, keyof Act>
}['retry' | 'resolve' | 'skip' | 'edit']

export class Play {
  /** The one that it runs on now. */
  definition: Definition
  readonly #startedOn: Definition
  /** Those that it was moved to. */
  readonly #movedTo: Definition[] = []
  readonly id: SagaId
  readonly history: EventEnvelope[] = []
  readonly effects: Effect[] = []
  /** Participants that may not simply be sent to. */
  gated: ReadonlySet<string> | undefined
  state: SagaState | undefined
  now = T0

  readonly #checks: boolean

  /** @param options `checks` false: the history is held against the invariants when `check` is called, and not before. */
  constructor(definition: Definition, id = 'saga-1', options: { readonly checks: boolean } = { checks: true }) {
    this.definition = definition
    this.#startedOn = definition
    this.id = sagaId(id)
    this.#checks = options.checks
  }

  check(): void {
    const moved = this.#movedTo.map((definition) => outlineOf(definition))
    expect(violations(this.history, outlineOf(this.#startedOn), () => moved.shift())).toEqual([])
    expect(violations(this.history)).toEqual([])
  }

  /** Moves the saga to another version; `old`: whether the present one is at hand when that is decided. */
  move(definition: Definition, { old = true, requestId = `move-${this.history.length}` } = {}): Decision {
    const { version: toVersion } = definition
    const act = { sagaId: this.id, requestId, actor: 'ann', reason: 'so' }
    const target = { definition, definitionHash: undefined, old: old ? this.definition : undefined }
    const from = old ? this.definition : undefined
    const decision = this.give({ kind: 'migrate', ...act, toVersion }, { definition: from, target })
    return decision
  }

  /** Gives one input, and answers the types of the events that it led to. */
  give(
    input: SagaInput,
    plans: Pick<Question, 'definition' | 'definitionHash' | 'target'> = { definition: this.definition },
  ): Decision {
    const moment = { now: this.now, chance: 0.5, ...(this.gated && { gated: this.gated }) }
    const decision = decide({ ...plans, known: this.state, input, moment })
    if (decision.kind === 'events') for (const event of decision.events) this.#take(event)
    if (decision.kind === 'events' && plans.target) {
      this.definition = plans.target.definition
      this.#movedTo.push(this.definition)
    }
    if (this.#checks) this.check()
    return decision
  }

  #take(event: SagaEvent): void {
    const seq = this.history.length + 1
    const envelope = { sagaId: this.id, seq, at: this.now, causationId: `i-${seq}`, event }
    this.history.push(envelope)
    this.state = evolve(this.state, envelope)
    this.effects.push(...effectsOf(envelope))
  }

  start(input: Json = {}, forked: Pick<InputOf<'start'>, 'origin' | 'given'> = {}): Decision {
    const { name: definition, version } = this.definition
    const start = { kind: 'start', sagaId: this.id, definition, version, input, inputHash: 'h' } as const
    return this.give({ ...start, parent: undefined, ...forked })
  }

  /** A person lets another saga go on from a step of this one. */
  fork(step: string, input?: Json): Decision {
    const requestId = `fork-${this.history.length}`
    const act = { sagaId: this.id, requestId, actor: 'ann', reason: 'once more' }
    return this.give({ kind: 'fork', step, fork: sagaId(`${this.id}-${requestId}`), input, ...act })
  }

  /** The saga that its newest fork began, on the plan that it names. */
  forked(definition = this.definition): Play {
    const effect = this.effects.findLast((one) => one.kind === 'start-fork')
    if (!effect) throw new Error('it was not forked')
    const play = new Play(definition, effect.fork)
    const { kind: _, at: __, requestId: ___, fork, ...start } = effect
    play.give({ kind: 'start', sagaId: fork, ...start, inputHash: 'h' })
    return play
  }

  /** Answers the newest attempt of a step. */
  answer(
    path: string,
    outcome: Outcome = 'success',
    body: Json = outcome === 'success' ? { of: path } : { code: 'no' },
  ): Decision {
    return this.#reply({ path, direction: 'forward', outcome, body })
  }

  /** The same for its undo. */
  undone(path: string, outcome: Outcome = 'success'): Decision {
    return this.#reply({ path, direction: 'compensate', outcome, body: outcome === 'success' ? null : { code: 'no' } })
  }

  #reply(said: { path: string; direction: 'forward' | 'compensate'; outcome: Outcome; body: Json }): Decision {
    const { path: step, direction, outcome, body } = said
    const attempt = (this.state && stepAt(this.state, step)?.attempt) ?? 1
    const reply = { kind: 'reply', sagaId: this.id, step, direction, attempt, outcome, body } as const
    return this.give({ ...reply, errorCode: undefined, retryAfterMs: undefined })
  }

  act(kind: 'cancel' | 'retry' | 'kill', requestId = `${kind}-${this.history.length}`): Decision {
    return this.give({ kind, sagaId: this.id, requestId, actor: 'ann', reason: 'so' })
  }

  resolve(step: string): Decision {
    const act = { sagaId: this.id, requestId: `resolve-${step}`, actor: 'ann', reason: 'done by hand' }
    return this.give({ kind: 'resolve', ...act, step })
  }

  /** What a person asks of one step. */
  ask(what: StepAsk, requestId = `${what.kind}-${this.history.length}`): Decision {
    return this.give({ ...what, sagaId: this.id, requestId, actor: 'ann', reason: 'so' })
  }

  signal(name: string, payload: Json, roles: readonly string[] = []): Decision {
    const requestId = `signal-${this.history.length}`
    return this.give({ kind: 'signal', sagaId: this.id, requestId, name, payload, actor: 'ann', roles })
  }

  /** Lets time pass until the next timer is due, and fires it. */
  fire(): Decision {
    const due = this.state && nextDueAt(this.definition, this.state)
    expect(due, 'a timer waits').toBeDefined()
    this.now = Math.max(this.now, due ?? 0)
    return this.give({ kind: 'timer', sagaId: this.id })
  }

  /** Lets the named steps go, or their undos: all that is held, when none is named. */
  admit(...paths: readonly string[]): Decision {
    const held = this.state ? heldSteps(this.state) : []
    const steps = paths.length === 0 ? held : held.filter(({ step }) => paths.includes(step))
    return this.give({ kind: 'admit', sagaId: this.id, steps })
  }

  /** Steps that wait for their participant, `undo` before those on the way back. */
  get held(): readonly string[] {
    const held = this.state ? heldSteps(this.state) : []
    return held.map(({ step, direction }) => (direction === 'forward' ? step : `undo ${step}`))
  }

  get status(): string | undefined {
    return this.state?.status
  }

  /** Commands that are waited for, in the order of the tree. */
  get open(): readonly Open[] {
    return this.state ? openIn(this.state.root, '') : []
  }

  /** Types of the events so far, with the path that each is about. */
  get told(): readonly string[] {
    return this.history.map(({ event }) => `${event.type} ${placeOf(event)}`.trim())
  }
}

function placeOf(event: SagaEvent): string {
  if ('step' in event) return event.step ?? ''
  return 'scope' in event ? (event.scope ?? '') : ''
}

function openIn(scope: SagaState['root'], prefix: string): Open[] {
  return scope.steps.flatMap((step) => {
    const path = `${prefix}${step.name}`
    const inside = [...(step.block?.scopes ?? [])].flatMap((inner) => openIn(inner, `${path}[${inner.key}].`))
    if (step.status === 'armed') return [path]
    return step.status === 'undoing' ? [`undo ${path}`] : inside
  })
}
