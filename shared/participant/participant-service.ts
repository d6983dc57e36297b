/**
 * A participant: takes commands from `<participant>.commands`, carries them out, answers on the topic they name.
 *
 *     stopped --start--> started --stop--> draining --handlers ended, or their time is over, or stop again--> stopped
 *
 * Guarantees: each idempotency key has at most one effect in the handlers' transactions (S8); every command gets at
 * least one reply; one saga's commands are handled in order, and of a partition one key's; a record that cannot be used
 * becomes a dead letter and the partition goes on (S18).
 */
import { jsonLimitsFor } from '../message/claim.ts'
import { assert, type OperationalError } from '../message/errors.ts'
import type { LogRecord } from '../message/record.ts'
import { kasagaTopics, participantTopic } from '../message/topics.ts'
import type { Broker, GroupListener, GroupMember } from '../ports/broker.ts'
import type { Clock } from '../ports/clock.ts'
import type { Inbox } from '../ports/inbox.ts'
import { type Log, type Metrics, noLog, noMetrics } from '../ports/telemetry.ts'
import { type Contract, participantName } from '../saga/contract.ts'
import type { Definition } from '../saga/definition.ts'
import type { Duration } from '../saga/duration.ts'
import type { HandlerRunPorts } from './handler-run.ts'
import type { Handlers, InputOf } from './handlers.ts'
import { INBOX_RETENTION, InboxPruner } from './inbox-pruner.ts'
import { checkRetention } from './inbox-retention.ts'
import { operationsOf } from './operations.ts'
import { PartitionWorker, type WorkerLimits, type WorkerPorts } from './partition-worker.ts'
import { Performer } from './performer.ts'
import { Publisher } from './publisher.ts'
import { takesReplies } from './received-command.ts'
import { Replies } from './replies.ts'
import { RunningHandlers } from './running-handlers.ts'
import type { KeyOf } from './schedule.ts'
import { Slots } from './slots.ts'
import { WaitingGauge } from './waiting-gauge.ts'

export interface ParticipantOptions<Tx, Input = unknown> {
  readonly broker: Broker
  readonly inbox: Inbox<Tx>
  readonly clock: Clock
  readonly log?: Log
  readonly metrics?: Metrics
  /** Prefix of the installation's topics: where dead letters go. Default `kasaga`. */
  readonly prefix?: string
  /** Consumer group. Default: the participant's name. */
  readonly group?: string
  /** Topic of its commands. Default: `<participant>.commands`. */
  readonly topic?: string
  /** Which topics a command may name for its reply. Default: those whose name ends in `.replies`. */
  readonly isReplyTopic?: (topic: string) => boolean
  /**
   * How long the inbox remembers what was answered; for ever unless told otherwise. Longer than the longest saga, with the time that it
   * may be stuck, and 7 days (the commands topic's retention): an undo that comes later finds nothing to undo.
   */
  readonly inboxRetention?: Duration | 'forever'
  /** Definitions that the process knows: the service does not start when their sagas can last longer than the inbox remembers. */
  readonly sagas?: readonly Definition[]
  readonly concurrency?: Concurrency<Input>
  readonly limits?: Partial<ParticipantLimits>
}

export interface Concurrency<Input> {
  /** Transactions at a time, over all partitions: 8 unless told otherwise. Keep it at or below the size of the database's pool. */
  readonly max?: number
  /**
   * Commands of a partition with the same key are handled one after another, in their order, those of a saga always.
   * A function of the command alone; what it throws is answered `failed`.
   */
  readonly key?: KeyOf<Input>
}

export interface ParticipantLimits extends WorkerLimits {
  /** Least time between two of a handler's progress that are sent, where the handler does not say. */
  readonly progressEveryMs: number
  /** From when on a running handler is warned of. */
  readonly handlerLongMs: number
}

export const PARTICIPANT_LIMITS: ParticipantLimits = {
  windowRecordsMax: 1_000,
  heldBytesMax: 64_000_000,
  queueRecordsMax: 2_000,
  drainMs: 10_000,
  abortGraceMs: 5_000,
  progressEveryMs: 1_000,
  handlerLongMs: 60_000,
}

export const CONCURRENCY_MAX = 8

export interface ParticipantService {
  /**
   * Joins the group; commands are taken from then on.
   * @throws OperationalError when a topic is missing, or the inbox forgets too early.
   */
  start(): Promise<void>
  /**
   * Takes no more, waits for the handlers that run, keeps their checkpoints, and leaves the group. After `drainMs` the
   * handlers' signals fire; after `abortGraceMs` more those that have not ended are left behind. Called again
   * meanwhile, it fires the signals and leaves at once.
   */
  stop(): Promise<void>
  /** False when every slot is held by a handler that hangs: nothing begins any more, and only another process helps. */
  readonly live: boolean
  /** It is in its group, and the broker has reported nothing since that lasts: what readiness asks. */
  readonly ready: boolean
  /** What of that is not so, in words. */
  readonly notReady: readonly string[]
}

/**
 * Makes the service that carries a contract's commands out. The inbox decides what `tx` the handlers get.
 * @throws TypeError when the contract has no command.
 */
export function participantService<C extends Contract, Tx>(
  contract: C,
  handlers: Handlers<C, NoInfer<Tx>>,
  options: ParticipantOptions<Tx, NoInfer<InputOf<C>>>,
): ParticipantService {
  const name = participantName(contract)
  const { broker, inbox, clock, metrics = noMetrics, prefix = 'kasaga', group = name } = options
  const log = (options.log ?? noLog).with({ participant: name })
  const limits = { ...PARTICIPANT_LIMITS, ...options.limits }
  const { deadLetters } = kasagaTopics(prefix)
  const publisher = new Publisher({ broker, clock, log, metrics }, { group, service: name, deadLetters })
  const replies = new Replies({ clock, metrics, publisher, participant: name })
  const named = { clock, log, metrics, participant: name }
  const running = new RunningHandlers({ ...named, ...limits })
  const sendProgress: HandlerRunPorts['sendProgress'] = (command, body) => replies.tellProgress(command, body)
  const { progressEveryMs } = limits
  const concurrencyMax = options.concurrency?.max ?? CONCURRENCY_MAX
  const performing = { inbox, clock, log, metrics, running, sendProgress, progressEveryMs }
  return new Consumer<Tx>(options.topic ?? participantTopic(name), limits, {
    participant: name,
    caution: inbox.caution,
    sagas: options.sagas ?? [],
    group,
    operations: operationsOf<C, Tx>(contract, handlers),
    isReplyTopic: options.isReplyTopic ?? takesReplies,
    json: jsonLimitsFor(broker.claims),
    performer: new Performer<Tx>(performing),
    slots: new Slots(concurrencyMax),
    concurrencyMax,
    // Inputs are what the contract's schemas gave.
    keyOf: options.concurrency?.key as KeyOf | undefined,
    pruner: new InboxPruner({ ...named, inbox }, options.inboxRetention ?? INBOX_RETENTION),
    running,
    publisher,
    replies,
    broker,
    clock,
    log,
    metrics,
  })
}

interface ConsumerPorts<Tx> extends Omit<WorkerPorts<Tx>, 'member'> {
  readonly participant: string
  /** What the inbox has to warn of. */
  readonly caution: string | undefined
  readonly sagas: readonly Definition[]
  readonly group: string
  readonly concurrencyMax: number
  readonly running: RunningHandlers
  readonly pruner: InboxPruner
}

class Consumer<Tx> implements ParticipantService, GroupListener {
  readonly #topic: string
  readonly #limits: WorkerLimits
  readonly #ports: ConsumerPorts<Tx>
  readonly #workers = new Map<number, PartitionWorker<Tx>>()
  /** Workers whose partition was given up, until they have ended. */
  readonly #closing = new Set<PartitionWorker<Tx>>()
  readonly #gauge: WaitingGauge
  #joining: PromiseWithResolvers<GroupMember> | undefined
  #member: GroupMember | undefined
  #stopping: Promise<void> | undefined
  /** Stop was called again: nothing is waited for. */
  #isHurried = false
  /** The broker reported trouble that lasts; a partition that comes says that it is over. */
  #inTrouble = false

  constructor(topic: string, limits: WorkerLimits, ports: ConsumerPorts<Tx>) {
    this.#topic = topic
    this.#limits = limits
    this.#ports = ports
    const waiting = () => [...this.#workers.values()].map((worker) => worker.waiting)
    this.#gauge = new WaitingGauge({ ...ports, waiting })
  }

  async start(): Promise<void> {
    assert(this.#joining === undefined, 'a participant is started once at a time')
    this.#checkInbox()
    // Partitions may be assigned while the join is under way: their workers wait for the member.
    const joining = Promise.withResolvers<GroupMember>()
    this.#joining = joining
    const { broker, group } = this.#ports
    try {
      this.#member = await broker.join({ group, topics: [this.#topic] }, this)
      joining.resolve(this.#member)
      this.#ports.pruner.start()
      this.#ports.log.info('takes commands', { topic: this.#topic, group })
    } catch (error) {
      this.#joining = undefined
      joining.promise.catch(() => {})
      joining.reject(error)
      await Promise.all([...this.#workers.keys()].map((partition) => this.revoked(partition)))
      throw error
    }
  }

  #checkInbox(): void {
    const { caution, log, pruner, participant, sagas } = this.#ports
    checkRetention({ participant, retentionMs: pruner.retentionMs, sagas }, log)
    if (caution !== undefined) log.warn(caution)
  }

  get live(): boolean {
    return this.#ports.running.hanging < this.#ports.concurrencyMax
  }

  get ready(): boolean {
    return this.notReady.length === 0
  }

  get notReady(): readonly string[] {
    if (this.#member === undefined) return ['it is not in its group']
    return this.#inTrouble ? ['the broker has reported trouble that lasts'] : []
  }

  stop(): Promise<void> {
    if (this.#stopping) {
      this.#isHurried = true
      for (const worker of this.#closing) worker.hurry()
    }
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined
      this.#isHurried = false
    })
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const member = await this.#joining?.promise
    const pruned = this.#ports.pruner.stop()
    await Promise.all([...this.#workers.keys()].map((partition) => this.revoked(partition)))
    await member?.close()
    await pruned
    this.#ports.running.close()
    this.#gauge.close()
    this.#member = undefined
    this.#joining = undefined
  }

  assigned(partition: number): void {
    this.#inTrouble = false
    const member = this.#joining?.promise
    assert(member !== undefined, 'a partition is assigned to a participant that has started')
    const worker = new PartitionWorker<Tx>({ topic: this.#topic, partition }, { ...this.#ports, member }, this.#limits)
    this.#workers.set(partition, worker)
  }

  async revoked(partition: number): Promise<void> {
    const worker = this.#workers.get(partition)
    this.#workers.delete(partition)
    if (!worker) return
    this.#closing.add(worker)
    if (this.#isHurried) worker.hurry()
    await worker.close()
    this.#closing.delete(worker)
  }

  records(_topic: string, partition: number, records: readonly LogRecord[]): void {
    if (!this.#member) return
    this.#workers.get(partition)?.take(records, this.#member)
    this.#gauge.seen()
  }

  trouble(error: OperationalError): void {
    if (!error.retriable) this.#inTrouble = true
    this.#ports.metrics.count('kasaga_participant_trouble_total')
    this.#ports.log.error('the broker is in trouble', { code: error.code, error })
  }
}
