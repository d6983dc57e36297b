/** A log kept in memory, as plain objects. Nothing is ever dropped from it. */
import { assert } from '../../message/errors.ts'
import type { LogRecord, NewRecord } from '../../message/record.ts'
import type { TopicDescription, TopicSpec } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LogStore, PartitionWrite, Place, StoredWrite, WriteResult, WriteTurn } from '../in-process/log-store.ts'

/** Records that one read answers. */
const READ_RECORDS_MAX = 1_000

export class MemoryStore implements LogStore {
  readonly where = 'memory-log'
  readonly #clock: Clock
  readonly #topics = new Map<string, readonly LogRecord[][]>()
  readonly #checkpoints = new Map<string, bigint>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  topic(name: string): TopicDescription | undefined {
    const partitions = this.#topics.get(name)?.length
    return partitions === undefined ? undefined : { name, partitions }
  }

  createTopic(spec: TopicSpec): void {
    this.#topics.set(
      spec.name,
      Array.from({ length: spec.partitions }, () => []),
    )
  }

  start(): bigint {
    return 0n
  }

  end(place: Place): bigint {
    return BigInt(this.#records(place).length)
  }

  write(turn: WriteTurn): WriteResult {
    for (const c of turn.checkpoints) this.#checkpoints.set(checkpointKey(c.group, c), c.next)
    return { kind: 'stored', stored: turn.writes.map((write) => this.#append(write)) }
  }

  read(place: Place, from: bigint): readonly LogRecord[] {
    return this.#records(place).slice(Number(from), Number(from) + READ_RECORDS_MAX)
  }

  checkpoint(group: string, place: Place): bigint | undefined {
    return this.#checkpoints.get(checkpointKey(group, place))
  }

  close(): void {}

  #records(place: Place): LogRecord[] {
    const records = this.#topics.get(place.topic)?.[place.partition]
    assert(records !== undefined, `no partition ${place.topic}/${place.partition}`)
    return records
  }

  #append({ topic, partition, records }: PartitionWrite): StoredWrite {
    const kept = this.#records({ topic, partition })
    const first = kept.length
    const timestamp = this.#clock.now()
    for (const record of records) {
      kept.push({ topic, partition, offset: BigInt(kept.length), timestamp, ...inBytes(record) })
    }
    const appended = kept.slice(first)
    return { topic, partition, base: BigInt(first), count: records.length, records: () => appended }
  }
}

function checkpointKey(group: string, place: Place): string {
  return JSON.stringify([group, place.topic, place.partition])
}

/** Copied, as a real broker does: what the caller changes later is not changed in the log. */
function inBytes(record: NewRecord): Pick<LogRecord, 'key' | 'value' | 'headers'> {
  return {
    key: record.key === null ? null : copy(record.key),
    value: record.value === null ? null : copy(record.value),
    headers: record.headers.map(([name, value]) => [name, copy(value)]),
  }
}

const encoder = new TextEncoder()

function copy(part: string | Uint8Array): Uint8Array {
  return typeof part === 'string' ? encoder.encode(part) : new Uint8Array(part)
}
