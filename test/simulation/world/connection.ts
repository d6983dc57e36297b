/**
 * The broker as one process has it: appends, answers and deliveries take their time, and a seed's faults befall them.
 * Once its process has ended nothing comes back any more; what was on its way still lands.
 */
import { OperationalError } from '../../../shared/message/errors.ts'
import type { LogRecord } from '../../../shared/message/record.ts'
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
} from '../../../shared/ports/broker.ts'
import { Delivery } from './delivery.ts'
import type { AppendFault, Network, Sender } from './network.ts'
import type { StepKind } from './scheduler.ts'

/** What becomes of an append: whether it lands in time, whether it lands late, and what its sender hears. */
interface Fate {
  readonly inTime: boolean
  readonly isLate: boolean
  readonly heard: 'result' | 'unknown' | 'refused'
}

const FATES: Readonly<Record<AppendFault | 'none', Fate>> = {
  none: { inTime: true, isLate: false, heard: 'result' },
  lost: { inTime: false, isLate: false, heard: 'unknown' },
  refused: { inTime: false, isLate: false, heard: 'refused' },
  unanswered: { inTime: true, isLate: false, heard: 'unknown' },
  late: { inTime: false, isLate: true, heard: 'unknown' },
  twice: { inTime: true, isLate: true, heard: 'result' },
  'twice and unanswered': { inTime: true, isLate: true, heard: 'unknown' },
}

const HEARD: Readonly<Record<Fate['heard'], () => AppendResult>> = {
  result: () => unknown(),
  unknown: () => unknown(),
  refused: () => ({ kind: 'refused', error: trouble('refused') }),
}

export class Connection implements Broker {
  readonly #network: Network
  readonly #sender: Sender
  readonly #groups: ReturnType<Network['connect']>
  readonly #inner: ReturnType<Network['connect']>
  /** When the last append to a place lands: those to one partition land in the order of the calls. */
  readonly #landsAt = new Map<string, number>()
  #isUnaware = false

  constructor(network: Network, sender: Sender) {
    this.#network = network
    this.#sender = sender
    this.#inner = network.connect()
    this.#groups = network.connect()
  }

  append(batches: readonly AppendBatch[]): Promise<readonly AppendResult[]> {
    return Promise.all(batches.map((batch) => new Promise<AppendResult>((answer) => this.#send(batch, answer))))
  }

  #send(batch: AppendBatch, answer: (result: AppendResult) => void): void {
    if (this.#sender.isDead) return
    const { inTime, isLate, heard } = FATES[this.#network.drawFault(batch) ?? 'none']
    const back = (result: AppendResult) => this.#answer(batch, result, answer)
    if (!inTime) back(HEARD[heard]())
    else this.#carry(batch, (result) => back(heard === 'result' ? result : HEARD[heard]()))
    if (isLate) this.#carry(batch, () => {}, this.#network.drawLateMs())
  }

  /** The way there: it goes on without the process. */
  #carry(batch: AppendBatch, landed: (result: AppendResult) => void, lateMs = 0): void {
    const network = this.#network
    const place = `${batch.partition}/${batch.topic}`
    const soonest = network.now() + network.drawTravelMs()
    // What is late is overtaken; nothing else is.
    const at = lateMs > 0 ? soonest + lateMs : Math.max(soonest, this.#landsAt.get(place) ?? 0)
    if (lateMs === 0) this.#landsAt.set(place, at)
    this.#sender.probe.sent(batch)
    network.wire(at - network.now(), () => {
      void this.#inner.append([batch]).then(([result]) => {
        if (result?.kind === 'appended')
          network.landed({ ...batch, base: result.baseOffset, by: this.#sender, isLate: lateMs > 0 })
        if (!this.#sender.isDead) this.#sender.probe.landed(batch)
        landed(result ?? unknown())
      })
    })
  }

  /** The way back: the process may have ended, or sleep. */
  #answer(batch: AppendBatch, result: AppendResult, answer: (result: AppendResult) => void): void {
    this.#sender.clock.after(this.#network.drawTravelMs(), 'outcome', () => {
      this.#sender.probe.answered(batch, result)
      answer(result)
    })
  }

  async join(options: GroupOptions, listener: GroupListener): Promise<GroupMember> {
    const delivery = new Delivery(this.#sender, listener, () => this.#network.drawTravelMs())
    const member = await this.#groups.join(options, delivery)
    this.#sender.joined(delivery)
    return {
      open: (topic, partition, from) => {
        delivery.opened(topic, partition)
        member.open(topic, partition, from)
      },
      pause: (...place) => member.pause(...place),
      resume: (...place) => member.resume(...place),
      commit: (...checkpoint) => this.#passing(() => member.commit(...checkpoint)),
      committed: (...place) => this.#passing(() => member.committed(...place)),
      owns: (partition) => this.#isUnaware || member.owns(partition),
      close: () => member.close(),
    }
  }

  /** Takes its time, may fail, and does not come back to a process that has ended. */
  async #passing<T>(work: () => Promise<T>): Promise<T> {
    await this.#resting(this.#network.drawTravelMs(), 'outcome')
    if (this.#network.drawUnread()) throw trouble('not read')
    return work()
  }

  #resting(delayMs: number, kind: StepKind): Promise<void> {
    return new Promise((resolve) => {
      this.#sender.clock.after(delayMs, kind, resolve)
    })
  }

  async *read(topic: string, partition: number, from: bigint): AsyncGenerator<readonly LogRecord[]> {
    // What is polled is read at once, and mostly in vain.
    if (topic === this.#network.polled) await this.#resting(0, 'idle')
    else await this.#passing(async () => {})
    for await (const records of this.#inner.read(topic, partition, from)) {
      await this.#resting(0, 'delivery')
      yield records
    }
  }

  offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#passing(() => this.#inner.offsets(topic))
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

  /** Its memberships end without its knowing: it goes on as if it held what it held, until `becomeAware`. */
  loseMemberships(): void {
    this.#isUnaware = true
    this.#groups.drop()
  }

  becomeAware(): void {
    this.#isUnaware = false
  }

  /** Its process has ended: its partitions are free. */
  drop(): void {
    this.#groups.drop()
  }

  async close(): Promise<void> {
    await this.#groups.close()
  }
}

function unknown(): AppendResult {
  return { kind: 'unknown', error: trouble('no answer') }
}

function trouble(message: string): OperationalError {
  return new OperationalError('planted-fault', message, { where: 'simulation', retriable: true })
}
