/** A connection to a log in this process: the broker port, and the members that joined through it. */
import { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type {
  AppendBatch,
  AppendResult,
  Broker,
  GroupListener,
  GroupMember,
  GroupOptions,
  PartitionOffsets,
  TopicDescription,
  TopicSpec,
} from '../../ports/broker.ts'
import { type InProcessLog, topicMissing } from './in-process-log.ts'
import { offsetAfter, type Place } from './log-store.ts'
import type { Member } from './member.ts'
import { outOfRange } from './out-of-range.ts'

export class InProcessBroker implements Broker {
  readonly #log: InProcessLog
  readonly #onClose: () => Promise<void>
  readonly #members = new Set<Member>()
  #closing: Promise<void> | undefined

  constructor(log: InProcessLog, onClose: () => Promise<void> = async () => {}) {
    this.#log = log
    this.#onClose = onClose
  }

  async append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]> {
    if (this.#closing) return batches.map(() => ({ kind: 'refused', error: this.#closedError() }))
    return Promise.all(batches.map((batch) => this.#log.append(batch)))
  }

  async join(options: GroupOptions, listener: GroupListener): Promise<GroupMember> {
    if (this.#closing) throw this.#closedError()
    const member = this.#log.join(options, listener)
    this.#members.add(member)
    return member
  }

  read(topic: string, partition: number, from: bigint): AsyncIterable<readonly LogRecord[]> {
    const place = { topic, partition }
    const end = this.#log.store.topic(topic) ? this.#log.store.end(place) : undefined
    return this.#readTo(place, from, end)
  }

  async offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    const { store } = this.#log
    await this.#log.settled()
    return Array.from({ length: this.#log.partitionsOf(topic) }, (_, partition) => {
      const place = { topic, partition }
      return { partition, start: store.start(place), end: store.end(place) }
    })
  }

  async partitions(topic: string): Promise<number> {
    return this.#log.partitionsOf(topic)
  }

  async createTopics(topics: readonly TopicSpec[]): Promise<void> {
    for (const spec of topics) {
      const found = this.#log.store.topic(spec.name)
      if (!found) this.#log.store.createTopic(spec)
      else if (found.partitions !== spec.partitions) throw this.#mismatch(spec, found)
    }
    await this.#log.settled()
  }

  async describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    return names.flatMap((name) => this.#log.store.topic(name) ?? [])
  }

  close(): Promise<void> {
    this.#closing ??= this.#leaveAll()
    return this.#closing
  }

  /** Ends as a process does under kill -9: no listener is called any more, and others take its partitions over. */
  drop(): void {
    this.#closing ??= Promise.resolve()
    for (const member of this.#members) member.drop()
    this.#members.clear()
  }

  async #leaveAll(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.close()))
    await this.#onClose()
  }

  async *#readTo(place: Place, from: bigint, end: bigint | undefined): AsyncGenerator<readonly LogRecord[]> {
    const { store, clock } = this.#log
    if (end === undefined) throw topicMissing(store, place.topic)
    let next = from
    this.#checkRange(place, next)
    // What may be lost yet is not read.
    await this.#log.settled()
    while (next < end) {
      const records = store.read(place, next)
      next = offsetAfter(records, next)
      yield next <= end ? records : records.filter(({ offset }) => offset < end)
      await new Promise<void>((resolve) => clock.soon(resolve))
      this.#checkRange(place, next)
    }
  }

  #checkRange(place: Place, from: bigint): void {
    const error = outOfRange(this.#log.store, place, from)
    if (error) throw error
  }

  #mismatch(spec: TopicSpec, found: TopicDescription): OperationalError {
    const why = `${spec.name} has ${found.partitions} partitions, not ${spec.partitions}: they are fixed when a topic is created`
    return new OperationalError('topic-mismatch', why, { where: this.#log.store.where, retriable: false })
  }

  #closedError(): OperationalError {
    return new OperationalError('broker-closed', 'the broker is closed', {
      where: this.#log.store.where,
      retriable: false,
    })
  }
}
