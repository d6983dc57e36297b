/** Whether the disk takes what the log of this process has to say: told once when it does not, and asked by readiness. */
import type { OperationalError } from '../../shared/message/errors.ts'
import type { Clock } from '../../shared/ports/clock.ts'
import { OngoingTrouble } from '../../shared/ports/ongoing-trouble.ts'
import type { Log, Metrics } from '../../shared/ports/telemetry.ts'

const TEXTS = {
  met: 'the log cannot be written: nothing is taken, and all that runs waits until it can',
  over: 'the log is written again',
  level: 'error',
} as const

export class DiskWatch {
  readonly #metrics: Metrics
  readonly #trouble: OngoingTrouble
  #code: string | undefined

  constructor(ports: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics }) {
    this.#metrics = ports.metrics
    this.#trouble = new OngoingTrouble(ports, TEXTS)
  }

  /** Why the log cannot be written. */
  get notReady(): readonly string[] {
    return this.#code === undefined ? [] : [`the log cannot be written: ${this.#code}`]
  }

  /** A write has failed, or succeeded after one that failed. */
  wrote(trouble: OperationalError | undefined): void {
    this.#code = trouble?.code
    if (!trouble) {
      this.#trouble.over()
      return
    }
    this.#metrics.count('kasaga_log_write_failures_total', { code: trouble.code })
    this.#trouble.met(trouble.code, { code: trouble.code, error: trouble.message })
  }
}
