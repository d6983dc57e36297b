/** Commands to participants, as they land: each is asked for by an accepted event (S10), and is the same bytes each time (S9). */
import { H } from '../../../shared/message/headers.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import { participantTopic } from '../../../shared/message/topics.ts'
import type { Landed } from '../world/network.ts'
import { PARTICIPANTS } from '../world/plans.ts'
import { headerIn } from '../world/probes.ts'
import type { LogListener, ReadBatch } from './accepted-log.ts'
import type { Breaches } from './breaches.ts'

/** Of commands, with who carries them out. */
export const PARTICIPANT_TOPICS: ReadonlyMap<string, string> = new Map(
  PARTICIPANTS.map((name) => [participantTopic(name), name]),
)

export class CommandChecks implements LogListener {
  /** What was asked for, and the first bytes that were sent of it. */
  readonly #asked = new Map<string, { readonly topic: string; text: string | undefined }>()
  readonly #breaches: Breaches

  constructor(breaches: Breaches) {
    this.#breaches = breaches
  }

  accepted({ events }: ReadBatch): void {
    for (const { event, sagaId } of events) {
      if (event.type !== 'step-requested' && event.type !== 'compensation-requested') continue
      if (event.child !== undefined || event.lock !== undefined) continue
      const direction = event.type === 'step-requested' ? 'forward' : 'compensate'
      const id = `${sagaId}/${event.sentAs ?? event.step}/${direction}/${event.attempt}`
      this.#breaches.expect('S9', !this.#asked.has(id), () => `${id} is asked for once more`)
      this.#asked.set(id, { topic: participantTopic(event.participant), text: undefined })
    }
  }

  other({ topic, records }: Landed): void {
    if (!PARTICIPANT_TOPICS.has(topic)) return
    for (const record of records) this.#sent(topic, record)
  }

  #sent(topic: string, record: NewRecord): void {
    const id = headerIn(record, H.id) ?? ''
    const asked = this.#asked.get(id)
    this.#breaches.expect(
      'S10',
      asked?.topic === topic,
      () => `${id} is sent to ${topic}, and no accepted event asks for it`,
    )
    if (!asked) return
    const text = `${String(record.value)} ${JSON.stringify(record.headers)}`
    asked.text ??= text
    this.#breaches.expect('S9', asked.text === text, () => `${id} is sent again as other bytes: ${asked.text}; ${text}`)
  }

  /** Asked for, and never sent. */
  expectAllSent(): void {
    for (const [id, { text }] of this.#asked)
      this.#breaches.expect('L2', text !== undefined, () => `${id} was never sent`)
  }
}
