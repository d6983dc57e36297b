/**
 * The owner of one partition: decides its inputs, one batch at a time, on the whole accepted prefix of its log.
 *
 *     replaying --log read--> claiming --claim landed where expected--> live --leave()--> left
 *         ^                      |                                       |
 *         +---landed elsewhere, no clear answer, trouble-----------------+
 *
 * Guarantees: effects are sent only for batches that landed where they were decided to (S11); an append that is not
 * confirmed drops all state, which is then read again from the log (crash-only: taking over and recovering are one path).
 *
 * A turn, in order: 1. dead letters are stored, after an empty batch has landed just where expected; 2. the batch is
 * appended; 3. it has landed just where expected; 4. its effects are given to the sender; 5. the next turn begins. When
 * they are sent, the next header says so.
 */
import { LOG_FORMAT_NEWER } from '../message/batch.ts'
import { OperationalError } from '../message/errors.ts'
import type { LogRecord } from '../message/record.ts'
import type { KasagaTopics } from '../message/topics.ts'
import type { Broker } from '../ports/broker.ts'
import type { Cancel, Clock, Random } from '../ports/clock.ts'
import { sleep } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import type { Definitions } from '../saga/definition.ts'
import { type DeadLetterPorts, storeDeadLetters } from './dead-letters.ts'
import { effectRecord } from './effect-record.ts'
import type { EffectSender } from './effect-sender.ts'
import type { FlowControl } from './flow-control.ts'
import { type Holding, InputGate } from './input-gate.ts'
import type { OrchestratorLimits } from './limits.ts'
import type { BatchEffects } from './log-replay.ts'
import { OwnLog } from './own-log.ts'
import type { ConsumedMarks } from './partition-state.ts'
import { SagaRoom } from './saga-room.ts'
import { SentMark } from './sent-mark.ts'
import type { BatchPlace } from './snapshot/snapshot-mark.ts'
import { type Moment, SnapshotWriter } from './snapshot/snapshot-writer.ts'
import { TakeOverTrouble, tellMissing, tellQuarantined } from './take-over-telemetry.ts'
import { type Turn, takeTurn } from './turn.ts'
import { tellStops, tellTurn } from './turn-telemetry.ts'

export interface OwnerPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  readonly sender: EffectSender
  readonly definitions: Definitions
  readonly topics: KasagaTopics
  readonly limits: OrchestratorLimits
  /** Whether snapshots are read and written: their topic is there. */
  readonly keepsSnapshots: boolean
  /** Shared by all owners of the process. */
  readonly flow: FlowControl
  /** Says who appended a batch. */
  readonly ownerId: string
  /** Consumer group, named in dead letters. */
  readonly group: string
  /** `ce_source` of what is written. */
  readonly source: string
  /** Told when the log is of a newer format: this owner writes nothing any more. */
  readonly outdated?: (error: OperationalError) => void
}

const RECOVER_DELAY_MS_MAX = 5_000
const TIMER_MS_MAX = 3_600_000

type OwnerStatus = 'replaying' | 'claiming' | 'live' | 'left'

export class Owner {
  readonly partition: number
  readonly #ports: OwnerPorts
  readonly #holding: () => Holding
  readonly #deadLetters: DeadLetterPorts
  readonly #log: OwnLog
  readonly #inputs: InputGate
  readonly #snapshots: SnapshotWriter
  readonly #trouble: TakeOverTrouble
  #status: OwnerStatus = 'replaying'
  #sent = new SentMark(0)
  #appending = false
  #leaving = false
  #waitsForRoom = false
  readonly #room: SagaRoom
  #failures = 0
  #timer: Cancel | undefined
  #settled: (() => void)[] = []

  constructor(partition: number, ports: OwnerPorts, holding: () => Holding) {
    this.partition = partition
    this.#ports = ports
    this.#holding = holding
    this.#deadLetters = { ...ports, topic: ports.topics.deadLetters, service: 'orchestrator' }
    const snapshots = ports.keepsSnapshots ? ports.topics.snapshots : undefined
    this.#log = new OwnLog({ ...ports, partition, topic: ports.topics.events, snapshots })
    this.#snapshots = new SnapshotWriter({ ...ports, partition, topic: snapshots })
    this.#trouble = new TakeOverTrouble(partition, ports)
    this.#inputs = new InputGate({ ...ports, partition, holding })
    this.#room = new SagaRoom(ports.limits)
  }

  get status(): OwnerStatus {
    return this.#status
  }

  get liveSagas(): number {
    return this.#log.replay.state.liveSagas
  }

  /** How many of those wait for a definition that is not here. */
  get sagasWithoutDefinition(): number {
    return this.#log.replay.state.withoutPlan.size
  }

  /** Records of the log that whoever takes the partition over has to read and fold. */
  get recordsUncovered(): number {
    return this.#snapshots.uncovered
  }

  /** Sagas and locks that nothing is decided for. */
  get quarantined(): number {
    return this.#log.replay.state.quarantined.size
  }

  /** The inputs that it has decided, as its log says; `undefined` while it is not live. */
  get consumed(): ConsumedMarks | undefined {
    return this.#status === 'live' ? this.#log.replay.marks : undefined
  }

  get waitingInputs(): number {
    const { queue } = this.#inputs
    return queue.of('commands').length + queue.of('replies').length
  }

  /** Whether as many sagas live as may, so that commands wait for some to end. */
  get isFull(): boolean {
    return this.#status === 'live' && this.#room.isFull
  }

  /** Takes the partition over. Runs until `leave`; trouble is waited out. */
  start(): void {
    void this.#recover()
  }

  /** Takes records of `commands` or `replies`. Returns at once. */
  enqueue(topic: string, records: readonly LogRecord[]): void {
    if (this.#status !== 'live') return
    this.#inputs.push(topic, records)
    this.wake()
  }

  /** Looks for something to do, soon. */
  wake(): void {
    this.#turn()
  }

  /** Stops taking inputs, lets what is in flight land and be sent, notes it in the log, and lets go. */
  async leave(): Promise<void> {
    if (this.#leaving) return
    this.#leaving = true
    this.#timer?.()
    this.#detach()
    this.#snapshots.stop()
    const { clock, log } = this.#ports
    const began = clock.now()
    if (this.#appending) await this.#withinDrainTime(this.#landing())
    if (this.#status === 'live' && this.#holding().owns(this.partition)) {
      await this.#withinDrainTime(this.#sent.settled())
      await this.#withinDrainTime(this.#log.noteSent(this.#sent.through))
    }
    this.#status = 'left'
    this.#inputs.queue.clear()
    const fields = { partition: this.partition, batch: this.#log.number, liveSagas: this.liveSagas }
    log.info('partition let go', { ...fields, tookMs: clock.now() - began })
  }

  async #withinDrainTime(work: Promise<void>): Promise<void> {
    const { clock, limits } = this.#ports
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(limits.drainMsMax, resolve)
      void work.finally(() => {
        cancel()
        resolve()
      })
    })
  }

  // --- taking over ---

  async #recover(): Promise<void> {
    this.#status = 'replaying'
    this.#timer?.()
    this.#detach()
    this.#inputs.queue.clear()
    this.#snapshots.stop()
    this.#log.forget()
    while (!this.#leaving) {
      try {
        const began = this.#ports.clock.now()
        if (await this.#takeOver()) return this.#begin(began)
      } catch (error) {
        this.#trouble.met(error)
        this.#log.forget()
        if (error instanceof OperationalError && error.code === LOG_FORMAT_NEWER) return this.#ports.outdated?.(error)
      }
      await sleep(this.#ports.clock, Math.min(RECOVER_DELAY_MS_MAX, 20 * 2 ** Math.min(this.#failures++, 10)))
    }
  }

  /** Reads the log to its end and claims the partition. `false`: another append came in between; read on and claim again. */
  async #takeOver(): Promise<boolean> {
    this.#status = 'replaying'
    await this.#log.readOn()
    // One who has lost the partition without knowing yet would only make the next owner's work void.
    if (this.#leaving || !this.#holding().owns(this.partition)) return false
    this.#status = 'claiming'
    return this.#log.claim()
  }

  #begin(began: number): void {
    const { log, metrics, clock } = this.#ports
    if (this.#leaving) return
    this.#failures = 0
    this.#trouble.over()
    const { replay, number } = this.#log
    this.#sent = new SentMark(replay.sentThrough)
    this.#status = 'live'
    const unsent = replay.takeUnsent()
    for (const batch of unsent) this.#sendAll(batch)
    this.#sent.landed(this.#log.standing, 0)
    const { marks, state, voidBatches, recordsRead, recordsUncovered } = replay
    this.#inputs.open(marks)
    this.#ports.flow.attach(this.partition, state.book, () => this.wake())
    this.#ports.flow.stopped.attach(this.partition, state.stopped)
    // The claim is a record of its own.
    this.#snapshots.follow({ state, moment: () => this.#moment(), ...this.#log.shelved, records: recordsUncovered + 1 })
    metrics.count('kasaga_take_overs_total')
    metrics.gauge('kasaga_take_over_records', recordsRead, { partition: this.partition })
    const tookMs = clock.now() - began
    const fields = { liveSagas: state.liveSagas, resent: unsent.length, voidBatches, records: recordsRead, tookMs }
    log.info('partition taken over', { partition: this.partition, batch: number, ...fields })
    tellMissing(this.#ports, this.partition, state.withoutPlan.missing())
    tellQuarantined(log, this.partition, state.quarantined)
    this.wake()
  }

  #detach(): void {
    const { flow } = this.#ports
    flow.detach(this.partition)
    flow.stopped.detach(this.partition)
  }

  /** Where the log stands between two turns. */
  #moment(): Moment {
    const { standing, replay } = this.#log
    const { through: sentThrough, oldestOpen } = this.#sent
    return { standing, unsent: placeOf(oldestOpen ?? standing), sentThrough, marks: replay.marks }
  }

  // --- the loop ---

  #turn(): void {
    const { limits, sender } = this.#ports
    if (this.#status !== 'live' || this.#appending || this.#leaving) return
    if (!sender.hasRoom(limits)) {
      this.#waitForRoom()
      return
    }
    this.#holdCommands()
    const turn = this.#takeTurn()
    this.#inputs.eased()
    if (turn) void this.#appendTurn(turn)
    else this.#armTimer()
  }

  /** At the limit of effects that are not sent: goes on when there is room, also when nothing else comes to wake it. */
  #waitForRoom(): void {
    if (this.#waitsForRoom) return
    this.#waitsForRoom = true
    const { sender, limits } = this.#ports
    sender.whenRoom(limits, () => {
      this.#waitsForRoom = false
      this.wake()
    })
  }

  #holdCommands(): void {
    const { clock, log, limits } = this.#ports
    const wasFull = this.#room.isFull
    this.#inputs.queue.commandsHeld = !this.#room.takesCommands(this.liveSagas, clock.now())
    if (this.#room.isFull === wasFull) return
    const fields = { partition: this.partition, liveSagas: this.liveSagas, liveSagasMax: limits.liveSagasMax }
    if (wasFull) log.info('commands are taken again as they come', fields)
    else log.warn('as many sagas live as may: commands wait until some have ended', fields)
  }

  #takeTurn(): Turn | undefined {
    const { definitions, limits, random, source, clock, flow, broker } = this.#ports
    const { state, marks } = this.#log.replay
    const now = clock.now()
    const nothingDue = (state.due.earliest() ?? Number.POSITIVE_INFINITY) > now
    if (this.#inputs.queue.length === 0 && nothingDue && !flow.hasGranted(this.partition)) return undefined
    const turn = takeTurn(this.#inputs.queue, {
      ...{ state, definitions, limits, random, source, now, marks },
      flow: flow.turnOf(this.partition),
      claims: broker.claims,
    })
    tellStops(this.#ports.log, this.partition, turn)
    if (turn.quarantined.size + turn.triedAgain.length > 0) flow.stopped.tell(this.partition)
    const consumed = turn.marks.commands !== marks.commands || turn.marks.replies !== marks.replies
    return consumed || turn.events.length > 0 ? turn : undefined
  }

  async #appendTurn(turn: Turn): Promise<void> {
    this.#appending = true
    let number: number | undefined
    try {
      number = await this.#appendOwn(turn)
    } catch (error) {
      const level = error instanceof OperationalError && error.retriable ? 'warn' : 'error'
      this.#ports.log[level]('a turn failed', { partition: this.partition, error })
    }
    this.#appending = false
    if (number !== undefined) this.#landed(turn)
    else if (!this.#leaving) this.#lost()
    for (const settle of this.#settled.splice(0)) settle()
  }

  /** Stores the turn's dead letters, once it is sure that they are its own to store, then appends its batch. */
  async #appendOwn(turn: Turn): Promise<number | undefined> {
    const { through } = this.#sent
    if (!this.#holding().owns(this.partition)) return undefined
    if (turn.dead.length > 0 && !(await this.#log.confirm(through))) return undefined
    await storeDeadLetters(this.#deadLetters, turn.dead, () => this.#leaving)
    return this.#holding().owns(this.partition) ? this.#log.append(turn, through) : undefined
  }

  /** The batch stands in the log just where it was decided to: only now do its effects exist. */
  #landed(turn: Turn): void {
    this.#sendAll({ ...placeOf(this.#log.standing), effects: turn.effects })
    tellTurn(this.#ports, this.partition, turn)
    this.#snapshots.landed(1 + turn.events.length)
    this.#turn()
  }

  #lost(): void {
    this.#ports.metrics.count('kasaga_appends_unconfirmed_total')
    this.#ports.log.warn('a batch was not confirmed: reading the log again', { partition: this.partition })
    this.#inputs.close()
    void this.#recover()
  }

  #sendAll({ effects, ...place }: BatchEffects): void {
    const mark = this.#sent
    const { number } = place
    mark.landed(place, effects.length)
    for (const effect of effects)
      this.#ports.sender.send({ ...effectRecord(effect, this.#ports), sent: () => mark.sent(number) })
  }

  #armTimer(): void {
    this.#timer?.()
    const { queue } = this.#inputs
    const heldUntil = queue.commandsHeld && queue.of('commands').length > 0 ? this.#room.standstillAt : undefined
    const dueAt = earlier(this.#log.replay.state.due.earliest(), heldUntil)
    if (dueAt === undefined) return
    const { clock } = this.#ports
    this.#timer = clock.schedule(Math.min(TIMER_MS_MAX, Math.max(0, dueAt - clock.now())), () => this.wake())
  }

  #landing(): Promise<void> {
    return new Promise((resolve) => {
      this.#settled.push(resolve)
    })
  }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

function placeOf({ number, offset }: BatchPlace): BatchPlace {
  return { number, offset }
}
