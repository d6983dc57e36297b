/** One command in its handler: its signal and its progress, each made when it is asked for; begun -> ended. */
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/telemetry.ts'
import { type DeadlineSignal, deadlineSignal } from './deadline-signal.ts'
import type { BatchItem, CommandInfo, Progress } from './handlers.ts'
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

export interface ItemRunParts {
  readonly deadlines: Deadlines
  /** The signal of the whole call: the last of its items'. */
  readonly call: DeadlineSignal
  /** The command is the only one of its call. */
  readonly isAlone: boolean
}

/** What a handler is given of one command. */
export class ItemRun implements BatchItem<unknown> {
  readonly input: unknown
  readonly command: CommandInfo
  readonly #command: ReceivedCommand<never>
  readonly #ports: ItemRunPorts
  readonly #parts: ItemRunParts
  #deadline: DeadlineSignal | undefined
  #teller: ProgressTeller | undefined
  #hasEnded = false

  constructor(command: ReceivedCommand<never>, ports: ItemRunPorts, parts: ItemRunParts) {
    this.input = command.input
    this.command = command.info
    this.#command = command
    this.#ports = ports
    this.#parts = parts
    if (command.operation.pace.heartbeatMs !== undefined) this.#tellerNow()
  }

  get signal(): AbortSignal {
    return this.#deadlineNow().signal
  }

  get progress(): Progress {
    return (payload = null) => this.#tellerNow().tell(payload)
  }

  /** The handler has returned or thrown. */
  end(): void {
    this.#hasEnded = true
    this.#teller?.end()
    if (this.#deadline !== this.#parts.call) this.#deadline?.cancel()
  }

  /** Settles when no progress is on its way. */
  async settled(): Promise<void> {
    await this.#teller?.settled()
  }

  #deadlineNow(): DeadlineSignal {
    const { deadlines, call, isAlone } = this.#parts
    if (isAlone) this.#deadline = call
    const at = deadlines.of(this.#command) ?? Number.POSITIVE_INFINITY
    this.#deadline ??= deadlineSignal(this.#ports.clock, at, call.signal)
    if (this.#hasEnded && !isAlone) this.#deadline.cancel()
    return this.#deadline
  }

  #tellerNow(): ProgressTeller {
    if (this.#teller) return this.#teller
    const { clock, log, progressEveryMs } = this.#ports
    const { everyMs = progressEveryMs, heartbeatMs } = this.#command.operation.pace
    const lines = log.with({ command: this.command.id, type: this.command.type })
    const teller = new ProgressTeller({ clock, log: lines, send: (body) => this.#send(body) }, { everyMs, heartbeatMs })
    this.#teller = teller
    // Whoever works past its time, or while the partition goes to another, no longer speaks for the command.
    this.signal.addEventListener('abort', () => teller.end(), { once: true })
    if (this.signal.aborted || this.#hasEnded) teller.end()
    return teller
  }

  async #send(body: string): Promise<boolean> {
    const { clock, sendProgress } = this.#ports
    const { deadlines, call } = this.#parts
    const sentAt = clock.now()
    const durable = await sendProgress(this.#command, body)
    const later = durable ? deadlines.move(this.#command, sentAt) : undefined
    if (later === undefined) return durable
    call.extend(later)
    this.#deadline?.extend(later)
    return durable
  }
}
