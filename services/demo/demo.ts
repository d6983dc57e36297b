/** The demo: publishes orders, shows how they fare, and ends with what the views and the auditor say of them. */
import { type Clock, sleep } from '../../shared/ports/clock.ts'
import { type AwaitEndOptions, awaitEnd, type Counts } from './await-end.ts'
import { type PublishOptions, publish } from './publish.ts'
import { type Summary, summaryOf } from './summary.ts'

/** What the views say of all sagas that have ended. */
export interface Ends {
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly ended: number
  /** Time in which sagas were started and ended, without the pauses between runs. */
  readonly busyMs: number
}

export interface DemoParts<Order extends { readonly id: string }>
  extends Omit<PublishOptions<Order>, 'onPublished'>,
    Pick<AwaitEndOptions, 'counts' | 'checkpoints'> {
  readonly ordersTotal: number | undefined
  readonly ends: () => Promise<Ends>
  /** Audits everything; answers how many violations there are. */
  readonly violations: () => Promise<number>
  /** Settles when the views can be asked; until then orders run, and nobody can see how. */
  readonly viewsOpen: Promise<unknown>
  readonly progress: (line: string) => void
}

const PROGRESS_MS = 250

/** Runs the demo. @returns its summary, or `undefined` when it was stopped. */
export async function runDemo<Order extends { readonly id: string }>(
  parts: DemoParts<Order>,
): Promise<Summary | undefined> {
  const { clock, stopped } = parts
  const beganAt = clock.now()
  const tally = new Tally(parts)
  const endProgress = showProgress(clock, () => parts.progress(tally.line(clock.now() - beganAt)))
  try {
    void parts.viewsOpen.then(
      () => tally.viewsAreOpen(),
      () => {},
    )
    const { last, total } = await publish({ ...parts, onPublished: (published) => tally.published(published) })
    tally.published(total)
    await parts.viewsOpen
    const counts = await awaitEnd({ ...parts, last, onCounts: (now) => tally.counted(now) })
    if (!counts || stopped()) return undefined
    endProgress()
    parts.progress('the auditor checks the log, the views and the participants’ tables')
    const violations = await parts.violations()
    return summaryOf({ counts, violations, ...(await parts.ends()) })
  } finally {
    endProgress()
  }
}

/** Shows a line now and again until it is told to stop. */
function showProgress(clock: Clock, show: () => void): () => void {
  let ended = false
  const again = async () => {
    while (!ended) {
      await sleep(clock, PROGRESS_MS)
      if (!ended) show()
    }
  }
  void again()
  return () => {
    ended = true
  }
}

/** What the progress line says: counts of the views once they answer, until then what is known without them. */
class Tally {
  readonly #parts: Pick<DemoParts<{ id: string }>, 'ordersTotal' | 'inFlight'>
  #published = 0
  #viewsOpen = false
  #counts: Counts | undefined

  constructor(parts: Pick<DemoParts<{ id: string }>, 'ordersTotal' | 'inFlight'>) {
    this.#parts = parts
  }

  viewsAreOpen(): void {
    this.#viewsOpen = true
  }

  published(count: number): void {
    this.#published = count
  }

  counted(counts: Counts): void {
    this.#counts = counts
  }

  line(elapsedMs: number): string {
    const { ordersTotal, inFlight } = this.#parts
    const of = ordersTotal === undefined ? '' : ` of ${ordersTotal}`
    const seconds = (elapsedMs / 1_000).toFixed(1)
    const views = this.#viewsOpen ? '' : '; the views are opening'
    if (!this.#counts) return `${seconds} s: ${this.#published}${of} orders published, ${inFlight()} at work${views}`
    const { completed, compensated, running, compensating, stuck } = this.#counts
    return `${seconds} s: ${completed} completed, ${compensated} compensated, ${running + compensating} at work, ${stuck} stuck`
  }
}
