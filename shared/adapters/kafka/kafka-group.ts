/** A group member as the port wants it: the membership says what it holds, the delivery brings the records. */
import { messageOf, OperationalError } from '../../message/errors.ts'
import type { GroupListener, GroupMember, GroupOptions } from '../../ports/broker.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { ClusterLink } from './cluster-link.ts'
import { GroupDelivery } from './group-delivery.ts'
import { GroupMembership } from './group-membership.ts'
import { classify } from './kafka-errors.ts'

const COORDINATOR_TRIES_MAX = 10
const COORDINATOR_PAUSE_MS = 100
/** Between two looks at the number of partitions. */
const PARTITIONS_CHECK_MS = 30_000

export interface KafkaGroupOptions extends GroupOptions {
  readonly link: ClusterLink
  readonly log: Log
  readonly partitionsCheckMs?: number
}

/** Joins; partitions come through `listener.assigned` after this has answered. */
export async function joinKafkaGroup(options: KafkaGroupOptions, listener: GroupListener): Promise<KafkaGroup> {
  const { link, topics } = options
  const counts = await Promise.all(topics.map((topic) => link.partitions(topic)))
  const [partitions = 0] = counts
  if (counts.some((count) => count !== partitions)) {
    const message = `the topics ${topics.join(', ')} have ${counts.join(', ')} partitions`
    throw new OperationalError('not-co-partitioned', message, { where: 'kafka', retriable: false })
  }
  return new KafkaGroup(options, listener, partitions)
}

export class KafkaGroup implements GroupMember {
  readonly #options: KafkaGroupOptions
  readonly #delivery: GroupDelivery
  readonly #membership: GroupMembership
  readonly #watch: NodeJS.Timeout
  #closing: Promise<void> | undefined

  constructor(options: KafkaGroupOptions, listener: GroupListener, partitions: number) {
    this.#options = options
    const delivery = new GroupDelivery(options.link, listener, options.log)
    this.#delivery = delivery
    this.#membership = new GroupMembership({
      ...options,
      partitions,
      assigned(partition) {
        delivery.hold(partition)
        listener.assigned(partition)
      },
      async revoked(partition) {
        // A listener that fails must not keep a partition that belongs to another member.
        await listener.revoked(partition).catch((error: unknown) => {
          options.log.error('letting go of a partition failed', { partition, error: messageOf(error) })
        })
        delivery.drop(partition)
      },
      trouble: (error) => listener.trouble(error),
    })
    const checkMs = options.partitionsCheckMs ?? PARTITIONS_CHECK_MS
    this.#watch = setInterval(() => void this.#checkPartitions(partitions, listener), checkMs)
    this.#watch.unref()
    // After the caller has its member, which it may need in `assigned`.
    setImmediate(() => {
      if (this.#closing === undefined) this.#membership.start()
    })
  }

  open(topic: string, partition: number, from: bigint): void {
    this.#delivery.open(topic, partition, from)
  }

  pause(topic: string, partition: number): void {
    this.#delivery.pause(topic, partition)
  }

  resume(topic: string, partition: number): void {
    this.#delivery.resume(topic, partition)
  }

  owns(partition: number): boolean {
    return this.#membership.holds(partition)
  }

  commit(topic: string, partition: number, next: bigint): Promise<void> {
    const topics = [{ topic, partitions: [{ partition, offset: String(next) }] }]
    return this.#ask(`keeping the checkpoint of ${topic}-${partition}`, async (coordinator) => {
      await coordinator.offsetCommit({ ...this.#membership.identity(), topics })
    })
  }

  committed(topic: string, partition: number): Promise<bigint | undefined> {
    const request = { groupId: this.#options.group, topics: [{ topic, partitions: [{ partition }] }] }
    return this.#ask(`asking for the checkpoint of ${topic}-${partition}`, async (coordinator) => {
      const { responses } = await coordinator.offsetFetch(request)
      const offset = BigInt(responses[0]?.partitions[0]?.offset ?? -1)
      return offset < 0n ? undefined : offset
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** With more partitions keys move, so what is held here is no longer what it was: the member leaves for good. */
  async #checkPartitions(partitions: number, listener: GroupListener): Promise<void> {
    const { link, topics } = this.#options
    link.distrust()
    // What cannot be asked now is asked again; a topic that is gone is told by those who read it.
    const counts = await Promise.all(topics.map((topic) => link.partitions(topic))).catch(() => [])
    const changed = counts.find((count) => count !== partitions)
    if (changed === undefined || this.#closing !== undefined) return
    clearInterval(this.#watch)
    const message = `of ${topics.join(', ')} one has ${changed} partitions now, not ${partitions}: keys have moved`
    listener.trouble(new OperationalError('partitions-changed', message, { where: 'kafka', retriable: false }))
    await this.#membership.leave()
  }

  async #close(): Promise<void> {
    clearInterval(this.#watch)
    await this.#membership.leave()
    await this.#delivery.close()
    await this.#options.link.close()
  }

  async #ask<T>(
    what: string,
    work: (coordinator: Awaited<ReturnType<ClusterLink['coordinator']>>) => Promise<T>,
  ): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work(await this.#options.link.coordinator(this.#options.group))
      } catch (error) {
        const known = classify(error, what)
        const over = known.code === 'group-member-unknown' || known.code === 'group-generation-old'
        if (over || !known.retriable || tries >= COORDINATOR_TRIES_MAX) throw known
        await new Promise((resolve) => setTimeout(resolve, COORDINATOR_PAUSE_MS))
      }
    }
  }
}
