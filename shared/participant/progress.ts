/**
 * Tells a saga that its command is still at work, which lets the attempt's timeout begin anew.
 *
 *     open --end--> ended
 *
 * Told at once and outside the handler's transaction, at most once: what comes too soon after the one before, while
 * one is on its way, or after the end, is not sent. `settled` waits for the one on its way, so that the command's answer
 * comes after it.
 */
import { messageOf } from '../message/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Log } from '../ports/telemetry.ts'

/** Bytes of a payload: each becomes an event of the saga. */
export const PROGRESS_BYTES_MAX = 16_384

export interface ProgressPorts {
  readonly clock: Clock
  readonly log: Log
  /** Sends it; true when it is durable. */
  readonly send: (body: string) => Promise<boolean>
}

export interface ProgressPace {
  /** Least time between two. */
  readonly everyMs: number
  /** How often the last one is told again by itself. */
  readonly heartbeatMs?: number | undefined
}

export class ProgressTeller {
  readonly #ports: ProgressPorts
  readonly #pace: ProgressPace
  #body = 'null'
  #toldAt = Number.NEGATIVE_INFINITY
  #sending: Promise<void> | undefined
  #ended = false
  #cancelBeat: Cancel = () => {}

  constructor(ports: ProgressPorts, pace: ProgressPace) {
    this.#ports = ports
    this.#pace = pace
    if (pace.heartbeatMs !== undefined) this.#beat(pace.heartbeatMs)
  }

  /** Tells how far it is. Never throws: a payload that is no JSON, or too large, goes as `null`. */
  tell(payload: unknown): void {
    if (this.#ended) return
    this.#body = this.#textOf(payload)
    this.#send()
  }

  /** Nothing is sent from now on. */
  end(): void {
    this.#ended = true
    this.#cancelBeat()
  }

  /** Settles when nothing is on its way. */
  async settled(): Promise<void> {
    await this.#sending
  }

  #send(): void {
    const now = this.#ports.clock.now()
    if (this.#sending || now - this.#toldAt < this.#pace.everyMs) return
    this.#toldAt = now
    this.#sending = this.#sendNow()
  }

  async #sendNow(): Promise<void> {
    try {
      if (!(await this.#ports.send(this.#body))) this.#ports.log.debug('progress was not told')
    } catch (error) {
      this.#ports.log.warn('progress could not be told', { error })
    } finally {
      this.#sending = undefined
    }
  }

  #beat(everyMs: number): void {
    this.#cancelBeat = this.#ports.clock.schedule(everyMs, () => {
      this.#send()
      this.#beat(everyMs)
    })
  }

  #textOf(payload: unknown): string {
    try {
      const text = JSON.stringify(payload) ?? 'null'
      if (Buffer.byteLength(text) <= PROGRESS_BYTES_MAX) return text
      this.#ports.log.warn('the payload of a progress is too large', { bytesMax: PROGRESS_BYTES_MAX })
    } catch (error) {
      this.#ports.log.warn('the payload of a progress is no JSON', { reason: messageOf(error) })
    }
    return 'null'
  }
}
