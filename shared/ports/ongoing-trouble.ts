/**
 * Trouble that lasts and is met again and again, as the log tells it: a line when it begins, one a minute with how often it
 * was met since, and one when it is over. Whoever tries every few milliseconds does not write thousands of lines.
 *
 *     none --met--> told --met within a minute, of the same kind--> counted
 *      ^              |
 *      +-----over-----+
 *
 * What begins again within a minute is still the same trouble: it is counted.
 */
import type { Clock } from './clock.ts'
import type { Fields, Log } from './telemetry.ts'

const TELL_EVERY_MS = 60_000

export interface TroubleTexts {
  readonly met: string
  readonly over: string
  /** How bad it is; `warn` unless told otherwise. */
  readonly level?: 'warn' | 'error'
}

export class OngoingTrouble {
  readonly #ports: { readonly clock: Clock; readonly log: Log }
  readonly #texts: TroubleTexts
  #kind: string | undefined
  #toldAt = Number.NEGATIVE_INFINITY
  /** Since it was told. */
  #times = 0
  #isOpen = false

  constructor(ports: { readonly clock: Clock; readonly log: Log }, texts: TroubleTexts) {
    this.#ports = ports
    this.#texts = texts
  }

  /** `kind`: trouble of another kind is told at once. */
  met(kind: string, fields: Fields = {}): void {
    const now = this.#ports.clock.now()
    if (kind === this.#kind && now < this.#toldAt + TELL_EVERY_MS) {
      this.#times++
      return
    }
    const again = this.#times > 0 && { timesSince: this.#times }
    const { met, level = 'warn' } = this.#texts
    this.#ports.log[level](met, { ...fields, ...again })
    this.#kind = kind
    this.#toldAt = now
    this.#times = 0
    this.#isOpen = true
  }

  /** It works again; says so where it was told that it does not. */
  over(fields: Fields = {}): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#ports.log.info(this.#texts.over, fields)
  }
}
