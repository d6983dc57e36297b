/** What a group tells a member, on its way to its process: in order, each a step of its own. */

import type { OperationalError } from '../../../shared/message/errors.ts'
import type { LogRecord } from '../../../shared/message/record.ts'
import type { GroupListener } from '../../../shared/ports/broker.ts'
import type { Sender } from './network.ts'

export class Delivery implements GroupListener {
  readonly #process: Sender
  readonly #listener: GroupListener
  readonly #travelMs: () => number
  /** When the last one comes: none overtakes another. */
  #comesAt = 0
  /** How often each place was opened: what was fetched before is not delivered after. */
  readonly #openings = new Map<string, number>()
  readonly held = new Set<number>()

  constructor(process: Sender, listener: GroupListener, travelMs: () => number) {
    this.#process = process
    this.#listener = listener
    this.#travelMs = travelMs
  }

  opened(topic: string, partition: number): void {
    const place = `${partition}/${topic}`
    this.#openings.set(place, (this.#openings.get(place) ?? 0) + 1)
  }

  assigned(partition: number): void {
    this.#bring(0, () => {
      this.held.add(partition)
      this.#process.probe.assigned(partition)
      this.#listener.assigned(partition)
    })
  }

  revoked(partition: number): Promise<void> {
    if (this.#process.isDead) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#bring(0, () => this.letGo(partition).then(resolve, reject))
    })
  }

  /** Told that it is over. */
  letGo(partition: number): Promise<void> {
    this.held.delete(partition)
    return this.#listener.revoked(partition)
  }

  records(topic: string, partition: number, records: readonly LogRecord[]): void {
    const place = `${partition}/${topic}`
    const opening = this.#openings.get(place)
    this.#bring(this.#travelMs(), () => {
      if (this.#openings.get(place) === opening) this.#listener.records(topic, partition, records)
    })
  }

  trouble(error: OperationalError): void {
    this.#bring(0, () => this.#listener.trouble(error))
  }

  #bring(travelMs: number, then: () => void): void {
    const now = this.#process.trueNow()
    this.#comesAt = Math.max(this.#comesAt, now + travelMs)
    this.#process.clock.after(this.#comesAt - now, 'delivery', then)
  }
}
