/**
 * Says on the control topic what this process sees of participants and sagas. Only the newest of each matters: what waits is
 * replaced by what comes after it, so an outage of the topic costs no memory, and stops nothing.
 */
import { type ControlFact, controlRecord, subjectOf } from '../message/control-record.ts'
import type { Broker } from '../ports/broker.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import type { Log } from '../ports/telemetry.ts'

export interface ControlTellerPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Log
  /** The control topic. */
  readonly topic: string
  /** `ce_source` of what is written. */
  readonly source: string
}

const RETRY_DELAY_MS_MIN = 200
const RETRY_DELAY_MS_MAX = 10_000

export class ControlTeller {
  readonly #ports: ControlTellerPorts
  readonly #waiting = new Map<string, ControlFact>()
  #failures = 0
  #closed = false
  #running: Promise<void> | undefined

  constructor(ports: ControlTellerPorts) {
    this.#ports = ports
  }

  say(fact: ControlFact): void {
    this.#waiting.set(subjectOf(fact), fact)
    this.#running ??= this.#run()
  }

  /** Says what waits, as far as it is taken at once. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports
    for (let fact = this.#first(); fact; fact = this.#first()) {
      if (await this.#append(fact)) {
        this.#failures = 0
        const subject = subjectOf(fact)
        if (this.#waiting.get(subject) === fact) this.#waiting.delete(subject)
      } else if (this.#closed) break
      else await sleep(clock, Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** Math.min(this.#failures++, 10)))
    }
    this.#running = undefined
  }

  #first(): ControlFact | undefined {
    return this.#waiting.values().next().value
  }

  async #append(fact: ControlFact): Promise<boolean> {
    const { broker, clock, log, topic, source } = this.#ports
    const record = controlRecord(fact, { at: clock.now(), source })
    const [result] = await broker.append([{ topic, partition: 0, records: [record] }])
    if (result?.kind === 'appended') return true
    if (this.#failures === 0)
      log.warn('the control topic takes nothing; trying again', { topic, error: result?.error.message })
    return false
  }
}
