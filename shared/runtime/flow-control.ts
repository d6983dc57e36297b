/**
 * Flow control of one process: its gate, the limits that the control topic says, and what is told of it all there, sagas that
 * are stopped included.
 *
 *     made --start: the limits are read, or have not been for `limitsWaitMs`--> following --stop--> stopped
 *
 * Owners put their books before the gate while they are live. When room comes by time alone, a timer looks again.
 */
import type { Call, Calls } from '../flow/call.ts'
import { Gate } from '../flow/gate.ts'
import type { Lane } from '../flow/lane.ts'
import { limitsFault, limitsIn } from '../flow/limits.ts'
import type { BreakerFact, ControlFact, LimitsSet } from '../message/control-record.ts'
import { messageOf } from '../message/errors.ts'
import type { Broker } from '../ports/broker.ts'
import type { Cancel, Clock, Ids } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import { ControlFollower, type PlacedFact } from './control-follower.ts'
import { ControlTeller } from './control-teller.ts'
import { StoppedSagas } from './stopped-sagas.ts'

export interface FlowControlPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  /** The control topic. */
  readonly topic: string
  /** The log, whose partitions are shared out. */
  readonly events: string
  /** Names this process. */
  readonly process: string
  readonly source: string
}

/** What an owner's turn needs of it. */
export interface TurnFlow {
  readonly gated: ReadonlySet<string> | undefined
  /** Calls of the partition that may go. */
  granted(max: number): readonly Call[]
  /** Lets go what there is room for. */
  pump(): void
}

/** Longest wait for the limits at the start: sagas must not stand still because the topic does not answer. */
const LIMITS_WAIT_MS = 5_000
/** Room that comes by time is looked for no more often. */
const PUMP_MS_MIN = 2
const PUMP_MS_MAX = 60_000
/** How often an open breaker is said again: one of a process that died is known by its silence. */
export const BREAKER_SAID_EVERY_MS = 60_000
/** An open breaker that has not been said for so long is of a process that is gone. */
export const SILENT_BREAKER_MS = 3 * BREAKER_SAID_EVERY_MS

/** A fact before it has an id: every time that it is said is one of its own. */
type Unsaid<Fact extends ControlFact = ControlFact> = Fact extends unknown ? Omit<Fact, 'requestId'> : never

export class FlowControl {
  /** Which sagas the owners of this process have stopped. */
  readonly stopped: StoppedSagas
  readonly #ports: FlowControlPorts
  readonly #follower: ControlFollower
  readonly #teller: ControlTeller
  #gate: Gate
  /** Breakers that are not closed, and when that was said last. */
  readonly #open = new Map<string, { readonly fact: BreakerFact; saidAt: number }>()
  #timer: Cancel | undefined
  #stopped = false

  constructor(ports: FlowControlPorts) {
    this.#ports = ports
    this.#gate = this.#gateOf(1)
    this.#follower = new ControlFollower(ports, (facts) => this.#takeFacts(facts))
    this.#teller = new ControlTeller(ports)
    this.stopped = new StoppedSagas({ process: ports.process, say: (fact) => this.#say(fact) })
  }

  /** To be called before any partition comes. @throws OperationalError `topic-missing` when there is no log. */
  async start(): Promise<void> {
    const { broker, clock, events, log, topic } = this.#ports
    this.#gate = this.#gateOf(await broker.partitions(events))
    let cancel: Cancel = () => {}
    const late = new Promise<'late'>((resolve) => {
      cancel = clock.schedule(LIMITS_WAIT_MS, () => resolve('late'))
    })
    const first = await Promise.race([this.#follower.start(), late])
    cancel()
    if (first === 'late') log.warn('the limits are not known yet: sagas run without them', { topic })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.()
    for (const { fact } of this.#open.values()) this.#say({ ...fact, kind: 'breaker-closed' })
    await this.#follower.stop()
    await this.#teller.close()
  }

  /** Offset of the control topic up to which this process follows it: what was said before holds here. */
  get controlOffset(): bigint {
    return this.#follower.offset
  }

  attach(partition: number, book: Calls, wake: () => void): void {
    const { clock } = this.#ports
    // A turn may be under way where the room was found.
    this.#gate.attach(partition, book, () => clock.soon(wake))
    this.pump()
  }

  detach(partition: number): void {
    this.#gate.detach(partition)
    this.pump()
  }

  hasGranted(partition: number): boolean {
    return this.#gate.hasGranted(partition)
  }

  /** What a turn of that partition needs. */
  turnOf(partition: number): TurnFlow {
    const gate = this.#gate
    return {
      gated: gate.gated,
      granted: (max) => gate.granted(partition, max),
      pump: () => this.pump(),
    }
  }

  pump(): void {
    if (this.#stopped) return
    this.#gate.pump()
    const at = this.#gate.readyAt()
    this.#timer?.()
    this.#timer = undefined
    if (at === undefined) return
    const { clock } = this.#ports
    const delayMs = Math.min(PUMP_MS_MAX, Math.max(PUMP_MS_MIN, at - clock.now()))
    this.#timer = clock.schedule(delayMs, () => this.pump())
  }

  /** Gauges; also says open breakers again. To be called from time to time. */
  report(): void {
    const { metrics, clock } = this.#ports
    metrics.gauge('kasaga_control_offset', Number(this.controlOffset))
    for (const [participant, lane] of this.#gate.lanes) {
      metrics.gauge('kasaga_steps_held', lane.lines.waiting + lane.granted, { participant })
      metrics.gauge('kasaga_calls_in_flight', lane.out, { participant })
      metrics.gauge('kasaga_breaker_state', STATE[lane.breaker.status], { participant })
    }
    for (const one of this.#open.values()) {
      if (clock.now() - one.saidAt < BREAKER_SAID_EVERY_MS) continue
      one.saidAt = clock.now()
      this.#say(one.fact)
    }
  }

  #gateOf(partitions: number): Gate {
    const { clock } = this.#ports
    return new Gate({ partitions, now: () => clock.now(), tell: (_, status, lane) => this.#tell(status, lane) })
  }

  #takeFacts(facts: readonly PlacedFact[]): void {
    for (const fact of facts) if (fact.kind === 'limits-set') this.#takeLimits(fact)
    this.stopped.take(facts)
    this.pump()
  }

  #takeLimits({ participant, limits, actor, requestId }: LimitsSet): void {
    const { log } = this.#ports
    const fault = limits === null ? undefined : limitsFault(limits)
    if (fault !== undefined) {
      log.error('limits cannot be used: those from before go on to hold', { participant, fault, requestId })
      return
    }
    this.#gate.setLimits(participant, limits === null ? undefined : limitsIn(limits))
    log.info('limits are set', { participant, limits, actor, requestId })
  }

  /** One line in the log and one incident from when it opens until it closes, however often it tries in between. */
  #tell(status: 'open' | 'half-open' | 'closed', { participant, breaker }: Lane): void {
    const { log, metrics, clock, process } = this.#ports
    metrics.gauge('kasaga_breaker_state', STATE[status], { participant })
    if (status === 'half-open') return
    const known = this.#open.get(participant)
    if (status === 'open' && known) return
    const { since, seen } = breaker
    const { calls, failures } = seen
    const fact = { participant, process, since, failures, calls, requestId: '' }
    if (status === 'open') {
      metrics.count('kasaga_breaker_opened_total', { participant })
      log.error('a breaker opened: steps of the participant are held', { participant, failures, calls })
      this.#open.set(participant, { fact: { ...fact, kind: 'breaker-opened' }, saidAt: clock.now() })
      this.#say({ ...fact, kind: 'breaker-opened' })
    } else if (known) {
      log.info('a breaker closed: held steps go on', { participant, openMs: clock.now() - since })
      this.#open.delete(participant)
      this.#say({ ...fact, kind: 'breaker-closed' })
    }
  }

  #say(fact: Unsaid): void {
    try {
      this.#teller.say({ ...fact, requestId: this.#ports.ids.next() })
    } catch (error) {
      this.#ports.log.warn('nothing could be said on the control topic', { error: messageOf(error) })
    }
  }
}

const STATE = { closed: 0, 'half-open': 1, open: 2 } as const
