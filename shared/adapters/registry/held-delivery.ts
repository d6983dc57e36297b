/**
 * Delivery to one member of a group, held where the registry must be asked first.
 *
 * Each topic-partition is a lane: clear -> held, when a record comes whose schema is not known yet; held -> clear, when all
 * that came has been delivered. While it is held the broker delivers no more, and order is kept. A lane that is opened
 * anew or revoked forgets what it holds.
 */
import type { LogRecord } from '../../message/record.ts'
import type { GroupListener, GroupMember } from '../../ports/broker.ts'
import type { RegistryValues } from './registry-values.ts'

type Chunk = readonly LogRecord[]

interface Lane {
  readonly topic: string
  readonly partition: number
  /** Chunks that wait, in order; empty when the lane is clear. */
  waiting: Chunk[]
  /** Whether the consumer has asked for a pause itself. */
  isPaused: boolean
  /** What is under way for another generation is let go. */
  generation: number
}

export interface HeldDeliveryOptions {
  readonly values: RegistryValues
  readonly listener: GroupListener
  /** Whether values of the topic can be framed. */
  readonly takesFrames: (topic: string) => boolean
}

export class HeldDelivery {
  readonly #options: HeldDeliveryOptions
  readonly #lanes = new Map<string, Lane>()
  #member: GroupMember | undefined

  constructor(options: HeldDeliveryOptions) {
    this.#options = options
  }

  /** What the broker's member is joined with. */
  get listener(): GroupListener {
    const { listener } = this.#options
    return {
      assigned: (partition) => listener.assigned(partition),
      revoked: (partition) => {
        for (const lane of this.#lanes.values()) if (lane.partition === partition) this.#forget(lane)
        return listener.revoked(partition)
      },
      records: (topic, partition, records) => this.#take(topic, partition, records),
      trouble: (error) => listener.trouble(error),
    }
  }

  /** The member as its consumer sees it. */
  member(inner: GroupMember): GroupMember {
    this.#member = inner
    return {
      open: (topic, partition, from) => {
        const lane = this.#lane(topic, partition)
        this.#forget(lane)
        lane.isPaused = false
        inner.open(topic, partition, from)
      },
      pause: (topic, partition) => {
        this.#lane(topic, partition).isPaused = true
        inner.pause(topic, partition)
      },
      resume: (topic, partition) => {
        const lane = this.#lane(topic, partition)
        lane.isPaused = false
        if (lane.waiting.length === 0) inner.resume(topic, partition)
      },
      commit: (topic, partition, next) => inner.commit(topic, partition, next),
      committed: (topic, partition) => inner.committed(topic, partition),
      owns: (partition) => inner.owns(partition),
      close: async () => {
        await inner.close()
        for (const lane of this.#lanes.values()) this.#forget(lane)
      },
    }
  }

  #lane(topic: string, partition: number): Lane {
    const key = `${topic}/${partition}`
    const lane = this.#lanes.get(key) ?? { topic, partition, waiting: [], isPaused: false, generation: 0 }
    this.#lanes.set(key, lane)
    return lane
  }

  #forget(lane: Lane): void {
    lane.generation++
    lane.waiting = []
  }

  #take(topic: string, partition: number, records: Chunk): void {
    const { values, listener, takesFrames } = this.#options
    const lane = this.#lane(topic, partition)
    if (lane.waiting.length > 0) {
      lane.waiting.push(records)
      return
    }
    const ready = takesFrames(topic) ? decodedAll(values, records) : records
    if (ready) {
      listener.records(topic, partition, ready)
      return
    }
    lane.waiting = [records]
    this.#member?.pause(topic, partition)
    void this.#deliver(lane, lane.generation)
  }

  async #deliver(lane: Lane, generation: number): Promise<void> {
    const { values, listener } = this.#options
    for (let chunk = lane.waiting[0]; chunk; chunk = lane.waiting[0]) {
      for (const record of chunk) {
        await values.learnId(record)
        if (lane.generation !== generation || values.isClosed) return
      }
      const ready = decodedAll(values, chunk)
      // Told as unknown too long ago: it is asked once more.
      if (!ready) continue
      lane.waiting.shift()
      listener.records(lane.topic, lane.partition, ready)
      if (lane.generation !== generation) return
    }
    if (!lane.isPaused) this.#member?.resume(lane.topic, lane.partition)
  }
}

/** The records with JSON for values; `undefined` when the registry must be asked about one of them. */
export function decodedAll(values: RegistryValues, records: Chunk): Chunk | undefined {
  if (!records.some(({ value }) => value?.[0] === 0)) return records
  const all: LogRecord[] = []
  for (const record of records) {
    const one = values.decode(record)
    if (!one) return undefined
    all.push(one)
  }
  return all
}
