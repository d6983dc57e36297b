/** The broker port in memory, for tests and simulations. Every delivery and answer comes through the clock given. */
import type { Clock } from '../../ports/clock.ts'
import { InProcessBroker } from '../in-process/in-process-broker.ts'
import { InProcessLog } from '../in-process/in-process-log.ts'
import { MemoryStore } from './memory-store.ts'

/** A log that outlives its connections; several of them may be open at a time, each as one process would have it. */
export class MemoryLog {
  readonly #log: InProcessLog

  constructor(options: { readonly clock: Clock }) {
    this.#log = new InProcessLog(new MemoryStore(options.clock), options.clock)
  }

  /** A new connection. `close` leaves its groups in order; `drop` ends it as kill -9 would. */
  connect(): InProcessBroker {
    return new InProcessBroker(this.#log)
  }
}
