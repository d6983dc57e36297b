/**
 * A log kept in memory, as plain objects. Nothing is ever dropped from it, but for what a newer record of its key stands for
 * in a compacted topic: that goes at once.
 */
import { assert } from '../../message/errors.ts'
import type { LogRecord, NewRecord } from '../../message/record.ts'
import type { TopicDescription, TopicSpec } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LogStore, PartitionWrite, Place, StoredWrite, WriteResult, WriteTurn } from '../in-process/log-store.ts'

/** Records that one read answers. */
const READ_RECORDS_MAX = 1_000

interface Topic {
  readonly compacted: boolean
  readonly partitions: readonly Partition[]
}

interface Partition {
  /** In the order of their offsets. */
  records: LogRecord[]
  end: number
}

export class MemoryStore implements LogStore {
  readonly where = 'memory-log'
  readonly #clock: Clock
  readonly #topics = new Map<string, Topic>()
  readonly #checkpoints = new Map<string, bigint>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  topic(name: string): TopicDescription | undefined {
    const partitions = this.#topics.get(name)?.partitions.length
    return partitions === undefined ? undefined : { name, partitions }
  }

  createTopic({ name, partitions, retention }: TopicSpec): void {
    this.#topics.set(name, {
      compacted: retention === 'compacted',
      partitions: Array.from({ length: partitions }, () => ({ records: [], end: 0 })),
    })
  }

  start(): bigint {
    return 0n
  }

  end(place: Place): bigint {
    return BigInt(this.#at(place).partition.end)
  }

  write(turn: WriteTurn): WriteResult {
    for (const c of turn.checkpoints) this.#checkpoints.set(checkpointKey(c.group, c), c.next)
    return { kind: 'stored', stored: turn.writes.map((write) => this.#append(write)) }
  }

  read(place: Place, from: bigint): readonly LogRecord[] {
    const { compacted, partition } = this.#at(place)
    const { records } = partition
    const first = compacted ? records.findIndex(({ offset }) => offset >= from) : Number(from)
    return first < 0 ? [] : records.slice(first, first + READ_RECORDS_MAX)
  }

  checkpoint(group: string, place: Place): bigint | undefined {
    return this.#checkpoints.get(checkpointKey(group, place))
  }

  close(): void {}

  #at(place: Place): { compacted: boolean; partition: Partition } {
    const topic = this.#topics.get(place.topic)
    const partition = topic?.partitions[place.partition]
    assert(topic !== undefined && partition !== undefined, `no partition ${place.topic}/${place.partition}`)
    return { compacted: topic.compacted, partition }
  }

  #append({ topic, partition, records }: PartitionWrite): StoredWrite {
    const { compacted, partition: kept } = this.#at({ topic, partition })
    const base = kept.end
    const timestamp = this.#clock.now()
    const appended = records.map((record, i): LogRecord => {
      return { topic, partition, offset: BigInt(base + i), timestamp, ...inBytes(record) }
    })
    for (const record of appended) kept.records.push(record)
    kept.end += records.length
    if (compacted) compact(kept)
    return { topic, partition, base: BigInt(base), count: records.length, records: () => appended }
  }
}

/** The newest record of each key stays. */
function compact(partition: Partition): void {
  const newest = new Map(partition.records.map((record) => [textOf(record.key), record]))
  partition.records = partition.records.filter(
    (record) => record.key === null || newest.get(textOf(record.key)) === record,
  )
}

const textOf = (key: Uint8Array | null): string => (key === null ? '' : Buffer.from(key).toString('hex'))

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
