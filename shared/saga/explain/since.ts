/** Since when a saga waits for what it waits for, read off its events: its state says until when, and no more. */
import type { SagaEvent } from '../../message/events.ts'

/** By the step's path; what is parked under `!` and its path; the pause under the empty text. */
export class Since {
  readonly times: Map<string, number> = new Map()

  take(event: SagaEvent, at: number): void {
    switch (event.type) {
      case 'step-requested':
      case 'step-held':
      case 'step-failed':
      case 'wait-started':
      case 'compensation-requested':
      case 'compensation-held':
      case 'compensation-failed':
        this.times.set(event.step, at)
        break
      case 'saga-stuck':
        this.times.set(`!${event.step ?? ''}`, at)
        break
      case 'saga-paused':
        this.times.set('', at)
    }
  }
}
