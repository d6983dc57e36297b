/** A saga played on in memory, by the very rules that it is decided by, to see what would follow. Nothing of it is told to anybody. */
import type { Reply } from '../message/command-record.ts'
import type { SagaEvent } from '../message/events.ts'
import { ROOT, scopePath, stepPath } from '../message/step-path.ts'
import { decide } from './decide.ts'
import type { Definition } from './definition.ts'
import { apply } from './evolve.ts'
import { heldSteps } from './held.ts'
import type { Act, Decision, SagaInput } from './input.ts'
import type { SagaState, ScopeState, StepState } from './state.ts'
import { nextDueAt } from './timers.ts'
import { WAITS } from './tree.ts'

/** A step as it stands, with its path. */
export interface PlacedStep {
  readonly path: string
  readonly step: StepState
}

export class Rehearsal {
  state: SagaState
  /** Milliseconds since the epoch. */
  now: number
  readonly definition: Definition

  constructor(definition: Definition, state: SagaState, now: number) {
    this.definition = definition
    this.state = state
    this.now = now
  }

  /** Gives one input; answers what it led to. */
  give(input: SagaInput): readonly SagaEvent[] {
    const decision = this.ask(input)
    if (decision.kind !== 'events') return []
    for (const event of decision.events) this.state = apply(this.state, event, this.state.id)
    return decision.events
  }

  /** What would be decided, which changes nothing here. Jitter is as long as it can be. */
  ask(input: SagaInput): Decision {
    const moment = { now: this.now, chance: 1 - Number.EPSILON }
    return decide({ definition: this.definition, known: this.state, input, moment })
  }

  /** Lets time pass until the next timer, and fires it; nothing where none is due ever. */
  fire(): readonly SagaEvent[] {
    const due = nextDueAt(this.definition, this.state)
    if (due === undefined) return []
    this.now = Math.max(this.now, due)
    return this.give({ kind: 'timer', sagaId: this.state.id })
  }

  /** Lets everything that is held for its participant go. */
  admit(): readonly SagaEvent[] {
    return this.give({ kind: 'admit', sagaId: this.state.id, steps: heldSteps(this.state) })
  }

  /** A participant says that the newest attempt was done, or what else became of it. */
  answer({ path, step }: PlacedStep, said: Pick<Reply, 'outcome' | 'body'>): readonly SagaEvent[] {
    const back = step.status === 'undoing' || step.status === 'undo-retrying' || step.status === 'undo-failed'
    const { attempt, sentAs = path } = step
    const direction = back ? 'compensate' : 'forward'
    const open = { sagaId: this.state.id, step: sentAs, direction, attempt, errorCode: undefined } as const
    return this.give({ kind: 'reply', ...open, retryAfterMs: undefined, ...said })
  }

  /** An act of a person who is nobody. */
  act(kind: 'cancel' | 'resume'): readonly SagaEvent[] {
    return this.give({ kind, ...this.#act() })
  }

  /** A person says that a parked undo was done by hand. */
  undoneByHand(step: string): readonly SagaEvent[] {
    return this.give({ kind: 'resolve', step, as: 'undone', ...this.#act() })
  }

  #act(): Act {
    const { id: sagaId, seq } = this.state
    return { sagaId, requestId: `rehearsal-${seq}`, actor: 'nobody', reason: 'to see what would follow' }
  }
}

/** Steps that wait for something, however deep; nothing that waits for nothing is looked into. */
export function* stepsThatWait({ root }: Pick<SagaState, 'root'>): Generator<PlacedStep> {
  yield* waitingIn(root, ROOT)
}

function* waitingIn(scope: ScopeState, around: string): Generator<PlacedStep> {
  for (const step of scope.steps) {
    const path = stepPath(around, step.name)
    if (WAITS.has(step.status)) yield { path, step }
    for (const index of step.block?.active ?? []) {
      const inner = step.block?.scopes.at(index)
      if (inner) yield* waitingIn(inner, scopePath(path, inner.key))
    }
  }
}
