/** An installation for the examples on whichever home: their sagas, their participants with books, views and audit. */
import type { AuditReport } from '../../../services/auditor/report.ts'
import type { Home } from '../../../services/home.ts'
import { type Business, type Everything, startEverything } from '../../../services/one-process/main.ts'
import { verifyHome } from '../../../services/verify/home.ts'
import {
  allCheckpoints,
  type HistoryEvent,
  historyOf,
  type SagaView,
  sagaById,
} from '../../../shared/adapters/postgres/view-queries.ts'
import type { SagaClient } from '../../../shared/client/saga-client.ts'
import { type Definition, Definitions } from '../../../shared/saga/definition.ts'
import { sagasProjection } from '../../../shared/view/sagas-projection.ts'
import { type Bookkeeper, type Net, netEffect, openBooks } from './deeds.ts'

export interface ExampleParts {
  readonly definitions: readonly Definition[]
  readonly bookkeepers: readonly Bookkeeper[]
}

const LOOK_AGAIN_MS = 15
const PATIENCE_MS = 20_000
/** Of a saga's history, what is looked through for its end, and told when it does not come. */
const LAST_EVENTS = 40

export class ExampleInstallation {
  readonly client: SagaClient
  readonly #home: Home
  readonly #prefix: string
  readonly #business: Business
  #everything: Everything

  private constructor(home: Home, prefix: string, started: { business: Business; everything: Everything }) {
    this.#home = home
    this.#prefix = prefix
    this.#business = started.business
    this.#everything = started.everything
    this.client = started.everything.client
  }

  /** Starts it, as a user's own `main.ts` would with these definitions and participants. */
  static async start(home: Home, prefix: string, parts: ExampleParts): Promise<ExampleInstallation> {
    await openBooks(home)
    const definitions = new Definitions(parts.definitions)
    const business = { definitions, participants: parts.bookkeepers, projections: [sagasProjection] }
    const everything = await startEverything(home, prefix, business)
    await everything.open
    return new ExampleInstallation(home, prefix, { business, everything })
  }

  /** Stops every service and starts it again: each saga is read back from the log. */
  async restart(): Promise<void> {
    await this.#everything.stop()
    this.#everything = await startEverything(this.#home, this.#prefix, this.#business)
    await this.#everything.open
  }

  /** The saga as the views show it, once this holds of it. */
  async until(id: string, holds: (saga: SagaView) => boolean, patienceMs = PATIENCE_MS): Promise<SagaView> {
    const db = await this.#db()
    const until = Date.now() + patienceMs
    for (;;) {
      const saga = await sagaById(db, id)
      if (saga && holds(saga)) return saga
      if (Date.now() > until) throw new Error(`${id} after ${patienceMs} ms:\n${await this.#told(id, saga)}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }

  /** The saga at its end. */
  ended(id: string, patienceMs = PATIENCE_MS): Promise<SagaView> {
    return this.until(id, ({ ended_at }) => ended_at !== null, patienceMs)
  }

  /** Does what a person does when the saga is stuck; nothing, when it ends without that. */
  async whenStuck(id: string, act: () => Promise<unknown>): Promise<void> {
    const saga = await this.until(id, ({ status, ended_at }) => status === 'stuck' || ended_at !== null)
    if (saga.status === 'stuck') await act()
  }

  /** Waits for an event of the saga, or its end. */
  async happened(id: string, what: (event: HistoryEvent) => boolean): Promise<void> {
    const db = await this.#db()
    const until = Date.now() + PATIENCE_MS
    while (!(await historyOf(db, id)).some(what)) {
      if (typeof (await sagaById(db, id))?.ended_at === 'number') return
      if (Date.now() > until) throw new Error(`it never happened in ${id}:\n${await this.#told(id)}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }

  /** What the saga gave; `undefined` when it has not completed. */
  async output(id: string): Promise<unknown> {
    const db = await this.#db()
    const seq = (await sagaById(db, id))?.seq ?? 0
    const events = await historyOf(db, id, { fromSeq: seq - LAST_EVENTS })
    const end = events.findLast(({ type }) => type === 'saga-completed')
    return end && (end.data as { output: unknown }).output
  }

  /** Those of these events that the saga has told, in the order in which it first told them. */
  async order(id: string, wanted: readonly string[]): Promise<readonly string[]> {
    const events = await historyOf(await this.#db(), id)
    const told = events.map(({ type, data }) => `${type} ${placeOf(data)}`)
    return wanted.filter((one) => told.includes(one)).sort((a, b) => told.indexOf(a) - told.indexOf(b))
  }

  net(id: string): Promise<Readonly<Record<string, Net>>> {
    return netEffect(this.#home, id)
  }

  /** Audits the whole log, the views and every command that was sent; nothing may be under way. */
  async audit(): Promise<AuditReport> {
    await this.#viewsAtEnd()
    const { topics } = this.#everything
    const { definitions } = this.#business
    return verifyHome(this.#home, { topics, atRest: true, commands: true, definitions, participants: [] })
  }

  async stop(): Promise<void> {
    await this.#everything.stop()
  }

  async #db() {
    return (await this.#home.views()).store.db
  }

  async #told(id: string, saga?: SagaView): Promise<string> {
    const events = await historyOf(await this.#db(), id, { fromSeq: (saga?.seq ?? 0) - LAST_EVENTS })
    const lines = events.map(({ seq, type, data }) => `${seq} ${type} ${JSON.stringify(data)?.slice(0, 220)}`)
    return [JSON.stringify(saga), ...lines].join('\n')
  }

  async #viewsAtEnd(): Promise<void> {
    const db = await this.#db()
    const { topics } = this.#everything
    const until = Date.now() + PATIENCE_MS
    for (;;) {
      const [checkpoints, ends] = await Promise.all([allCheckpoints(db), this.#home.broker.offsets(topics.commands)])
      const behind = ends.filter(({ partition, end }) => {
        const here = checkpoints.filter((checkpoint) => checkpoint.partition === partition)
        return end > 0n && !here.some(({ commands }) => commands >= end)
      })
      if (behind.length === 0) return
      if (Date.now() > until) throw new Error('the views do not come to the end of the log')
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
    }
  }
}

function placeOf(data: unknown): string {
  const { step, scope } = data as { readonly step?: string; readonly scope?: string }
  return step ?? scope ?? ''
}
