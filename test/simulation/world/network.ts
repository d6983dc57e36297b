/** What lies between processes and the log: how long things take, which faults befall them, and who is told what landed. */
import type { InProcessBroker } from '../../../shared/adapters/in-process/in-process-broker.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import type { AppendBatch, AppendResult } from '../../../shared/ports/broker.ts'
import type { Delivery } from './delivery.ts'
import type { Options } from './options.ts'
import type { ProcessClock, Scheduler } from './scheduler.ts'
import { type Stream, streamOf } from './streams.ts'

/** A process, as far as the network knows it. */
export interface Sender {
  readonly name: string
  readonly clock: ProcessClock
  readonly isDead: boolean
  /** When it ended. */
  readonly diedAt: number | undefined
  /** It stood still while others took over what it held. */
  readonly wasPaused: boolean
  readonly probe: SenderProbe
  joined(delivery: Delivery): void
  trueNow(): number
}

/** Told how far each append has come. */
export interface SenderProbe {
  assigned(partition: number): void
  sent(batch: AppendBatch): void
  landed(batch: AppendBatch): void
  answered(batch: AppendBatch, result: AppendResult): void
}

/** Records that now stand in the log. */
export interface Landed extends AppendBatch {
  readonly base: bigint
  readonly by: Sender
  /** Its answer had been given up. */
  readonly isLate: boolean
}

export const PREFIX = 'kasaga'
export const TOPICS = kasagaTopics(PREFIX)

const APPEND_FAULTS = ['lost', 'unanswered', 'late', 'twice', 'refused'] as const
/** `twice and unanswered`: nobody hears of either. */
export type AppendFault = (typeof APPEND_FAULTS)[number] | 'twice and unanswered'

export class Network {
  readonly log: MemoryLog
  /** A topic that processes poll. */
  readonly polled = TOPICS.control
  /** Off in the quiet time. */
  isFaulty = true
  readonly #scheduler: Scheduler
  readonly #options: Options
  readonly #travel: Stream
  readonly #faults: Stream
  readonly #tellers: { landed: (landed: Landed) => void; fault: (fault: AppendFault, topic: string) => void }

  constructor(
    scheduler: Scheduler,
    options: Options,
    tellers: { landed: (landed: Landed) => void; fault: (fault: AppendFault, topic: string) => void },
  ) {
    this.#scheduler = scheduler
    this.#options = options
    this.#tellers = tellers
    this.#travel = streamOf(options.seed, 'travel')
    this.#faults = streamOf(options.seed, 'appends')
    this.log = new MemoryLog({ clock: scheduler.clock })
  }

  now(): number {
    return this.#scheduler.now()
  }

  connect(): InProcessBroker {
    return this.log.connect()
  }

  /** Something on its way, which no process holds up. */
  wire(delayMs: number, then: () => void): void {
    this.#scheduler.schedule(delayMs, then)
  }

  landed(landed: Landed): void {
    this.#tellers.landed(landed)
  }

  drawTravelMs(): number {
    return this.#travel.below(this.#options.travelMs)
  }

  drawLateMs(): number {
    return 1 + this.#travel.below(this.#options.lateMs)
  }

  drawUnread(): boolean {
    return this.isFaulty && this.#faults.perMille(this.#options.rates.unread)
  }

  drawFault({ topic }: AppendBatch): AppendFault | undefined {
    if (!this.isFaulty) return undefined
    const drawn = APPEND_FAULTS.find((one) => this.#faults.perMille(this.#options.rates[one]))
    const fault = drawn === 'twice' && this.#faults.perMille(500) ? 'twice and unanswered' : drawn
    if (fault) this.#tellers.fault(fault, topic)
    return fault
  }
}
