/** The calls of handlers for some commands: their signals, their progress, and their place among those that run. */
import { deadlineSignal } from './deadline-signal.ts'
import type { BatchItem } from './handlers.ts'
import { Deadlines, ItemRun, type ItemRunPorts } from './item-run.ts'
import type { ReceivedCommand } from './received-command.ts'
import type { RunningHandlers } from './running-handlers.ts'

export interface HandlerRunPorts extends ItemRunPorts {
  readonly running: RunningHandlers
}

/** One call of a handler; begun -> ended. */
export interface HandlerRun {
  readonly items: readonly BatchItem<unknown>[]
  /** Fires when that of its last item has fired. */
  readonly signal: AbortSignal
  /** The handler has returned or thrown. */
  end(): void
}

export class HandlerRuns {
  readonly stopping: AbortSignal
  /** Moved by progress, also for a further call. */
  readonly deadlines = new Deadlines()
  readonly #ports: HandlerRunPorts
  readonly #begun: ItemRun[] = []

  constructor(ports: HandlerRunPorts, stopping: AbortSignal) {
    this.#ports = ports
    this.stopping = stopping
  }

  begin(commands: readonly ReceivedCommand<never>[]): HandlerRun {
    const { deadlines } = this
    const lastAt = Math.max(...commands.map((command) => deadlines.of(command) ?? Number.POSITIVE_INFINITY))
    const call = deadlineSignal(this.#ports.clock, lastAt, this.stopping)
    const parts = { deadlines, call, isAlone: commands.length === 1 }
    const items = commands.map((command) => new ItemRun(command, this.#ports, parts))
    this.#begun.push(...items)
    const infos = commands.map((command) => command.info)
    const leave = this.#ports.running.begin(infos, call.signal)
    const end = (): void => {
      for (const item of items) item.end()
      call.cancel()
      leave()
    }
    return { items, signal: call.signal, end }
  }

  /** Settles when no progress is on its way. */
  async settled(): Promise<void> {
    await Promise.all(this.#begun.map((run) => run.settled()))
  }
}
