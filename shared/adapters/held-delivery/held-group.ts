/** A member of a group whose records are made ready on their way: between the log's member and the listener. */
import type { OperationalError } from '../../message/errors.ts'
import type { LogRecord } from '../../message/record.ts'
import type { GroupListener, GroupMember } from '../../ports/broker.ts'
import { HeldFeed, type Preparation } from './held-feed.ts'

export class HeldGroup implements GroupListener {
  readonly #listener: GroupListener
  readonly #preparation: Preparation
  readonly #feeds = new Map<string, HeldFeed>()
  #inner: GroupMember | undefined

  constructor(listener: GroupListener, preparation: Preparation) {
    this.#listener = listener
    this.#preparation = preparation
  }

  /** The member as the listener has it. */
  joined(inner: GroupMember): GroupMember {
    this.#inner = inner
    return {
      open: (topic, partition, from) => {
        this.#feed(topic, partition).open()
        inner.open(topic, partition, from)
      },
      pause: (topic, partition) => {
        this.#feed(topic, partition).pause()
        inner.pause(topic, partition)
      },
      resume: (topic, partition) => {
        const feed = this.#feed(topic, partition)
        feed.resume()
        if (!feed.isHeld) inner.resume(topic, partition)
      },
      commit: (topic, partition, next) => inner.commit(topic, partition, next),
      committed: (topic, partition) => inner.committed(topic, partition),
      owns: (partition) => inner.owns(partition),
      close: () => inner.close().finally(() => this.stop()),
    }
  }

  /** Nothing more is delivered, whatever is on its way. */
  stop(): void {
    for (const feed of this.#feeds.values()) feed.stop()
    this.#feeds.clear()
  }

  assigned(partition: number): void {
    this.#listener.assigned(partition)
  }

  /** What the listener does on its way out may still bring records, as with the log's own member. */
  async revoked(partition: number): Promise<void> {
    await this.#listener.revoked(partition)
    for (const [key, feed] of this.#feeds) {
      if (!key.startsWith(`${partition}/`)) continue
      feed.stop()
      this.#feeds.delete(key)
    }
  }

  records(topic: string, partition: number, records: readonly LogRecord[]): void {
    this.#feed(topic, partition).take(records)
  }

  trouble(error: OperationalError): void {
    this.#listener.trouble(error)
  }

  #feed(topic: string, partition: number): HeldFeed {
    const key = `${partition}/${topic}`
    const known = this.#feeds.get(key)
    if (known) return known
    const feed = new HeldFeed({
      topic,
      preparation: this.#preparation,
      deliver: (records) => this.#listener.records(topic, partition, records),
      hold: (held) => (held ? this.#inner?.pause(topic, partition) : this.#inner?.resume(topic, partition)),
      broken: (error) => this.#listener.trouble(error),
    })
    this.#feeds.set(key, feed)
    return feed
  }
}
