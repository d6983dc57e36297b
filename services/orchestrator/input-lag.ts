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
  /** What the owner of a partition has decided and seen land; `undefined`: it has none here that is live. */
  readonly consumed: (partition: number) => ConsumedMarks | undefined
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
    for (const source of SOURCES) {
      const partitions = await this.#tell(source)
      for (const partition of partitions) await this.#keep(source, partition)
    }
  }

  /** The partition is another's: whoever has it says how far it is. */
  forget(partition: number): void {
    for (const source of SOURCES) {
      this.#kept.delete(`${source} ${partition}`)
      this.#ports.metrics.gauge('kasaga_input_lag_records', 0, { topic: source, partition })
    }
  }

  /** Sets the gauges; answers of which partitions. */
  async #tell(source: keyof ConsumedMarks): Promise<readonly number[]> {
    const { broker, topics, metrics, consumed } = this.#ports
    const ends = await broker.offsets(topics[source])
    return ends.flatMap(({ partition, end }) => {
      const next = consumed(partition)?.[source]
      if (next === undefined) return []
      // An owner may have gone on since the end was asked for.
      metrics.gauge('kasaga_input_lag_records', Math.max(0, Number(end - next)), { topic: source, partition })
      return [partition]
    })
  }

  async #keep(source: keyof ConsumedMarks, partition: number): Promise<void> {
    const { topics, member, consumed } = this.#ports
    const place = `${source} ${partition}`
    const next = consumed(partition)?.[source]
    if (next === undefined || this.#kept.get(place) === next) return
    await member()?.commit(topics[source], partition, next)
    this.#kept.set(place, next)
  }
}
