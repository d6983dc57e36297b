/** One call of a handler: its signal, its progress, and its place among those that run; begun -> ended. */
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/telemetry.ts'
import { type DeadlineSignal, deadlineSignal } from './deadline-signal.ts'
import type { Progress } from './handlers.ts'
import type { Operation } from './operations.ts'
import { ProgressTeller } from './progress.ts'
import type { ReceivedCommand } from './received-command.ts'
import type { RunningHandlers } from './running-handlers.ts'

export interface HandlerRunPorts {
  readonly clock: Clock
  readonly log: Log
  readonly running: RunningHandlers
  /** Sends a command's progress, a JSON text; true when it is durable. */
  readonly sendProgress: (command: ReceivedCommand<never>, body: string) => Promise<boolean>
  /** Least time between two that a handler tells, where it does not say. */
  readonly progressEveryMs: number
}

export class HandlerRun {
  /** Tells the progress of a single command; nothing in a batch. */
  readonly progress: Progress
  readonly #deadline: DeadlineSignal
  readonly #teller: ProgressTeller | undefined
  readonly #leave: () => void

  constructor(
    { operation, commands }: { operation: Operation<never>; commands: readonly ReceivedCommand<never>[] },
    ports: HandlerRunPorts,
    stopping: AbortSignal,
  ) {
    const deadlines = commands.map((command) => command.info.deadlineAt ?? Number.POSITIVE_INFINITY)
    this.#deadline = deadlineSignal(ports.clock, Math.max(...deadlines), stopping)
    this.#leave = ports.running.begin(commands.map((command) => command.info))
    const [command] = commands
    const isAlone = !operation.isBatched && command !== undefined
    this.#teller = isAlone ? this.#tellerOf(command, operation, ports) : undefined
    this.progress = (payload = null) => this.#teller?.tell(payload)
    // Whoever works past its time, or while the partition goes to another, no longer speaks for the command.
    this.signal.addEventListener('abort', () => this.#teller?.end(), { once: true })
    if (this.signal.aborted) this.#teller?.end()
  }

  get signal(): AbortSignal {
    return this.#deadline.signal
  }

  /** The handler has returned or thrown. */
  end(): void {
    this.#teller?.end()
    this.#deadline.cancel()
    this.#leave()
  }

  /** Settles when no progress is on its way. */
  async settled(): Promise<void> {
    await this.#teller?.settled()
  }

  #tellerOf(
    command: ReceivedCommand<never>,
    { pace }: Operation<never>,
    { clock, log, sendProgress, progressEveryMs }: HandlerRunPorts,
  ): ProgressTeller {
    const { at, deadlineAt } = command.info
    const send = async (body: string): Promise<boolean> => {
      const sentAt = clock.now()
      const durable = await sendProgress(command, body)
      // The saga gives the attempt its whole time again, counted from when it hears of it.
      if (durable && deadlineAt !== undefined) this.#deadline.extend(sentAt + Math.max(0, deadlineAt - at))
      return durable
    }
    const everyMs = pace.everyMs ?? progressEveryMs
    const lines = log.with({ command: command.info.id, type: command.info.type })
    return new ProgressTeller({ clock, log: lines, send }, { everyMs, heartbeatMs: pace.heartbeatMs })
  }
}
