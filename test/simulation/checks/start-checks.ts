/**
 * Starts, as clients write them: the first one of an id that stands in the log of commands is what the saga is started
 * with, whoever else asked for the same id (S21), and what was acknowledged is never lost (S20).
 */
import { H } from '../../../shared/message/headers.ts'
import { type Landed, TOPICS } from '../world/network.ts'
import { headerIn } from '../world/probes.ts'
import type { LogListener, ReadBatch } from './accepted-log.ts'
import type { Breaches } from './breaches.ts'

export class StartChecks implements LogListener {
  /** By saga: the input that came first. */
  readonly #first = new Map<string, string>()
  readonly #started = new Map<string, string>()
  readonly #breaches: Breaches

  constructor(breaches: Breaches) {
    this.#breaches = breaches
  }

  get started(): number {
    return this.#started.size
  }

  other({ topic, records }: Landed): void {
    if (topic !== TOPICS.commands) return
    for (const record of records) {
      const saga = headerIn(record, H.sagaId)
      if (saga === undefined || !isOwn(saga) || headerIn(record, H.type) !== 'kasaga.start.v1') continue
      if (!this.#first.has(saga) && isText(record.value)) this.#first.set(saga, record.value)
    }
  }

  accepted({ events }: ReadBatch): void {
    for (const { event, sagaId } of events) {
      if (event.type !== 'saga-started' || !isOwn(sagaId)) continue
      const input = JSON.stringify(event.input)
      const first = this.#first.get(sagaId)
      this.#breaches.expect('S21', first === input, () => `${sagaId} is started with ${input}, and ${first} came first`)
      this.#started.set(sagaId, input)
    }
  }

  expectStarted(acknowledged: ReadonlySet<string>): void {
    for (const saga of acknowledged)
      this.#breaches.expect('S20', this.#started.has(saga), () => `the start of ${saga} was acknowledged, and is lost`)
  }
}

/** Not a child, a fork or rubbish. */
function isOwn(saga: string): boolean {
  return /^(?:saga|sleeper)-\d+$/.test(saga)
}

function isText(value: unknown): value is string {
  if (typeof value !== 'string') return false
  try {
    JSON.parse(value)
    return true
  } catch {
    return false
  }
}
