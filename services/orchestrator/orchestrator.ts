/** The orchestrator: a member of the group that shares the partitions out, with one owner for each that it holds. */
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import type { KasagaTopics } from '../../shared/message/topics.ts'
import type { Broker, GroupListener, GroupMember } from '../../shared/ports/broker.ts'
import type { Clock, Ids, Random } from '../../shared/ports/clock.ts'
import type { Log, Metrics } from '../../shared/ports/telemetry.ts'
import { EffectSender } from '../../shared/runtime/effect-sender.ts'
import { FlowControl } from '../../shared/runtime/flow-control.ts'
import { watchLag } from '../../shared/runtime/lag-watch.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from '../../shared/runtime/limits.ts'
import { Owner, type OwnerPorts } from '../../shared/runtime/owner.ts'
import type { Definitions } from '../../shared/saga/definition.ts'
import { InputLag } from './input-lag.ts'

export interface OrchestratorOptions {
  readonly broker: Broker
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  readonly definitions: Definitions
  readonly topics: KasagaTopics
  /** Prefix of the topics: names the group and the source of what is written. */
  readonly prefix: string
  readonly limits?: OrchestratorLimits
}

const GAUGES_MS = 1_000
const LAG_MS = 5_000

/** Joins the group and runs until it is stopped. */
export class Orchestrator {
  readonly #options: OrchestratorOptions
  readonly #sender: EffectSender
  readonly #flow: FlowControl
  readonly #owners = new Map<number, Owner>()
  readonly #ports: Omit<OwnerPorts, 'keepsSnapshots'>
  readonly #group: string
  readonly #joined = Promise.withResolvers<void>()
  readonly #halted = Promise.withResolvers<OperationalError>()
  #halting = false
  #member: GroupMember | undefined
  #stopping: Promise<void> | undefined
  readonly #lag: InputLag
  #cancelGauges: (() => void) | undefined
  #cancelLag: (() => void) | undefined
  /** The broker reported trouble that lasts; a partition that comes says that it is over. */
  #inTrouble = false
  #keepsSnapshots = false

  constructor(options: OrchestratorOptions) {
    this.#options = options
    this.#sender = new EffectSender(options)
    this.#lag = new InputLag({
      ...options,
      member: () => this.#member,
      consumed: (partition) => this.#owners.get(partition)?.consumed,
    })
    this.#group = `${options.prefix}.orchestrator`
    const { control, events } = options.topics
    const ownerId = options.ids.next()
    const source = `/kasaga/${options.prefix}`
    this.#flow = new FlowControl({ ...options, topic: control, events, process: ownerId, source })
    this.#ports = {
      ...options,
      sender: this.#sender,
      flow: this.#flow,
      limits: options.limits ?? ORCHESTRATOR_LIMITS,
      ownerId,
      group: this.#group,
      source,
      outdated: (error) => void this.#halt(error),
    }
  }

  /** Settles when it has stopped by itself: the log is of a newer format, which a newer version writes and reads. */
  get halted(): Promise<OperationalError> {
    return this.#halted.promise
  }

  async #halt(error: OperationalError): Promise<void> {
    if (this.#halting) return
    this.#halting = true
    this.#options.log.error('this version is older than the log: stopping', { error: error.message })
    await this.#joined.promise
    await this.stop().catch((trouble) => this.#options.log.error('stopping failed', { error: messageOf(trouble) }))
    this.#halted.resolve(error)
  }

  /** @throws OperationalError when a topic is missing or the topics are not co-partitioned. */
  async start(): Promise<void> {
    const { broker, topics } = this.#options
    await this.#flow.start()
    this.#keepsSnapshots = await this.#findSnapshots()
    const listener: GroupListener = {
      assigned: (partition) => this.#own(partition),
      revoked: (partition) => this.#letGo(partition),
      records: (topic, partition, records) => this.#owners.get(partition)?.enqueue(topic, records),
      trouble: (error) => this.#noteTrouble(error),
    }
    this.#member = await broker.join(
      { group: this.#group, topics: [topics.commands, topics.replies, topics.events], beforeSync: true },
      listener,
    )
    this.#joined.resolve()
    this.#reportGauges()
    const { clock, log } = this.#options
    this.#cancelLag = watchLag({ clock, log, everyMs: LAG_MS, whose: 'the orchestrator', ask: () => this.#lag.tell() })
  }

  /** An installation from before there were any may not have the topic: it goes on as it did. */
  async #findSnapshots(): Promise<boolean> {
    const { broker, topics, log } = this.#options
    if (this.#ports.limits.snapshotEvery === 0) return false
    const [found] = await broker.describeTopics([topics.snapshots])
    if (!found)
      log.warn('there is no topic for snapshots: a take-over reads the whole log', { topic: topics.snapshots })
    return found !== undefined
  }

  /** Lets every partition go, with what is in flight landed and sent, and leaves the group. Called again, it waits for the same. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#cancelGauges?.()
    this.#cancelLag?.()
    await this.#member?.close()
    await Promise.all([...this.#owners.keys()].map((partition) => this.#letGo(partition)))
    this.#member = undefined
    await this.#flow.stop()
    this.#sender.close()
  }

  /**
   * It is in its group, the log of every partition that it holds has been read and claimed, and the broker has reported
   * nothing since that lasts: what readiness asks. One that the others leave no partition to is ready too.
   */
  get ready(): boolean {
    return this.notReady.length === 0
  }

  /** What of that is not so, in words. */
  get notReady(): readonly string[] {
    if (this.#member === undefined) return ['it is not in its group']
    const waiting = [...this.#owners.values()].filter(({ status }) => status !== 'live').length
    return [
      ...(this.#inTrouble ? ['the broker has reported trouble that lasts'] : []),
      ...(waiting > 0 ? [`partitions that are not taken over yet: ${waiting} of ${this.#owners.size}`] : []),
    ]
  }

  /** Sagas that have not ended and inputs that wait, over all partitions held here. */
  get load(): { readonly liveSagas: number; readonly waitingInputs: number } {
    const owners = [...this.#owners.values()]
    const sum = (of: (owner: Owner) => number) => owners.reduce((total, owner) => total + of(owner), 0)
    return { liveSagas: sum((owner) => owner.liveSagas), waitingInputs: sum((owner) => owner.waitingInputs) }
  }

  /** Offset of the control topic up to which it follows limits. */
  get controlOffset(): bigint {
    return this.#flow.controlOffset
  }

  #noteTrouble({ code, message, retriable }: OperationalError): void {
    if (!retriable) this.#inTrouble = true
    this.#options.log.error('the broker reports trouble', { code, error: message })
  }

  #own(partition: number): void {
    this.#inTrouble = false
    const owner = new Owner(partition, { ...this.#ports, keepsSnapshots: this.#keepsSnapshots }, () => this.#held())
    this.#owners.set(partition, owner)
    owner.start()
  }

  #held(): GroupMember {
    if (this.#member) return this.#member
    throw new OperationalError('not-joined', 'the group has not been joined yet', {
      where: 'orchestrator',
      retriable: true,
    })
  }

  async #letGo(partition: number): Promise<void> {
    const owner = this.#owners.get(partition)
    if (!owner) return
    await owner.leave()
    if (this.#owners.get(partition) !== owner) return
    this.#owners.delete(partition)
    this.#lag.forget(partition)
    // Whoever has it now says how many there are.
    this.#options.metrics.gauge('kasaga_live_sagas', 0, { partition })
    this.#options.metrics.gauge('kasaga_waiting_inputs', 0, { partition })
    this.#options.metrics.gauge('kasaga_commands_held', 0, { partition })
    this.#options.metrics.gauge('kasaga_sagas_without_definition', 0, { partition })
    this.#options.metrics.gauge('kasaga_snapshot_uncovered_records', 0, { partition })
    this.#options.metrics.gauge('kasaga_sagas_quarantined', 0, { partition })
  }

  #reportGauges(): void {
    const { metrics, clock } = this.#options
    metrics.gauge('kasaga_owned_partitions', this.#owners.size)
    metrics.gauge('kasaga_pending_effects', this.#sender.pending)
    this.#flow.report()
    for (const [partition, owner] of this.#owners) {
      metrics.gauge('kasaga_live_sagas', owner.liveSagas, { partition })
      metrics.gauge('kasaga_waiting_inputs', owner.waitingInputs, { partition })
      metrics.gauge('kasaga_commands_held', owner.isFull ? 1 : 0, { partition })
      metrics.gauge('kasaga_sagas_without_definition', owner.sagasWithoutDefinition, { partition })
      metrics.gauge('kasaga_snapshot_uncovered_records', owner.recordsUncovered, { partition })
      metrics.gauge('kasaga_sagas_quarantined', owner.quarantined, { partition })
    }
    this.#cancelGauges = clock.schedule(GAUGES_MS, () => this.#reportGauges())
  }
}
