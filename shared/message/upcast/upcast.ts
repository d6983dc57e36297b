/**
 * Older forms of events, brought to the present one. A record says its form at the end of its type: the `1` of
 * `kasaga.step-failed.v1`. Every type counts for itself, so that a reader in another language meets a new number only
 * where something is new. One place decodes records, and asks this: nothing behind it ever sees an old form.
 *
 *     record -> { type, format, data } --one step--> { type, format + 1, data } --...--> the present form
 *
 * A form is added when a field would have to change its meaning; fields that are only added need none.
 */
import { messageOf } from '../errors.ts'
import { isSagaEventType } from '../event-types.ts'
import type { SagaEventType } from '../events.ts'
import { isLockEventType, type LockEventType } from '../lock-events.ts'

/** Types of all events of the log: of sagas and of locks. */
export type LogEventType = SagaEventType | LockEventType

function isKnown(type: string): type is LogEventType {
  return isSagaEventType(type) || isLockEventType(type)
}

/** An event as a record holds it. */
export interface StoredEvent {
  readonly type: string
  readonly format: number
  readonly data: object
}

/** One step nearer to the present: the next format, or the first of another type. Pure; what it throws stops one saga. */
export type Upcaster = (old: StoredEvent) => StoredEvent

export type Upcasted =
  | { readonly kind: 'ok'; readonly type: LogEventType; readonly data: object }
  | { readonly kind: 'unreadable'; readonly why: string }

export interface Forms {
  /** Format that is written now of each type; those that are not named: 1. */
  readonly present: { readonly [Type in LogEventType]?: number }
  /** By `type.v<format>`: the step away from that form. */
  readonly steps: Readonly<Record<string, Upcaster>>
}

/** Most steps that one event takes: more are a circle. */
const STEPS_MAX = 100

export class Upcasts {
  readonly #forms: Forms

  constructor(forms: Forms) {
    this.#forms = forms
  }

  /** Format that an event of that type is written in. */
  formatOf(type: LogEventType): number {
    return this.#forms.present[type] ?? 1
  }

  /** The event in its present form. Never throws: what is newer than this version, or unknown to it, is unreadable. */
  upcast(stored: StoredEvent): Upcasted {
    let { type, format, data } = stored
    for (let taken = 0; taken <= STEPS_MAX; taken++) {
      if (isKnown(type) && format === this.formatOf(type)) return { kind: 'ok', type, data }
      const step = this.#stepFrom(type, format)
      if (!step) return { kind: 'unreadable', why: this.#whyNot(stored) }
      try {
        ;({ type, format, data } = step({ type, format, data }))
      } catch (error) {
        return { kind: 'unreadable', why: `event type ${type}.v${format}: ${messageOf(error)}` }
      }
    }
    return { kind: 'unreadable', why: `the steps from event type ${stored.type}.v${stored.format} come to no end` }
  }

  #stepFrom(type: string, format: number): Upcaster | undefined {
    const key = `${type}.v${format}`
    return Object.hasOwn(this.#forms.steps, key) ? this.#forms.steps[key] : undefined
  }

  #whyNot({ type, format }: StoredEvent): string {
    if (!isKnown(type)) return `unknown event type ${type}.v${format}`
    const present = this.formatOf(type)
    const age = format > present ? 'newer than' : 'older than, with no way to,'
    return `event type ${type}.v${format} is ${age} the format ${present} of this version`
  }
}
