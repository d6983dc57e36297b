/** Checks one saga's whole history: what its events alone, and its plan where it is at hand, can show. */
import type { EventEnvelope } from '../../shared/message/events.ts'
import { planOf } from '../../shared/runtime/plan-of.ts'
import type { Definition, Definitions } from '../../shared/saga/definition.ts'
import { type PlanOutline, outlineOf as planOutlineOf, violations } from '../../shared/saga/invariants.ts'
import type { SagaOutline, StartedOn } from './saga-outline.ts'

/** A timer that is due may be on its way for so long. */
export const TIMER_GRACE_MS = 5_000

export interface SagaViolation {
  readonly invariant: string
  readonly message: string
  /** Of the event that it is about. */
  readonly seq?: number
}

/** Plans of definitions, made once each. */
export class Plans {
  readonly #definitions: Definitions | undefined
  readonly #made = new Map<Definition, PlanOutline>()
  /** Sagas whose definition is not at hand. */
  unplanned = 0

  constructor(definitions: Definitions | undefined) {
    this.#definitions = definitions
  }

  /** The plan that the saga ran on; another one under its version would find what is no fault. */
  find({ definition: name, version, definitionHash }: StartedOn): PlanOutline | undefined {
    const started =
      name === undefined || version === undefined ? undefined : { definition: name, version, definitionHash }
    const definition = started && this.#definitions && planOf(this.#definitions, started)
    if (!definition) {
      this.unplanned++
      return undefined
    }
    let plan = this.#made.get(definition)
    if (!plan) {
      plan = planOutlineOf(definition)
      this.#made.set(definition, plan)
    }
    return plan
  }
}

/** Every breach in the history of one saga. */
export function auditHistory(
  history: readonly EventEnvelope[],
  outline: SagaOutline,
  plans: Plans,
): readonly SagaViolation[] {
  const { definition, startedOn = outline } = outline
  const plan = plans.find(startedOn)
  const found = violations(history, plan, ({ toVersion: version, definitionHash }) =>
    plans.find({ definition, version, definitionHash }),
  )
  return [...found.map(withSeq), ...repeatedCommands(history)]
}

function withSeq({ invariant, message, seq }: SagaViolation): SagaViolation {
  return seq === undefined ? { invariant, message } : { invariant, message: `event ${seq}, ${message}`, seq }
}

/** S9: a command's id names one attempt, so no two events may ask for the same. */
function repeatedCommands(history: readonly EventEnvelope[]): SagaViolation[] {
  const asked = new Set<string>()
  const found: SagaViolation[] = []
  for (const { event, seq } of history) {
    if (event.type !== 'step-requested' && event.type !== 'compensation-requested') continue
    const id = `${event.sentAs ?? event.step}/${event.type === 'step-requested' ? 'forward' : 'compensate'}/${event.attempt}`
    if (asked.has(id))
      found.push({ invariant: 'S9', message: `event ${seq} asks for the command ${id} once more`, seq })
    asked.add(id)
  }
  return found
}

/** L1 and L5, when nothing moves any more: a saga has ended, is stuck, or waits for a time that is still to come. */
export function restlessness(outline: SagaOutline, now: number): SagaViolation | undefined {
  if (outline.status === 'paused') return undefined
  if (outline.yielded) return { invariant: 'L5', message: 'the rest of what was decided has not been done' }
  let earliest: number | undefined
  let waitsForever = false
  for (const { dueAt, waitsForever: own } of outline.steps.values()) {
    waitsForever ||= own
    if (dueAt !== undefined && (earliest === undefined || dueAt < earliest)) earliest = dueAt
  }
  if (earliest !== undefined && earliest + TIMER_GRACE_MS < now)
    return { invariant: 'L5', message: `a timer that was due at ${earliest} has not fired at ${now}` }
  const moves = outline.status === 'running' || outline.status === 'compensating'
  if (!moves || waitsForever || earliest !== undefined) return undefined
  return { invariant: 'L1', message: `${outline.status}, and waits for nothing` }
}
