/** Which fault befalls a process before a step, and how long it lasts. */
import type { Options } from './options.ts'
import type { Process } from './process.ts'
import { type Stream, streamOf } from './streams.ts'

export type ProcessKind = 'orchestrator' | 'participant' | 'projector' | 'client'

export type ProcessFault = 'crash' | 'pause' | 'split' | 'restart' | 'jump'

const FAULTS: readonly ProcessFault[] = ['crash', 'pause', 'split', 'restart', 'jump']
/** What can befall each kind: a client holds nothing that others could take over. */
const BEFALLS: Readonly<Record<ProcessKind, readonly ProcessFault[]>> = {
  orchestrator: FAULTS,
  participant: FAULTS,
  projector: ['crash', 'pause', 'split', 'restart'],
  client: ['crash'],
}

const HOUR_MS = 3_600_000

export class FaultDraw {
  readonly #rates: Options['rates']
  readonly #faults: Stream
  readonly #times: Stream

  constructor({ seed, rates }: Options) {
    this.#rates = rates
    this.#faults = streamOf(seed, 'processes')
    this.#times = streamOf(seed, 'times')
  }

  /** Most steps meet none. */
  fault(kind: ProcessKind, process: Process): ProcessFault | undefined {
    const rates = this.#rates
    for (const fault of BEFALLS[kind])
      if (this.#faults.perMille(rates[fault]) && (fault === 'crash' || fault === 'jump' || process.holds)) return fault
    return undefined
  }

  restartMs(): number {
    return this.#times.below(1_500)
  }

  absence(): { sessionMs: number; pauseMs: number; unawareMs: number } {
    const [sessionMs, pauseMs] = [this.#times.below(800), this.#times.below(3_000)]
    return { sessionMs, pauseMs, unawareMs: this.unawareMs() }
  }

  unawareMs(): number {
    return this.#times.below(1_500)
  }

  jumpMs(): number {
    return this.#times.below(2) === 0 ? HOUR_MS : -HOUR_MS
  }
}
