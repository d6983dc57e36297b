/**
 * A process, and what may befall it.
 *
 *     running --pause--> paused --its time is over--> unaware --it hears of it--> running without partitions
 *     running --split--> unaware                            any --kill--> ended
 *
 * While it is paused or unaware others have taken over what it held. `kill` may come at any step: between any two
 * things that the process waits for.
 */
import { Connection } from './connection.ts'
import type { Delivery } from './delivery.ts'
import type { Network, Sender, SenderProbe } from './network.ts'
import { ProcessClock, type Scheduler, type StepKind } from './scheduler.ts'

export interface Surroundings {
  readonly scheduler: Scheduler
  readonly network: Network
}

export class Process implements Sender {
  readonly name: string
  readonly clock: ProcessClock
  readonly broker: Connection
  readonly probe: SenderProbe
  isDead = false
  /** When it ended. */
  diedAt: number | undefined
  /** It was paused through a take-over. */
  wasPaused = false
  readonly #scheduler: Scheduler
  readonly #deliveries: Delivery[] = []
  readonly #onEnd: () => void

  constructor(
    around: Surroundings,
    own: {
      readonly who: number
      readonly name: string
      readonly probe: SenderProbe
      /** Before each step; it may end the process. */
      readonly befall: (process: Process, kind: StepKind) => void
      /** How far its clock has moved between two looks at it. */
      readonly creepMs: () => number
      readonly onEnd: () => void
    },
  ) {
    this.name = own.name
    this.probe = own.probe
    this.#scheduler = around.scheduler
    this.#onEnd = own.onEnd
    this.clock = new ProcessClock(around.scheduler, {
      who: own.who,
      creepMs: own.creepMs,
      onStep: (kind) => {
        own.befall(this, kind)
        return !this.isDead
      },
    })
    this.broker = new Connection(around.network, this)
  }

  trueNow(): number {
    return this.#scheduler.now()
  }

  joined(delivery: Delivery): void {
    this.#deliveries.push(delivery)
  }

  /** Holds partitions, as far as it knows. */
  get holds(): boolean {
    return this.#deliveries.some(({ held }) => held.size > 0)
  }

  kill(): void {
    if (this.isDead) return
    this.isDead = true
    this.diedAt = this.trueNow()
    this.clock.stop()
    this.broker.drop()
    this.#onEnd()
  }

  /** It stands still, loses what it holds after a while, wakes up and does not know; and hears of it later. */
  pause({ sessionMs, pauseMs, unawareMs }: { sessionMs: number; pauseMs: number; unawareMs: number }): void {
    this.clock.freeze()
    this.wasPaused = true
    this.#scheduler.schedule(sessionMs, () => this.isDead || this.broker.loseMemberships())
    this.#scheduler.schedule(sessionMs + pauseMs, () => {
      if (this.isDead) return
      this.clock.thaw()
      this.#hearLater(unawareMs)
    })
  }

  /** Others take over what it holds; it goes on, and hears of it later. */
  split(unawareMs: number): void {
    this.broker.loseMemberships()
    this.#hearLater(unawareMs)
  }

  #hearLater(unawareMs: number): void {
    this.clock.after(unawareMs, 'fault', () => {
      this.broker.becomeAware()
      const letting = this.#deliveries.flatMap((delivery) => [...delivery.held].map((held) => delivery.letGo(held)))
      void Promise.allSettled(letting).then(() => this.kill())
    })
  }
}
