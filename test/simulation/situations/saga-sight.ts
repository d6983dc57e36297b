/** What is seen of one saga, as far as situations need it. */
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'
import type { Situation } from './names.ts'

const ENDS: ReadonlySet<SagaEvent['type']> = new Set([
  'saga-completed',
  'saga-compensated',
  'saga-killed',
  'saga-voided',
])
/** Fields that say when something is due. */
const DUES = ['timeoutAt', 'takeUpAt', 'progressAt', 'retryAt', 'until', 'deadlineAt'] as const

export class SagaSight {
  definition = ''
  version = 0
  isLive = true
  #pivot: string | null = null
  isPivotOut = false
  /** By the path that its participant knows: how far the undo of a step is. */
  readonly #undos = new Map<string, 'decided' | 'done'>()
  readonly #undoFailed = new Set<string>()
  readonly #signals = new Set<string>()
  /** Signals that were there when a wait began. */
  readonly #early = new Map<string, ReadonlySet<string>>()
  readonly #sentAs = new Map<string, string>()
  readonly #dues: number[] = []

  wasDueWithin([from, to]: readonly [number, number]): boolean {
    return this.#dues.some((due) => due >= from && due <= to)
  }

  undoOf(step: string): 'decided' | 'done' | undefined {
    return this.#undos.get(step)
  }

  /** Reads an event; answers the situation that it shows, if it does. */
  take({ event }: EventEnvelope): Situation | undefined {
    for (const name of DUES) {
      const due: unknown = (event as Record<string, unknown>)[name]
      if (typeof due === 'number') this.#dues.push(due)
    }
    if (ENDS.has(event.type)) this.isLive = false
    return this.#read(event)
  }

  #read(event: SagaEvent): Situation | undefined {
    switch (event.type) {
      case 'saga-started':
        this.definition = event.definition
        this.version = event.version
        this.#pivot = event.pivot ?? null
        return undefined
      case 'step-requested':
        if (event.step === this.#pivot) this.isPivotOut = true
        return undefined
      case 'step-succeeded':
      case 'step-rejected':
        if (event.step === this.#pivot) this.isPivotOut = false
        return undefined
      case 'compensation-requested':
        this.#sentAs.set(event.step, event.sentAs ?? event.step)
        this.#undos.set(event.sentAs ?? event.step, 'decided')
        return undefined
      case 'compensation-succeeded':
        this.#undos.set(this.#sentAs.get(event.step) ?? event.step, 'done')
        return undefined
      case 'compensation-failed':
        if (event.retryAt === null) this.#undoFailed.add(event.step)
        return undefined
      case 'saga-stuck':
        return event.step !== null && this.#undoFailed.has(event.step) ? 'undoFails' : undefined
      case 'signal-received':
        this.#signals.add(event.requestId)
        return undefined
      case 'wait-started':
        this.#early.set(event.step, new Set(this.#signals))
        return undefined
      case 'wait-ended':
        return event.requestId !== null && this.#early.get(event.step)?.has(event.requestId) ? 'earlySignal' : undefined
      default:
        return undefined
    }
  }
}
