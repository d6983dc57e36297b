/** The calls of handlers for some commands: their signals, their progress, and their place among those that run. */
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
    const begun = commands.map((command) => ({ command, run: new ItemRun(command, this.#ports, this) }))
    for (const { run } of begun) this.#begun.push(run)
    const items = begun.map(({ command: { input, info }, run: { signal, progress } }) => {
      return { input, command: info, signal, progress }
    })
    const signal = lastOf(items.map((item) => item.signal))
    const leave = this.#ports.running.begin(
      items.map((item) => item.command),
      signal,
    )
    const end = (): void => {
      for (const { run } of begun) run.end()
      leave()
    }
    return { items, signal, end }
  }

  /** Settles when no progress is on its way. */
  async settled(): Promise<void> {
    await Promise.all(this.#begun.map((run) => run.settled()))
  }
}

function lastOf(signals: readonly AbortSignal[]): AbortSignal {
  const [only, ...more] = signals
  if (only && more.length === 0) return only
  const last = new AbortController()
  let open = signals.length
  for (const signal of signals) {
    const fired = (): void => {
      open--
      if (open === 0) last.abort(signal.reason)
    }
    if (signal.aborted) fired()
    else signal.addEventListener('abort', fired, { once: true })
  }
  return last.signal
}
