/**
 * Works through one partition of the participant's topic.
 *
 *     opening --open--> running --close--> closing --loop and last append ended--> closed
 *
 * The service makes one when the partition is assigned and closes it when it is revoked; `take` feeds it. A chunk goes
 * through: read, perform, append replies and dead letters, move the checkpoint; the checkpoint never passes a record
 * whose reply or dead letter is not durable. One chunk is performed while the one before is appended. Nothing that
 * goes wrong ends the loop: it is logged, waited out and tried again, and the inbox makes that harmless.
 */
import type { LogRecord } from '../message/record.ts'
import type { Broker, GroupMember } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import { backoff } from './backoff.ts'
import { CheckpointKeeper } from './checkpoint-keeper.ts'
import { deadlineSignal } from './deadline-signal.ts'
import { errorContent } from './inbox-verdict.ts'
import type { Performer } from './performer.ts'
import type { Outgoing, Publisher } from './publisher.ts'
import { type ReadOptions, type RefusedCommand, readCommand } from './received-command.ts'
import type { Replies } from './replies.ts'

export interface WorkerPorts<Tx> extends ReadOptions<Tx> {
  readonly broker: Broker
  readonly member: Promise<GroupMember>
  readonly performer: Performer<Tx>
  readonly publisher: Publisher
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly replies: Replies
}

export interface WorkerLimits {
  /** Records in one chunk. */
  readonly chunkRecordsMax: number
  /** Records that wait; above it the partition is paused, below half of it resumed. */
  readonly queueRecordsMax: number
  /** How long closing waits for the chunk in work before the handlers' signal fires. */
  readonly drainMs: number
  /** How long closing waits after that before it leaves the handler behind. */
  readonly abortGraceMs: number
}

const STOPPING = new DOMException('the participant is stopping', 'AbortError')

export class PartitionWorker<Tx> {
  readonly #topic: string
  readonly #partition: number
  readonly #ports: WorkerPorts<Tx>
  readonly #limits: WorkerLimits
  readonly #log: Log
  /** Fires when no new work may be started. */
  readonly #closing = new AbortController()
  /** Fires when work under way should end, too. */
  readonly #aborting = new AbortController()
  /** Fires when nothing is waited for any more. */
  readonly #leaving = new AbortController()
  readonly #loop: Promise<void>
  #queue: LogRecord[] = []
  #paused = false
  #wake: (() => void) | undefined

  constructor(place: { topic: string; partition: number }, ports: WorkerPorts<Tx>, limits: WorkerLimits) {
    this.#topic = place.topic
    this.#partition = place.partition
    this.#ports = ports
    this.#limits = limits
    this.#log = ports.log.with(place)
    this.#loop = this.#run()
  }

  /** Takes records that were delivered; those that come after `close` are left for the next member. */
  take(records: readonly LogRecord[], member: GroupMember): void {
    if (this.#closing.signal.aborted) return
    this.#queue.push(...records)
    if (!this.#paused && this.#queue.length > this.#limits.queueRecordsMax) {
      this.#paused = true
      member.pause(this.#topic, this.#partition)
    }
    this.#wake?.()
  }

  /** Ends after the chunk in work, or when the time for it is over; records that wait are dropped. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#queue = []
    this.#wake?.()
    if (await this.#endsWithin(this.#limits.drainMs)) return
    this.#aborting.abort(STOPPING)
    if (await this.#endsWithin(this.#limits.abortGraceMs)) return
    this.#log.error('a handler did not end in time and was left behind', { ...this.#limits })
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
    const ended = await Promise.race([this.#loop.then(() => true), late])
    timer.cancel()
    return ended
  }

  async #run(): Promise<void> {
    const member = await this.#untilDone('opening the partition', () => this.#open())
    if (!member) return
    const checkpoint = this.#checkpointAt(member)
    let published = Promise.resolve(true)
    while (!this.#closing.signal.aborted) {
      const chunk = await this.#next(member)
      const last = chunk.at(-1)
      if (!last) continue
      const outgoing = await this.#untilDone('performing a chunk', () => this.#perform(chunk))
      // Once the signals have fired the chunk may be unfinished; what was kept of it answers from the inbox.
      if (!outgoing || this.#aborting.signal.aborted || !(await published)) break
      published = this.#publish(checkpoint, outgoing, last.offset + 1n)
    }
    await published
    await checkpoint.close()
  }

  #checkpointAt(member: GroupMember): CheckpointKeeper {
    const commit = (next: bigint) => member.commit(this.#topic, this.#partition, next)
    return new CheckpointKeeper({ clock: this.#ports.clock, log: this.#log, commit })
  }

  async #open(): Promise<GroupMember> {
    const { broker, member: joining } = this.#ports
    const member = await joining
    const from = (await member.committed(this.#topic, this.#partition)) ?? (await this.#start(broker))
    if (!this.#closing.signal.aborted) member.open(this.#topic, this.#partition, from)
    return member
  }

  async #start(broker: Broker): Promise<bigint> {
    const offsets = await broker.offsets(this.#topic)
    return offsets.find(({ partition }) => partition === this.#partition)?.start ?? 0n
  }

  /** The next chunk; waits for records; empty when the worker closes. */
  async #next(member: GroupMember): Promise<readonly LogRecord[]> {
    if (this.#queue.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    const chunk = this.#queue.splice(0, this.#limits.chunkRecordsMax)
    if (this.#paused && this.#queue.length < this.#limits.queueRecordsMax / 2 && !this.#closing.signal.aborted) {
      this.#paused = false
      member.resume(this.#topic, this.#partition)
    }
    return chunk
  }

  async #perform(chunk: readonly LogRecord[]): Promise<readonly Outgoing[]> {
    const { clock, metrics } = this.#ports
    const startedAt = clock.now()
    const received = chunk.map((record) => readCommand(record, this.#ports))
    const commands = received.filter((item) => item.kind === 'command')
    const performed = await this.#ports.performer.perform(commands, this.#aborting.signal)
    metrics.observe('kasaga_participant_chunk_records', chunk.length)
    metrics.observe('kasaga_participant_chunk_ms', clock.now() - startedAt)
    return received.flatMap((item) => {
      if (item.kind === 'refused') return this.#refused(item)
      const content = performed.get(item)
      return content ? [this.#ports.replies.answer(item, content)] : []
    })
  }

  /** A dead letter, and where the sender can be told, an answer, so that the saga need not wait for its timeout. */
  #refused(item: RefusedCommand): readonly Outgoing[] {
    const letter = this.#ports.publisher.deadLetter(item.record, { reason: item.fault, message: item.message })
    if (item.replyTo === undefined) return [letter]
    const error = { code: 'invalid-command', message: item.message, details: { reason: item.fault } }
    const asked = { record: item.record, replyTo: item.replyTo }
    return [letter, this.#ports.replies.answer(asked, errorContent('fatal', error))]
  }

  /** In this order: replies and dead letters are durable, then the checkpoint moves. False: the worker ended first. */
  async #publish(checkpoint: CheckpointKeeper, outgoing: readonly Outgoing[], next: bigint): Promise<boolean> {
    const durable = await this.#untilDone('publishing', async () => ({
      all: await this.#ports.publisher.publish(outgoing, this.#aborting.signal),
    }))
    if (!durable?.all) return false
    checkpoint.keep(next)
    return true
  }

  /** Tries until it works; `undefined` when the worker closes before it does. */
  async #untilDone<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    for (let attempt = 0; attempt === 0 || !this.#closing.signal.aborted; attempt++) {
      try {
        return await work()
      } catch (error) {
        this.#ports.metrics.count('kasaga_participant_trouble_total')
        this.#log.error(`${what} did not work and is tried again`, { attempt: attempt + 1, error })
      }
      await backoff(this.#ports.clock, attempt, this.#closing.signal)
    }
    return undefined
  }
}
