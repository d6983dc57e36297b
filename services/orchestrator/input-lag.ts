/**
 * How far the orchestrator is behind what it is asked, by partition that it owns: told as a gauge, and kept with its group,
 * so that whoever watches the lag of consumer groups sees it too. Nothing ever begins there: where an owner goes on stands in
 * the log's own batches.
 */
import type { KasagaTopics } from '../../shared/message/topics.ts'
import type { Broker, GroupMember } from '../../shared/ports/broker.ts'
import type { Metrics } from '../../shared/ports/telemetry.ts'
import type { ConsumedMarks } from '../../shared/runtime/partition-state.ts'

export interface InputLagPorts {
  readonly broker: Broker
  readonly topics: KasagaTopics
  readonly metrics: Metrics
  readonly member: () => Pick<GroupMember, 'commit'> | undefined
  /** What the owners here have decided and seen land. */
  readonly consumed: () => ReadonlyMap<number, ConsumedMarks>
}

const SOURCES = ['commands', 'replies'] as const

export class InputLag {
  readonly #ports: InputLagPorts
  /** What was kept last, by topic and partition. */
  readonly #kept = new Map<string, bigint>()

  constructor(ports: InputLagPorts) {
    this.#ports = ports
  }

  /** @throws OperationalError when the broker does not answer: what it did answer is told. */
  async tell(): Promise<void> {
    for (const source of SOURCES) await this.#tell(source)
  }

  /** The partition is another's: whoever has it says how far it is. */
  forget(partition: number): void {
    for (const source of SOURCES) {
      this.#kept.delete(`${source} ${partition}`)
      this.#ports.metrics.gauge('kasaga_input_lag_records', 0, { topic: source, partition })
    }
  }

  async #tell(source: keyof ConsumedMarks): Promise<void> {
    const { broker, topics, metrics, consumed } = this.#ports
    const topic = topics[source]
    for (const { partition, end } of await broker.offsets(topic)) {
      const next = consumed().get(partition)?.[source]
      if (next === undefined) continue
      // An owner may have gone on since the end was asked for.
      metrics.gauge('kasaga_input_lag_records', Math.max(0, Number(end - next)), { topic: source, partition })
      await this.#keep(source, partition, next)
    }
  }

  async #keep(source: keyof ConsumedMarks, partition: number, next: bigint): Promise<void> {
    const { topics, member } = this.#ports
    const place = `${source} ${partition}`
    if (this.#kept.get(place) === next) return
    await member()?.commit(topics[source], partition, next)
    this.#kept.set(place, next)
  }
}
