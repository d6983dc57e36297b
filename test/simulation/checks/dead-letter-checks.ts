/**
 * Dead letters are of bad input alone (L4): of rubbish, of answers that nobody asked for, of a rival's start with another
 * input, and of what a person asked that cannot be done. What a participant was sent, what it answered, and what clients ask
 * that is always right never become one.
 */
import { H } from '../../../shared/message/headers.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { type Landed, TOPICS } from '../world/network.ts'
import { headerIn } from '../world/probes.ts'
import type { LogListener } from './accepted-log.ts'
import type { Breaches } from './breaches.ts'

/** What persons ask without knowing better, and may be told that it cannot be done. */
const REFUSED: ReadonlySet<string> = new Set(
  ['fork', 'migrate', 'edit', 'retry', 'skip', 'resolve', 'kill'].map((kind) => `kasaga.${kind}.v1`),
)

export class DeadLetterChecks implements LogListener {
  readonly #breaches: Breaches

  constructor(breaches: Breaches) {
    this.#breaches = breaches
  }

  accepted(): void {}

  other({ topic, records }: Landed): void {
    if (topic !== TOPICS.deadLetters) return
    for (const record of records) {
      const [id, type, reason] = [H.id, H.type, 'dlq-reason'].map((name) => headerIn(record, name))
      const told = () => `${type} ${id} is a dead letter, ${reason}, and nothing was wrong with it`
      this.#breaches.expect('L4', isBad(record), told)
    }
  }
}

function isBad(record: NewRecord): boolean {
  const [from, reason] = [headerIn(record, 'dlq-original-topic'), headerIn(record, 'dlq-reason')]
  // A saga that has ended may have been forgotten when an answer to it comes once more.
  if (from === TOPICS.replies)
    return reason === 'unknown-saga' || (headerIn(record, H.id)?.startsWith('stray-') ?? false)
  if (from !== TOPICS.commands) return false
  const type = headerIn(record, H.type) ?? ''
  if (type === 'kasaga.start.v1') return reason === 'start-conflict' || isRubbish(record)
  // A person may ask something of a saga whose start has not landed.
  return REFUSED.has(type) || reason === 'unknown-saga' || isRubbish(record)
}

function isRubbish({ key }: NewRecord): boolean {
  return (typeof key === 'string' ? key : new TextDecoder().decode(key ?? undefined)).startsWith('rubbish-')
}
