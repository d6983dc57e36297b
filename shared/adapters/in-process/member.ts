/**
 * A member of a group: the feeds of the partitions that it has.
 * States: joined | leaving (partitions are being revoked) | gone. A feed lives from `assigned` to `gone(partition)`.
 */
import type { GroupListener, GroupMember, GroupOptions } from '../../ports/broker.ts'
import { Feed } from './feed.ts'
import type { Group } from './group.ts'
import type { InProcessLog } from './in-process-log.ts'
import type { Place, StoredWrite } from './log-store.ts'

export class Member implements GroupMember {
  readonly listener: GroupListener
  readonly #options: GroupOptions
  readonly #log: InProcessLog
  readonly #group: Group
  readonly #feeds = new Map<string, Feed>()
  #closing: Promise<void> | undefined

  constructor(options: GroupOptions, listener: GroupListener, at: { log: InProcessLog; group: Group }) {
    this.#options = options
    this.listener = listener
    this.#log = at.log
    this.#group = at.group
  }

  /** Whether it is told of records that may be lost yet. */
  get isEarly(): boolean {
    return this.#options.beforeSync ?? false
  }

  get groupName(): string {
    return this.#options.group
  }

  assigned(partition: number): void {
    const { store, clock } = this.#log
    const end = (place: Place) => (this.isEarly ? store.end(place) : this.#log.durableEnd(place))
    for (const topic of this.#options.topics) {
      this.#feeds.set(`${partition}/${topic}`, new Feed({ topic, partition }, this.listener, { store, clock, end }))
    }
    this.listener.assigned(partition)
  }

  gone(partition: number): void {
    for (const topic of this.#options.topics) {
      this.#feed(topic, partition)?.stop()
      this.#feeds.delete(`${partition}/${topic}`)
    }
  }

  written(write: StoredWrite): void {
    this.#feed(write.topic, write.partition)?.written(write)
  }

  lookAgain(): void {
    for (const feed of this.#feeds.values()) feed.lookAgain()
  }

  // A call for a partition that has gone in the meantime has nothing to act on: its feed went with it.
  open(topic: string, partition: number, from: bigint): void {
    this.#feed(topic, partition)?.open(from)
  }

  pause(topic: string, partition: number): void {
    this.#feed(topic, partition)?.pause()
  }

  resume(topic: string, partition: number): void {
    this.#feed(topic, partition)?.resume()
  }

  commit(topic: string, partition: number, next: bigint): Promise<void> {
    return this.#log.commit({ group: this.#options.group, topic, partition, next })
  }

  async committed(topic: string, partition: number): Promise<bigint | undefined> {
    return this.#log.store.checkpoint(this.#options.group, { topic, partition })
  }

  owns(partition: number): boolean {
    return this.#group.owns(this, partition)
  }

  close(): Promise<void> {
    this.#closing ??= this.#group.leave(this).then(() => this.#log.left(this))
    return this.#closing
  }

  /** Ends as its process would under kill -9: the listener hears nothing more, others take over. */
  drop(): void {
    this.#closing = Promise.resolve()
    for (const feed of this.#feeds.values()) feed.stop()
    this.#feeds.clear()
    this.#group.drop(this)
    this.#log.left(this)
  }

  #feed(topic: string, partition: number): Feed | undefined {
    return this.#feeds.get(`${partition}/${topic}`)
  }
}
