/**
 * Works through one partition of the participant's topic.
 *
 *     opening --open--> running --close--> closing --handlers and last append ended--> closed
 *
 * The service makes one when the partition is assigned and closes it when it is revoked; `take` feeds it. A record goes
 * through: queue, window, handler or inbox, append of its reply or dead letter; then it is done with. The checkpoint moves
 * over what is done with up to the first record that is not: it never passes one whose reply or dead letter is not durable.
 * The window is how far others may get ahead of one that takes its time. Nothing that goes wrong ends the work: it is
 * logged, waited out and tried again, and the inbox makes that harmless.
 */
import type { LogRecord } from '../message/record.ts'
import type { Broker, GroupMember } from '../ports/broker.ts'
import { OngoingTrouble } from '../ports/ongoing-trouble.ts'
import { AnswerQueue } from './answer-queue.ts'
import { CheckpointKeeper } from './checkpoint-keeper.ts'
import { deadlineSignal } from './deadline-signal.ts'
import { FinishedPrefix, type HeldRecord } from './finished-prefix.ts'
import { errorContent } from './inbox-verdict.ts'
import type { Outgoing, Publisher } from './publisher.ts'
import { type ReadOptions, type ReceivedCommand, type RefusedCommand, readCommand } from './received-command.ts'
import type { Replies } from './replies.ts'
import { Schedule, type SchedulePorts } from './schedule.ts'
import { type RetryPorts, untilDone } from './until-done.ts'
import type { Waiting } from './waiting-gauge.ts'

export interface WorkerPorts<Tx> extends ReadOptions<Tx>, Omit<SchedulePorts<Tx>, 'trouble'> {
  readonly broker: Broker
  readonly member: Promise<GroupMember>
  readonly publisher: Publisher
  readonly replies: Replies
}

export interface WorkerLimits {
  /** Records from the oldest that is not done with to the newest that was begun: how far others get ahead of a slow one. */
  readonly windowRecordsMax: number
  /** Records that wait before the window; above it the partition is paused, below half of it resumed. */
  readonly queueRecordsMax: number
  /** Bytes of the records that wait, or are not done with; above it the partition is paused, below half of it resumed. */
  readonly heldBytesMax: number
  /** How long closing waits for the handlers that run before their signals fire. */
  readonly drainMs: number
  /** How long closing waits after that before it leaves them behind. */
  readonly abortGraceMs: number
}

const TEXTS = { met: 'something did not work and is tried again', over: 'it works again', level: 'error' } as const
const STOPPING = new DOMException('the participant is stopping', 'AbortError')

export class PartitionWorker<Tx> {
  readonly #topic: string
  readonly #partition: number
  readonly #ports: WorkerPorts<Tx> & RetryPorts
  readonly #limits: WorkerLimits
  /** Fires when no new work may be started. */
  readonly #closing = new AbortController()
  /** Fires when work under way should end, too. */
  readonly #aborting = new AbortController()
  /** Fires when nothing is waited for any more. */
  readonly #leaving = new AbortController()
  readonly #schedule: Schedule<Tx>
  readonly #answers: AnswerQueue
  readonly #checkpoint: CheckpointKeeper
  readonly #window = new FinishedPrefix()
  /** The record of each command in the window that has no answer yet. */
  readonly #held = new Map<ReceivedCommand<Tx>, HeldRecord>()
  readonly #ended: Promise<void>
  #queue: LogRecord[] = []
  /** Of the records in the queue and the window. */
  #heldBytes = 0
  #pausedAt: GroupMember | undefined

  constructor(place: { topic: string; partition: number }, ports: WorkerPorts<Tx>, limits: WorkerLimits) {
    this.#topic = place.topic
    this.#partition = place.partition
    const told = { clock: ports.clock, log: ports.log.with(place) }
    this.#ports = { ...ports, ...told, trouble: new OngoingTrouble(told, TEXTS) }
    this.#limits = limits
    const { clock, log, member } = this.#ports
    const signals = { closing: this.#closing.signal, aborting: this.#aborting.signal }
    this.#schedule = new Schedule(this.#ports, signals, (command, content) => {
      this.#answer(command, [this.#ports.replies.answer(command, content)])
    })
    this.#answers = new AnswerQueue({
      clock,
      publish: (outgoing) => this.#publish(outgoing),
      done: (records) => this.#done(records),
    })
    const commit = async (next: bigint) => (await member).commit(this.#topic, this.#partition, next)
    this.#checkpoint = new CheckpointKeeper({ clock, log, commit })
    this.#ended = this.#run()
  }

  get waiting(): Waiting {
    const { size, oldest } = this.#schedule.waiting
    const first = oldest?.record ?? this.#queue[0]
    return { records: size + this.#queue.length, oldestAt: first?.timestamp }
  }

  /** Takes records that were delivered; those that come after `close` are left for the next member. */
  take(records: readonly LogRecord[], member: GroupMember): void {
    if (this.#closing.signal.aborted) return
    for (const record of records) this.#heldBytes += bytesOf(record)
    this.#queue.push(...records)
    this.#begin()
    const { queueRecordsMax, heldBytesMax } = this.#limits
    if (this.#pausedAt || (this.#queue.length <= queueRecordsMax && this.#heldBytes <= heldBytesMax)) return
    this.#pausedAt = member
    member.pause(this.#topic, this.#partition)
  }

  /** Ends after the handlers that run, or when the time for them is over; records that wait are dropped. */
  async close(): Promise<void> {
    this.#queue = []
    this.#closing.abort()
    if (await this.#endsWithin(this.#limits.drainMs)) return
    this.#aborting.abort(STOPPING)
    if (await this.#endsWithin(this.#limits.abortGraceMs)) return
    this.#ports.log.error('a handler did not end in time and was left behind', { ...this.#limits })
  }

  /** Cuts `close` short: the handlers' signals fire, and what has not ended then is left behind. */
  hurry(): void {
    this.#leaving.abort(STOPPING)
  }

  async #endsWithin(waitMs: number): Promise<boolean> {
    const { clock } = this.#ports
    const timer = deadlineSignal(clock, clock.now() + waitMs, this.#leaving.signal)
    const late = new Promise<boolean>((resolve) => {
      // A moment is left to what ends at once.
      if (timer.signal.aborted) clock.soon(() => resolve(false))
      timer.signal.addEventListener('abort', () => resolve(false), { once: true })
    })
    const ended = await Promise.race([this.#ended.then(() => true), late])
    timer.cancel()
    return ended
  }

  async #run(): Promise<void> {
    const closing = this.#closing.signal
    const closed = new Promise<void>((resolve) => {
      closing.addEventListener('abort', () => resolve(), { once: true })
    })
    await untilDone('opening the partition', () => this.#open(), { ports: this.#ports, giveUp: closing })
    await closed
    await this.#schedule.ended()
    await this.#answers.ended()
    await this.#checkpoint.close()
  }

  async #open(): Promise<void> {
    const { broker, member: joining } = this.#ports
    const member = await joining
    const from = (await member.committed(this.#topic, this.#partition)) ?? (await this.#start(broker))
    if (!this.#closing.signal.aborted) member.open(this.#topic, this.#partition, from)
  }

  async #start(broker: Broker): Promise<bigint> {
    const offsets = await broker.offsets(this.#topic)
    return offsets.find(({ partition }) => partition === this.#partition)?.start ?? 0n
  }

  /** Begins what there is room for in the window. */
  #begin(): void {
    if (this.#closing.signal.aborted) return
    const room = Math.max(0, this.#limits.windowRecordsMax - this.#window.size)
    for (const record of this.#queue.splice(0, room)) this.#beginOne(record)
    const { queueRecordsMax, heldBytesMax } = this.#limits
    if (!this.#pausedAt || this.#queue.length >= queueRecordsMax / 2 || this.#heldBytes > heldBytesMax / 2) return
    this.#pausedAt.resume(this.#topic, this.#partition)
    this.#pausedAt = undefined
  }

  #beginOne(record: LogRecord): void {
    const held = this.#window.hold(record.offset, bytesOf(record))
    const read = readCommand(record, this.#ports)
    if (read.kind === 'refused') {
      this.#answers.add(held, this.#refused(read))
      return
    }
    this.#held.set(read, held)
    this.#schedule.add(read)
  }

  #answer(command: ReceivedCommand<Tx>, outgoing: readonly Outgoing[]): void {
    const held = this.#held.get(command)
    this.#held.delete(command)
    // Once the signals have fired the partition may be another's; what was kept answers from the inbox there.
    if (held && !this.#aborting.signal.aborted) this.#answers.add(held, outgoing)
  }

  /** A dead letter, and where the sender can be told, an answer, so that the saga need not wait for its timeout. */
  #refused(item: RefusedCommand): readonly Outgoing[] {
    const letter = this.#ports.publisher.deadLetter(item.record, { reason: item.fault, message: item.message })
    if (item.replyTo === undefined) return [letter]
    const error = { code: 'invalid-command', message: item.message, details: { reason: item.fault } }
    const asked = { record: item.record, replyTo: item.replyTo }
    return [letter, this.#ports.replies.answer(asked, errorContent('fatal', error))]
  }

  async #publish(outgoing: readonly Outgoing[]): Promise<boolean> {
    const publish = () => this.#ports.publisher.publish(outgoing, this.#aborting.signal)
    const options = { ports: this.#ports, giveUp: this.#closing.signal }
    return (await untilDone('publishing', publish, options)) ?? false
  }

  /** What these led to is durable: the checkpoint moves, where nothing before it is open. */
  #done(records: readonly HeldRecord[]): void {
    let next: bigint | undefined
    for (const record of records) {
      this.#heldBytes -= record.bytes
      next = this.#window.finish(record) ?? next
    }
    if (next !== undefined) this.#checkpoint.keep(next)
    this.#begin()
  }
}

function bytesOf({ value }: LogRecord): number {
  return value?.length ?? 0
}
