/**
 * A log that lives in this process: what is kept, who waits to write to it, and the groups that listen to it.
 * Any number of broker connections share one. Groups are made by their first member and go with their last.
 */
import { OperationalError } from '../../message/errors.ts'
import type { AppendBatch, AppendResult, GroupListener, GroupOptions } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import { AppendQueue } from './append-queue.ts'
import { appendSize } from './append-size.ts'
import { Durability } from './durability.ts'
import { Group } from './group.ts'
import type { CheckpointWrite, LogStore, Place, StoredWrite } from './log-store.ts'
import { Member } from './member.ts'

export class InProcessLog {
  readonly store: LogStore
  readonly clock: Clock
  readonly #durability: Durability
  readonly #queue: AppendQueue
  readonly #groups = new Map<string, Group>()
  readonly #members = new Set<Member>()

  constructor(store: LogStore, clock: Clock) {
    this.store = store
    this.clock = clock
    this.#durability = new Durability(store, clock)
    const listeners = {
      written: (write: StoredWrite) => this.#tell(write, (member) => member.isEarly),
      stored: (write: StoredWrite) => this.#tell(write, (member) => !member.isEarly),
      unknown: () => this.lookAgain(),
    }
    this.#queue = new AppendQueue({ store, clock, durability: this.#durability, listeners })
  }

  append(batch: AppendBatch): Promise<AppendResult> {
    const size = appendSize(this.store, batch)
    if (size instanceof OperationalError) return Promise.resolve({ kind: 'refused', error: size })
    return new Promise((answer) => this.#queue.append({ ...batch, bytes: size, answer }))
  }

  commit(write: CheckpointWrite): Promise<void> {
    return this.#queue.commit(write)
  }

  join(options: GroupOptions, listener: GroupListener): Member {
    const partitions = this.#coPartitions(options)
    let group = this.#groups.get(options.group)
    if (!group || group.empty) {
      group = new Group(partitions, this.clock)
      this.#groups.set(options.group, group)
    }
    if (group.partitions !== partitions) throw this.#notCoPartitioned(`the group ${options.group}`)
    const member = new Member(options, listener, { log: this, group })
    this.#members.add(member)
    group.join(member)
    return member
  }

  left(member: Member): void {
    this.#members.delete(member)
    if (this.#groups.get(member.groupName)?.empty) this.#groups.delete(member.groupName)
  }

  /** Writes what waits, then ends. The members have been closed before. */
  async close(): Promise<void> {
    this.#queue.close()
    // Who waits for it has been told that it failed.
    await this.#durability.settled().catch(() => {})
    this.store.close()
  }

  partitionsOf(topic: string): number {
    const found = this.store.topic(topic)
    if (!found) throw topicMissing(this.store, topic)
    return found.partitions
  }

  #coPartitions(options: GroupOptions): number {
    const counts = new Set(options.topics.map((topic) => this.partitionsOf(topic)))
    const [partitions] = counts
    if (partitions === undefined || counts.size > 1) throw this.#notCoPartitioned(options.topics.join(', '))
    return partitions
  }

  #notCoPartitioned(what: string): OperationalError {
    const why = `${what}: the topics do not all have the same number of partitions`
    return new OperationalError('not-co-partitioned', why, { where: this.store.where, retriable: false })
  }

  /** Where the records end that cannot be lost any more. */
  durableEnd(place: Place): bigint {
    return this.#durability.end(place)
  }

  /**
   * Resolves once all that has been written so far is durable.
   * @throws OperationalError what the disk says
   */
  settled(): Promise<void> {
    return this.#durability.settled()
  }

  /** The store takes records again. */
  recovered(): void {
    const again = () => this.lookAgain()
    // Where it fails again it is told of it again.
    this.#durability.settled().then(again, () => {})
  }

  /** Something may have come into the log that nobody was told of: whoever stands at its end looks again. */
  lookAgain(): void {
    for (const member of this.#members) member.lookAgain()
  }

  #tell(write: StoredWrite, whom: (member: Member) => boolean): void {
    for (const member of this.#members) if (whom(member)) member.written(write)
  }
}

export function topicMissing(store: LogStore, topic: string): OperationalError {
  const { where } = store
  return new OperationalError('topic-missing', `there is no topic ${topic}`, { where, retriable: false })
}
