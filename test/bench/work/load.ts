/**
 * Sagas offered to an installation, and how long each took, by what its log says: a saga has ended when whoever reads the
 * log sees its last event.
 *
 *     closed loop: so many are in flight, and the next starts when one has ended
 *     open loop: so many a second, whether or not the others have ended; the time runs from when it was due
 */
import type { SagaClient } from '../../../shared/client/saga-client.ts'
import { eventTypeHeader } from '../../../shared/message/event-record.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import { type LogWatch, type SeenEvent, watchLog } from './log-watch.ts'
import { benchOrder } from './order.ts'
import { endsOf, orderOf } from './order-data.ts'

export interface LoadPorts {
  readonly broker: Broker
  readonly client: SagaClient
  readonly topics: KasagaTopics
}

export interface Measured {
  readonly ended: number
  readonly overMs: number
  /** Of each saga that ended in the time, milliseconds. */
  readonly tookMs: readonly number[]
  /** Most that were in flight at one time. */
  readonly inFlightMax: number
}

const GROUP = 'kasaga-bench-load'
const CHUNK_SAGAS_MAX = 200
const TICK_MS = 2
const LOOK_AGAIN_MS = 5
const ENDS: ReadonlySet<string> = new Set([eventTypeHeader('saga-completed'), eventTypeHeader('saga-compensated')])

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Load {
  readonly #ports: LoadPorts
  /** When each saga that has not ended was started, or was due. */
  readonly #began = new Map<string, number>()
  readonly #took: number[] = []
  #member: LogWatch | undefined
  #started = 0
  #inFlightMax = 0
  #ended: () => void = () => {}
  #failure: Error | undefined

  private constructor(ports: LoadPorts) {
    this.#ports = ports
  }

  /** Of an installation that nobody has asked anything yet. */
  static async open(ports: LoadPorts): Promise<Load> {
    const load = new Load(ports)
    await load.#join()
    return load
  }

  get inFlight(): number {
    return this.#began.size
  }

  /** How many were ever started. */
  get started(): number {
    return this.#started
  }

  /** Of all that were ever started, how many have to end in which way. */
  get expected() {
    return endsOf(this.#started)
  }

  /** Keeps so many in flight for a time. */
  async closed(inFlight: number, forMs: number): Promise<Measured> {
    const until = performance.now() + forMs
    const watched = this.#watch()
    while (performance.now() < until) {
      const room = inFlight - this.inFlight
      if (room > 0) await this.#start(Math.min(room, CHUNK_SAGAS_MAX), () => performance.now())
      else await this.#someEnd(until)
    }
    return watched()
  }

  /** Starts so many a second for a time. */
  async open(perSecond: number, forMs: number): Promise<Measured> {
    const began = performance.now()
    const watched = this.#watch()
    const starts: Promise<void>[] = []
    let offered = 0
    for (let passed = 0; passed < forMs; passed = performance.now() - began) {
      const due = Math.floor((perSecond * passed) / 1_000)
      const from = offered
      offered = due
      if (due > from) starts.push(this.#start(due - from, (i) => began + ((from + i) * 1_000) / perSecond))
      await pause(TICK_MS)
    }
    await Promise.all(starts)
    return watched()
  }

  /** Waits until all that was started has ended. @throws when that takes longer. */
  async drained(withinMs: number): Promise<void> {
    const until = performance.now() + withinMs
    while (this.inFlight > 0) {
      if (this.#failure) throw this.#failure
      if (performance.now() > until) throw new Error(`${this.inFlight} sagas have not ended after ${withinMs} ms`)
      await pause(LOOK_AGAIN_MS)
    }
  }

  async close(): Promise<void> {
    await this.#member?.close()
  }

  #watch(): () => Measured {
    const from = performance.now()
    this.#took.length = 0
    this.#inFlightMax = this.inFlight
    return () => {
      if (this.#failure) throw this.#failure
      const tookMs = [...this.#took]
      return { ended: tookMs.length, overMs: performance.now() - from, tookMs, inFlightMax: this.#inFlightMax }
    }
  }

  async #start(count: number, beganAt: (i: number) => number): Promise<void> {
    const sagas = Array.from({ length: count }, (_, i) => {
      const nth = this.#started++
      const sagaId = `order-${nth}`
      this.#began.set(sagaId, beganAt(i))
      return { sagaId, input: orderOf(nth) }
    })
    this.#inFlightMax = Math.max(this.#inFlightMax, this.inFlight)
    await this.#ports.client.startMany(benchOrder, sagas)
  }

  #someEnd(until: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, until - performance.now()))
      this.#ended = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #join(): Promise<void> {
    this.#member = await watchLog({
      ...this.#ports,
      group: GROUP,
      events: (events) => this.#read(events),
      failed: (error) => this.#fail(error),
    })
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#ended()
  }

  /** One that is read in a void batch ends once more: it is not waited for any more then. The auditor counts for good. */
  #read(events: readonly SeenEvent[]): void {
    const now = performance.now()
    let ended = 0
    for (const { type, sagaId } of events) {
      const began = ENDS.has(type) ? this.#began.get(sagaId) : undefined
      if (began === undefined) continue
      this.#began.delete(sagaId)
      this.#took.push(now - began)
      ended++
    }
    if (ended > 0) this.#ended()
  }
}
