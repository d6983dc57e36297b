/**
 * A broker that keeps large values aside (claim check): around any other, with the same guarantees, so that nobody who
 * appends or reads knows of it.
 *
 * - A value above the rule's size is stored first, durably; then its record is appended with a claim in its place.
 * - What is read or delivered has its values back, in order. A store in trouble holds it up: delivery waits, a read is
 *   tried for half a minute and then throws. A payload that is missing or damaged leaves its record as it stands in
 *   the log, which no decoder takes: a dead letter, or one quarantined saga.
 * - Records without a claim cost a look at the length of their value.
 */
import type { ClaimRule } from '../../message/claim.ts'
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
import { HeldGroup } from '../held-delivery/held-group.ts'
import { ClaimedAppend } from './claimed-append.ts'
import { type DeskPorts, PayloadDesk } from './payload-desk.ts'
import { hasClaim, payloadsOf, redeemFirst } from './redeem.ts'

export interface ClaimCheckOptions extends DeskPorts {
  /** Absent: nothing is kept aside here, and what others have kept aside is read all the same. */
  readonly rule?: ClaimRule | undefined
}

/** About half a minute. */
const READ_ATTEMPTS_MAX = 12

export class ClaimCheckBroker implements Broker {
  readonly claims: ClaimRule | undefined
  readonly #inner: Broker
  readonly #options: ClaimCheckOptions
  readonly #desk: PayloadDesk
  readonly #append: ClaimedAppend | undefined
  readonly #groups = new Set<HeldGroup>()
  readonly #closing = new AbortController()

  /** Closing it closes the broker inside and the store. */
  constructor(inner: Broker, options: ClaimCheckOptions) {
    const { rule } = options
    this.claims = rule
    this.#inner = inner
    this.#options = options
    this.#desk = new PayloadDesk(options)
    const { signal } = this.#closing
    this.#append = rule && new ClaimedAppend({ inner, desk: this.#desk, rule, signal })
  }

  append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]> {
    return (this.#append ?? this.#inner).append(batches)
  }

  async join(options: GroupOptions, listener: GroupListener): Promise<GroupMember> {
    const group = new HeldGroup(listener, payloadsOf(this.#desk))
    const member = group.joined(await this.#inner.join(options, group))
    this.#groups.add(group)
    return {
      ...member,
      close: () => member.close().finally(() => this.#groups.delete(group)),
    }
  }

  read(topic: string, partition: number, from: bigint): AsyncIterable<readonly LogRecord[]> {
    // Asked for now: the end that counts is that of this moment.
    return this.#redeemed(this.#inner.read(topic, partition, from))
  }

  offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#inner.offsets(topic)
  }

  partitions(topic: string): Promise<number> {
    return this.#inner.partitions(topic)
  }

  createTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#inner.createTopics(topics)
  }

  describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#inner.describeTopics(names)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#inner.close()
    for (const group of this.#groups) group.stop()
    await this.#options.store.close()
  }

  async *#redeemed(source: AsyncIterable<readonly LogRecord[]>): AsyncGenerator<readonly LogRecord[]> {
    const patience = { attemptsMax: READ_ATTEMPTS_MAX, signal: this.#closing.signal }
    for await (const records of source) {
      if (!hasClaim(records)) {
        yield records
        continue
      }
      for (let done = 0; done < records.length; ) {
        const part = await redeemFirst(this.#desk, records.slice(done), patience)
        done += part.length
        yield part
      }
    }
  }
}
