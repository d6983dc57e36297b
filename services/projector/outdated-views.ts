/**
 * Views that another version of their projection has made: built anew, one after another, beside what is read. What is read
 * stays as it is meanwhile; once the new one has taken its place, the projector goes on with it.
 */
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import { sleep } from '../../shared/ports/clock.ts'
import { KEEP_MS } from '../../shared/ports/rebuild.ts'
import type { Log, Metrics } from '../../shared/ports/telemetry.ts'
import type { Projection } from '../../shared/view/projection.ts'
import type { RebuildPorts } from './advance.ts'
import { rebuild } from './rebuild.ts'

export interface OutdatedViewsPorts extends RebuildPorts {
  readonly log: Log
  readonly metrics: Metrics
}

const RETRY_DELAY_MS = 2_000

export class OutdatedViews {
  readonly #ports: OutdatedViewsPorts
  readonly #stopping = Promise.withResolvers<void>()
  #stopped = false
  #left = 0
  #loop: Promise<void> = Promise.resolve()

  constructor(ports: OutdatedViewsPorts) {
    this.#ports = ports
  }

  /** Whether any is still to be built. */
  get isBuilding(): boolean {
    return this.#left > 0
  }

  /** `built` is told each time that one has taken its place. */
  start(outdated: readonly Projection[], built: () => void): void {
    this.#left = outdated.length
    this.#loop = this.#run(outdated, built)
  }

  /** What was built so far stays, and is gone on with at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopping.resolve()
    await this.#loop
  }

  async #run(outdated: readonly Projection[], built: () => void): Promise<void> {
    for (const own of outdated) {
      while (!this.#stopped && !(await this.#build(own)))
        await Promise.race([sleep(this.#ports.clock, RETRY_DELAY_MS), this.#stopping.promise])
      if (this.#stopped) return
      this.#left--
      built()
    }
  }

  /** Answers whether it has taken its place, here or in another process. */
  async #build(own: Projection): Promise<boolean> {
    const { log, metrics, ...ports } = this.#ports
    const { name: projection, version } = own
    log.info('a view is built anew beside the one that is read, which is of another version', { projection, version })
    const onProgress = ({ done, total = done }: { readonly done: number; readonly total?: number }) =>
      metrics.gauge('kasaga_view_rebuild_records', Math.max(0, total - done), { projection })
    const how = { mayBeEmpty: true, compares: false, keepMs: KEEP_MS, onProgress, isStopped: () => this.#stopped }
    try {
      const { before, records, elapsedMs } = await rebuild({ ...ports, own, ...how })
      log.info('a view is read in its new version', { projection, version, before, records, elapsedMs })
      return true
    } catch (error) {
      const code = error instanceof OperationalError ? error.code : 'bug'
      if (code === 'built-elsewhere') return true
      if (!this.#stopped)
        log.error('a view cannot be built anew: trying again', { projection, version, why: messageOf(error), error })
      return false
    }
  }
}
