/**
 * One decision on its way: what has been decided so far, the state that it leads to, and what is still to be looked at.
 * The rules write it; nobody outside a decision sees it.
 *
 * The rules are local and can be asked again: each looks at one scope or block, and begins there what can begin. So the
 * order in which they are asked does not matter, and what one turn has no room for is found again in the next.
 */
import type { SagaEvent, StepError } from '../message/events.ts'
import type { SagaId } from '../message/ids.ts'
import { ROOT, scopesOutward } from '../message/step-path.ts'
import { attributesOf } from './attributes.ts'
import { contextOf } from './context.ts'
import type { Definition } from './definition.ts'
import { apply } from './evolve.ts'
import type { Moment } from './input.ts'
import type { SagaState } from './state.ts'

/**
 * Something to look at: may steps of the scope begin; may the block go on; may more of the scope be undone; may anything of
 * it, since its turn has come; may a step be undone that succeeded late.
 */
export interface Look {
  readonly at: 'scope' | 'block' | 'undo' | 'turn' | 'late'
  readonly path: string
}

/** Events of one decision, from where on the rest is left to the next turn. */
export const DECISION_EVENTS_MAX = 200
/** Characters of what its events carry, from where on it is the same: well below what a batch takes. */
const DECISION_CHARS_MAX = 200_000

export class Story {
  readonly definition: Definition
  readonly moment: Moment
  readonly events: SagaEvent[] = []
  /** Attributes whose mapping failed: the saga goes on without them. */
  readonly missed: string[] = []
  /** What an earlier turn left is looked for too. */
  resumes = false
  readonly #agenda: Look[] = []
  #chars = 0
  #state: SagaState

  constructor(definition: Definition, moment: Moment, state: SagaState) {
    this.definition = definition
    this.moment = moment
    this.#state = state
  }

  /** The story of a saga that starts. */
  static begin(definition: Definition, moment: Moment, start: { id: SagaId; event: SagaEvent }): Story {
    const story = new Story(definition, moment, apply(undefined, start.event, start.id))
    story.events.push(start.event)
    return story
  }

  get state(): SagaState {
    return this.#state
  }

  /** Whether the rest is for the next turn. */
  get isFull(): boolean {
    return this.events.length >= DECISION_EVENTS_MAX || this.#chars >= DECISION_CHARS_MAX
  }

  tell(...events: readonly SagaEvent[]): void {
    for (const told of events) {
      this.#state = apply(this.#state, told, this.#state.id)
      const event = isDone(told) ? this.#found(told) : told
      this.events.push(event)
      this.#chars += charsOf(event)
    }
  }

  /** The event with what the saga can be found by, now that the step is done. No state depends on it. */
  #found<Event extends StepDone>(event: Event): Event {
    const specs = Object.entries(this.definition.attributes ?? {}).filter(([, { of }]) => of === event.step)
    if (specs.length === 0) return event
    const { values, missed } = attributesOf(Object.fromEntries(specs), contextOf(this.#state), event.step)
    this.missed.push(...missed)
    return Object.keys(values).length > 0 ? { ...event, attributes: values } : event
  }

  /** Calls a person for one step; the others go on. */
  park(step: string | null, error: StepError): void {
    this.tell({ type: 'saga-stuck', step, error })
    // It makes room for others that do not depend on it.
    if (step !== null) this.lookOutward(step)
  }

  look(at: Look['at'], path: string): void {
    this.#agenda.push({ at, path })
  }

  /** What may be undone now, in the scope of a step and in all around it. */
  lookOutward(path: string): void {
    for (const scope of scopesOutward(path)) this.look('undo', scope)
    this.look('scope', ROOT)
  }

  /** The next to look at. */
  next(): Look | undefined {
    return this.#agenda.shift()
  }
}

type StepDone = Extract<
  SagaEvent,
  { type: 'step-succeeded' | 'step-computed' | 'wait-ended' | 'block-completed' | 'step-resolved' }
>

function isDone(event: SagaEvent): event is StepDone {
  switch (event.type) {
    case 'step-succeeded':
    case 'step-computed':
    case 'wait-ended':
    case 'block-completed':
    case 'step-resolved':
      return true
    default:
      return false
  }
}

/** What an event that begins something carries; others carry what came in, of which there is one. */
function charsOf(event: SagaEvent): number {
  if (event.type === 'scope-started') return event.item === undefined ? 0 : JSON.stringify(event.item).length
  return 'payload' in event ? JSON.stringify(event.payload).length : 0
}
