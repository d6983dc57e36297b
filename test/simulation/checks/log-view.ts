/** The accepted part of a log, folded: what a reader knows of every saga. */
import { BatchReader } from '../../../shared/message/batch.ts'
import type { EventEnvelope } from '../../../shared/message/events.ts'
import type { SagaId } from '../../../shared/message/ids.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import { evolve } from '../../../shared/saga/evolve.ts'
import type { SagaState } from '../../../shared/saga/state.ts'
import { must } from '../../property/must.ts'
import { TOPICS } from '../world/network.ts'

export class LogView {
  readonly states = new Map<SagaId, SagaState>()
  readonly histories = new Map<SagaId, EventEnvelope[]>()
  readonly #broker: Broker
  readonly #partitions: { reader: BatchReader; next: bigint }[] = []

  constructor(broker: Broker) {
    this.#broker = broker
  }

  /** Reads on to the end that the log has now. */
  async readOn(): Promise<void> {
    const count = await this.#broker.partitions(TOPICS.events)
    for (let partition = 0; partition < count; partition++) {
      const at = this.#at(partition)
      for await (const records of this.#broker.read(TOPICS.events, partition, at.next)) {
        for (const record of records) {
          at.next = record.offset + 1n
          for (const { decoded } of at.reader.read(record)?.events ?? []) {
            must(decoded.kind !== 'unreadable', () => `an event that cannot be read: ${JSON.stringify(decoded)}`)
            if (decoded.kind === 'event') this.#take(decoded.envelope)
          }
        }
      }
    }
  }

  #at(partition: number): { reader: BatchReader; next: bigint } {
    const known = this.#partitions[partition] ?? { reader: new BatchReader(), next: 0n }
    this.#partitions[partition] = known
    return known
  }

  #take(envelope: EventEnvelope): void {
    const { sagaId } = envelope
    this.states.set(sagaId, evolve(this.states.get(sagaId), envelope))
    const history = this.histories.get(sagaId) ?? []
    history.push(envelope)
    this.histories.set(sagaId, history)
  }
}
