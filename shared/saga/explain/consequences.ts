/** What events come to, in words: of what would happen next, and of what becomes of a step. */
import type { SagaEvent } from '../../message/events.ts'

/** Sentences, in the order of the events; those that say nothing to a person are left out. */
export function consequences(events: readonly SagaEvent[]): readonly string[] {
  return events.flatMap((event) => wordsOf(event) ?? [])
}

function wordsOf(event: SagaEvent): string | undefined {
  switch (event.type) {
    case 'saga-completed':
      return 'it completes'
    case 'saga-compensated':
      return 'it ends, with all of it undone'
    case 'compensation-started':
      return event.scope === undefined ? 'it turns back' : `${event.scope} turns back, and the rest goes on`
    case 'saga-stuck':
      return `${event.step ?? 'its end'} waits for a person`
    case 'step-requested':
      return event.attempt > 1 ? `${event.step} is tried again (attempt ${event.attempt})` : `${event.step} begins`
    case 'step-failed':
      return event.retryAt === null ? `${event.step} is given up` : `${event.step} has failed, and is to be tried again`
    case 'step-rejected':
      return `${event.step} counts as refused`
    case 'wait-started':
      return `${event.step} begins to wait`
    case 'wait-ended':
      return `the wait ${event.step} is over`
    case 'compensation-requested':
      return `${event.step} is undone${event.attempt > 1 ? ` (attempt ${event.attempt})` : ''}`
    case 'compensation-failed':
      return `the undo of ${event.step} has failed`
    case 'step-held':
    case 'compensation-held':
      return `${event.step} waits for room at ${event.participant}`
    default:
      return undefined
  }
}
