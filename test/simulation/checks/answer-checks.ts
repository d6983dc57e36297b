/**
 * What participants answer. Their rows have a unique key, so a handler that finds its row there fails; but a row is only
 * there because another process has carried the same command out, and what that one kept is the answer (S8).
 */
import { H } from '../../../shared/message/headers.ts'
import { HANDLER_ERROR } from '../../../shared/participant/handler-answer.ts'
import { type Landed, TOPICS } from '../world/network.ts'
import { headerIn } from '../world/probes.ts'
import type { LogListener } from './accepted-log.ts'
import type { Breaches } from './breaches.ts'

export class AnswerChecks implements LogListener {
  readonly #breaches: Breaches

  constructor(breaches: Breaches) {
    this.#breaches = breaches
  }

  accepted(): void {}

  /** Handlers of the simulation throw nothing else that has no answer of its own. */
  other({ topic, records }: Landed): void {
    if (topic !== TOPICS.replies) return
    for (const record of records) {
      const isRow = headerIn(record, H.errorCode) === HANDLER_ERROR.errorCode
      this.#breaches.expect('S8', !isRow, () => `${headerIn(record, H.id)} says that what was kept has failed`)
    }
  }
}
