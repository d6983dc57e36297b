/** One command in its handler: its signal and its progress; begun -> ended. */
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/telemetry.ts'
import { type DeadlineSignal, deadlineSignal } from './deadline-signal.ts'
import type { Progress } from './handlers.ts'
import { ProgressTeller } from './progress.ts'
import type { ReceivedCommand } from './received-command.ts'

export interface ItemRunPorts {
  readonly clock: Clock
  readonly log: Log
  /** Sends a command's progress, a JSON text; true when it is durable. */
  readonly sendProgress: (command: ReceivedCommand<never>, body: string) => Promise<boolean>
  /** Least time between two that a handler tells, where it does not say. */
  readonly progressEveryMs: number
}

/** When a command is late: its own deadline, until progress moves it. */
export class Deadlines {
  readonly #moved = new Map<ReceivedCommand<never>, number>()

  of(command: ReceivedCommand<never>): number | undefined {
    return this.#moved.get(command) ?? command.info.deadlineAt
  }

  /** The saga gives the attempt its whole time again, counted from when it hears of it. */
  move(command: ReceivedCommand<never>, toldAt: number): number | undefined {
    const { at, deadlineAt } = command.info
    if (deadlineAt === undefined) return undefined
    const later = Math.max(this.of(command) ?? deadlineAt, toldAt + Math.max(0, deadlineAt - at))
    this.#moved.set(command, later)
    return later
  }
}

export class ItemRun {
  readonly progress: Progress
  readonly #deadline: DeadlineSignal
  readonly #teller: ProgressTeller

  constructor(
    command: ReceivedCommand<never>,
    ports: ItemRunPorts,
    { deadlines, stopping }: { deadlines: Deadlines; stopping: AbortSignal },
  ) {
    const { clock, log, sendProgress, progressEveryMs } = ports
    this.#deadline = deadlineSignal(clock, deadlines.of(command) ?? Number.POSITIVE_INFINITY, stopping)
    const send = async (body: string): Promise<boolean> => {
      const sentAt = clock.now()
      const durable = await sendProgress(command, body)
      const later = durable ? deadlines.move(command, sentAt) : undefined
      if (later !== undefined) this.#deadline.extend(later)
      return durable
    }
    const { everyMs = progressEveryMs, heartbeatMs } = command.operation.pace
    const lines = log.with({ command: command.info.id, type: command.info.type })
    this.#teller = new ProgressTeller({ clock, log: lines, send }, { everyMs, heartbeatMs })
    this.progress = (payload = null) => this.#teller.tell(payload)
    // Whoever works past its time, or while the partition goes to another, no longer speaks for the command.
    this.signal.addEventListener('abort', () => this.#teller.end(), { once: true })
    if (this.signal.aborted) this.#teller.end()
  }

  get signal(): AbortSignal {
    return this.#deadline.signal
  }

  /** The handler has returned or thrown. */
  end(): void {
    this.#teller.end()
    this.#deadline.cancel()
  }

  /** Settles when no progress is on its way. */
  settled(): Promise<void> {
    return this.#teller.settled()
  }
}
