/**
 * Follows the control topic: reads it from its start, then what comes.
 *
 *     reading --its end--> resting --pollMs--> reading          reading --trouble--> waiting --> reading
 *
 * What came of each participant or saga last is told once the end has been reached, not what it was on the way there. A record
 * that cannot be used is passed over with a line in the log. Without the topic nothing is told; nobody is stopped by that.
 */
import { type ControlFact, decodeControl, subjectOf } from '../message/control-record.ts'
import { messageOf, OperationalError } from '../message/errors.ts'
import type { LogRecord } from '../message/record.ts'
import type { Broker } from '../ports/broker.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Log } from '../ports/telemetry.ts'

/** A fact, and where it stands in the topic. */
export type PlacedFact = ControlFact & { readonly at: number; readonly offset: bigint }

export interface ControlFollowerPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Log
  /** The control topic. */
  readonly topic: string
}

export const CONTROL_POLL_MS = 500
const RETRY_DELAY_MS_MIN = 500
const RETRY_DELAY_MS_MAX = 30_000

export class ControlFollower {
  readonly #ports: ControlFollowerPorts
  readonly #take: (facts: readonly PlacedFact[], isFirst: boolean) => Promise<void> | void
  #next = 0n
  #stopped = false
  #failures = 0
  #wake: () => void = () => {}
  #loop: Promise<void> = Promise.resolve()

  /** `take`: what is new, the newest of each subject; `isFirst`: it is all that there is, and is told when empty too. */
  constructor(
    ports: ControlFollowerPorts,
    take: (facts: readonly PlacedFact[], isFirst: boolean) => Promise<void> | void,
  ) {
    this.#ports = ports
    this.#take = take
  }

  /** Offset up to which it has been read, and told. */
  get offset(): bigint {
    return this.#next
  }

  /** Begins to follow; settles when all that there was has been taken, there is no topic, or it is stopped. */
  start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#loop = this.#run(resolve)
    return promise
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#loop
  }

  async #run(read: () => void): Promise<void> {
    let isFirst = true
    while (!this.#stopped) {
      try {
        await this.#readOn(isFirst)
        isFirst = false
        this.#failures = 0
        read()
        await this.#rest(CONTROL_POLL_MS)
      } catch (error) {
        const code = error instanceof OperationalError ? error.code : undefined
        if (code === 'offset-out-of-range') {
          this.#next = 0n
          isFirst = true
        }
        this.#tell(error)
        if (code === 'topic-missing') read()
        await this.#rest(Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** Math.min(this.#failures++, 10)))
      }
    }
    read()
  }

  /** What was taken is read again when it could not be told on. */
  async #readOn(isFirst: boolean): Promise<void> {
    const { broker, topic } = this.#ports
    const newest = new Map<string, PlacedFact>()
    let next = this.#next
    for await (const records of broker.read(topic, 0, this.#next)) {
      for (const record of records) {
        next = record.offset + 1n
        const fact = this.#factIn(record)
        if (fact) newest.set(subjectOf(fact), fact)
      }
      if (this.#stopped) return
    }
    if (isFirst || newest.size > 0) await this.#take([...newest.values()], isFirst)
    this.#next = next
  }

  #factIn(record: LogRecord): PlacedFact | undefined {
    const decoded = decodeControl(record)
    if (decoded.kind === 'ok') return { ...decoded.value, offset: record.offset }
    const { log, topic } = this.#ports
    const { fault, message } = decoded
    log.error('a control record cannot be used', { topic, offset: String(record.offset), fault, message })
    return undefined
  }

  /** Once, until it is over. */
  #tell(error: unknown): void {
    if (this.#failures > 0) return
    const { log, topic } = this.#ports
    log.warn('the control topic cannot be read: what is known goes on to hold', { topic, error: messageOf(error) })
  }

  #rest(delayMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      let cancel: Cancel = () => {}
      this.#wake = () => {
        cancel()
        resolve()
      }
      cancel = this.#ports.clock.schedule(delayMs, this.#wake)
    })
  }
}
