/** Reads the events of a log on: each time those that came since. */
import { BatchReader } from '../../shared/message/batch.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import type { Broker } from '../../shared/ports/broker.ts'

export class EventTail {
  readonly #broker: Broker
  readonly #topic: string
  readonly #partitions = new Map<number, { readonly reader: BatchReader; next: bigint }>()

  constructor(broker: Broker, topic: string) {
    this.#broker = broker
    this.#topic = topic
  }

  /** Of accepted batches, partition by partition. */
  async readOn(): Promise<EventEnvelope[]> {
    const found: EventEnvelope[] = []
    for (const { partition } of await this.#broker.offsets(this.#topic)) {
      const at = this.#partitions.get(partition) ?? { reader: new BatchReader(), next: 0n }
      this.#partitions.set(partition, at)
      for await (const records of this.#broker.read(this.#topic, partition, at.next))
        for (const record of records) {
          at.next = record.offset + 1n
          for (const { decoded } of at.reader.read(record)?.events ?? [])
            if (decoded.kind === 'event') found.push(decoded.envelope)
        }
    }
    return found
  }
}
