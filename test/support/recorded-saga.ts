/** A saga as an owner's log has it: what one input led to has one cause. */
import type { EventEnvelope } from '../../shared/message/events.ts'
import { type SagaId, sagaId } from '../../shared/message/ids.ts'
import type { Json } from '../../shared/message/json.ts'
import { hashOf } from '../../shared/runtime/plan-of.ts'
import { decide } from '../../shared/saga/decide.ts'
import type { Definition } from '../../shared/saga/definition.ts'
import { evolve } from '../../shared/saga/evolve.ts'
import type { SagaInput } from '../../shared/saga/input.ts'
import type { SagaState } from '../../shared/saga/state.ts'
import { nextDueAt } from '../../shared/saga/timers.ts'
import { stepAt } from '../../shared/saga/tree.ts'

export const RECORDED_FROM = Date.parse('2026-01-31T10:00:00Z')

export class RecordedSaga {
  readonly history: EventEnvelope[] = []
  state: SagaState | undefined
  now = RECORDED_FROM
  readonly #definition: Definition
  readonly #id: SagaId
  #inputs = 0

  constructor(definition: Definition, id: string) {
    this.#definition = definition
    this.#id = sagaId(id)
  }

  start(input: Json): this {
    const { name: definition, version } = this.#definition
    return this.give({ kind: 'start', sagaId: this.#id, definition, version, input, inputHash: 'h' })
  }

  /** The newest attempt of the step is answered; `retryAfterMs`: what its participant asks for. */
  answer(step: string, outcome: 'success' | 'rejected' | 'failed', body: Json, retryAfterMs?: number): this {
    const status = this.state && stepAt(this.state, step)
    const direction = status?.status.startsWith('undo') ? 'compensate' : 'forward'
    const { attempt = 1 } = status ?? {}
    const reply = { kind: 'reply', sagaId: this.#id, step, direction, attempt, outcome, body } as const
    return this.give({ ...reply, errorCode: undefined, retryAfterMs })
  }

  /** Time goes on to the next timer, which fires. */
  fire(): this {
    this.now = Math.max(this.now, (this.state && nextDueAt(this.#definition, this.state)) ?? this.now)
    return this.give({ kind: 'timer', sagaId: this.#id })
  }

  give(input: SagaInput): this {
    const definitionHash = hashOf(this.#definition)
    const moment = { now: this.now, chance: 0.5 }
    const decision = decide({ definition: this.#definition, definitionHash, known: this.state, input, moment })
    if (decision.kind !== 'events') throw new Error(`it led to nothing: ${JSON.stringify(decision)}`)
    const causationId = `input-${++this.#inputs}`
    for (const event of decision.events) {
      const envelope = { sagaId: this.#id, seq: this.history.length + 1, at: this.now, causationId, event }
      this.state = evolve(this.state, envelope)
      this.history.push(envelope)
    }
    this.now += 1_000
    return this
  }
}
