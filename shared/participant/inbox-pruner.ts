/**
 * Forgets what the inbox no longer has to remember, in the background: once an hour, in small steps.
 *
 *     stopped --start--> waiting <--> forgetting --stop--> stopped
 *
 * How long it has to remember is for the installation to say: longer than a command can come again, and longer than a
 * saga can last, since an undo looks for the entry of its do, and finds nothing to undo where that was forgotten.
 */
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Inbox } from '../ports/inbox.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import { type Duration, durationMs } from '../saga/duration.ts'

/** An undo whose do has been forgotten would undo nothing: so nothing is, unless an installation says how long its sagas last. */
export const INBOX_RETENTION = 'forever' satisfies Duration | 'forever'

export const INBOX_PRUNE_FIRST_MS = 60_000
export const INBOX_PRUNE_EVERY_MS = 3_600_000
/** Entries in one step, which is one statement. */
export const INBOX_PRUNE_ENTRIES_MAX = 1_000
/** Between two steps, so that handlers come between. */
export const INBOX_PRUNE_PAUSE_MS = 50

export interface PrunerPorts {
  readonly inbox: Pick<Inbox<never>, 'forget'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Name of the participant. */
  readonly participant: string
}

export class InboxPruner {
  readonly #ports: PrunerPorts
  /** `Infinity`: it forgets nothing. */
  readonly retentionMs: number
  #isStopped = true
  #cancelNext: Cancel = () => {}
  #step: Promise<void> | undefined

  /** @throws TypeError when the retention is no duration. */
  constructor(ports: PrunerPorts, retention: Duration | 'forever') {
    this.#ports = ports
    this.retentionMs = retention === 'forever' ? Number.POSITIVE_INFINITY : durationMs(retention)
  }

  /** Begins a minute from now. */
  start(): void {
    if (this.retentionMs === Number.POSITIVE_INFINITY) return
    this.#isStopped = false
    this.#after(INBOX_PRUNE_FIRST_MS)
  }

  /** Ends after the step in work. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelNext()
    await this.#step
  }

  #after(delayMs: number): void {
    this.#cancelNext = this.#ports.clock.schedule(delayMs, () => {
      this.#step = this.#forgetSome()
    })
  }

  async #forgetSome(): Promise<void> {
    const { inbox, clock, log, metrics, participant } = this.#ports
    let forgotten = 0
    try {
      forgotten = await inbox.forget(clock.now() - this.retentionMs, INBOX_PRUNE_ENTRIES_MAX)
      if (forgotten > 0) metrics.count('kasaga_participant_inbox_forgotten_total', { participant }, forgotten)
    } catch (error) {
      log.warn('the inbox could not forget old entries yet', { error })
    }
    if (this.#isStopped) return
    this.#after(forgotten < INBOX_PRUNE_ENTRIES_MAX ? INBOX_PRUNE_EVERY_MS : INBOX_PRUNE_PAUSE_MS)
  }
}
