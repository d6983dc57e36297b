/**
 * The handlers that run now: how many, since when the oldest, which of them hang, and a warning for each that runs for
 * long; and of each that has ended, how long it took.
 *
 *     running --its signal fires--> asked to end --its grace is over--> hanging          each --> ended
 *
 * It looks at them at an interval while any runs, and not at all while none does. A handler that never returns is
 * thereby seen: nothing else would tell of it but a slot that is never free again.
 */
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import type { CommandInfo } from './handlers.ts'

/** How often the running handlers are looked at, or as often as one may begin to be long. */
export const RUNNING_LOOK_MS = 5_000

export interface RunningPorts {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Name of the participant. */
  readonly participant: string
  /** From when on a handler runs for long. */
  readonly handlerLongMs: number
  /** How long after its signal a handler may end. */
  readonly abortGraceMs: number
}

interface Running {
  readonly commands: readonly CommandInfo[]
  readonly since: number
  /** When its signal fired. */
  askedAt: number | undefined
  warned: boolean
}

export class RunningHandlers {
  readonly #ports: RunningPorts
  /** In the order that they began. */
  readonly #running = new Set<Running>()
  #cancelLook: Cancel | undefined

  constructor(ports: RunningPorts) {
    this.#ports = ports
  }

  /** A handler begins with these commands, of one type. Answers what to call when it has ended. */
  begin(commands: readonly CommandInfo[], signal: AbortSignal): () => void {
    const one: Running = { commands, since: this.#ports.clock.now(), askedAt: undefined, warned: false }
    const asked = (): void => {
      one.askedAt = this.#ports.clock.now()
    }
    if (signal.aborted) asked()
    else signal.addEventListener('abort', asked, { once: true })
    this.#running.add(one)
    this.#tell()
    this.#cancelLook ??= this.#look()
    return () => {
      this.#running.delete(one)
      this.#tell()
      this.#measure(one)
      if (this.#running.size === 0) this.close()
    }
  }

  /** How many have not ended though their signal fired and their grace is over: each holds a slot until it does. */
  get hanging(): number {
    const { clock, abortGraceMs } = this.#ports
    const isHanging = ({ askedAt }: Running) => askedAt !== undefined && clock.now() - askedAt >= abortGraceMs
    return [...this.#running].filter(isHanging).length
  }

  /** Looks no more until the next handler begins. */
  close(): void {
    this.#cancelLook?.()
    this.#cancelLook = undefined
  }

  #look(): Cancel {
    const { clock, handlerLongMs } = this.#ports
    return clock.schedule(Math.min(RUNNING_LOOK_MS, handlerLongMs), () => {
      this.#warn()
      this.#tell()
      this.#cancelLook = this.#look()
    })
  }

  #warn(): void {
    const { clock, log, handlerLongMs } = this.#ports
    for (const one of this.#running) {
      const runsMs = clock.now() - one.since
      if (one.warned || runsMs < handlerLongMs) continue
      one.warned = true
      const [first] = one.commands
      const { id: command, type, sagaId, step } = first ?? {}
      log.warn('a handler has been running for long', {
        ...{ command, type, sagaId, step, runsMs },
        commands: one.commands.length,
      })
    }
  }

  #tell(): void {
    const { clock, metrics, participant } = this.#ports
    const [oldest] = this.#running
    const seconds = oldest ? (clock.now() - oldest.since) / 1_000 : 0
    metrics.gauge('kasaga_participant_handlers_running', this.#running.size, { participant })
    metrics.gauge('kasaga_participant_handlers_oldest_seconds', seconds, { participant })
    metrics.gauge('kasaga_participant_handlers_hanging', this.hanging, { participant })
  }

  #measure({ commands, since }: Running): void {
    const { clock, metrics, participant } = this.#ports
    const labels = { participant, type: commands[0]?.type ?? '' }
    metrics.observe('kasaga_participant_handler_ms', clock.now() - since, labels)
    metrics.observe('kasaga_participant_handler_records', commands.length, labels)
  }
}
