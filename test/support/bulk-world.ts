/** Drivers of bulk acts on one log in memory, in virtual time, with sagas that are rows and no more; any of them may die. */

import { type Bulk, BulkBook } from '../../services/gateway/bulk/bulk-book.ts'
import { BulkDriver } from '../../services/gateway/bulk/bulk-driver.ts'
import { factRecord } from '../../services/gateway/bulk/bulk-record.ts'
import type { BulkReads } from '../../services/gateway/bulk-reads.ts'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import type { ActStanding, StandingSaga } from '../../shared/adapters/postgres/bulk-queries.ts'
import type { SagaMark } from '../../shared/adapters/postgres/view-queries.ts'
import type { BulkAct } from '../../shared/client/bulk-api.ts'
import type { ClientCommand } from '../../shared/message/client-command-record.ts'
import { OperationalError } from '../../shared/message/errors.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { noLog, noMetrics } from '../../shared/ports/telemetry.ts'

const TOPIC = 'kasaga.bulk'

export interface SagaStandIn extends ActStanding {
  readonly id: string
  readonly startedAt: number
}

export interface Sent {
  readonly at: number
  readonly by: number
  readonly command: ClientCommand
}

export interface Process {
  readonly number: number
  readonly driver: BulkDriver
  /** Ends it as kill -9 would. */
  die(): void
  /** From now on nothing that it writes to the topic is taken, or what it writes is taken and not confirmed. */
  deafAfter(appends: number): void
}

export const stuck = (id: string, startedAt: number): SagaStandIn => ({
  ...{ id, startedAt, status: 'stuck', phase: 'running', ended: false, stopped: false },
  ...{ unreadable: false, parked: true, underWay: false },
})

/** Reads of rows that are there now; `seen` hears of how many at once. */
export function rowsOf(sagas: () => readonly SagaStandIn[], seen: (count: number) => void = () => {}): BulkReads {
  return {
    count: async () => [],
    meant: async ({ startedBefore = Number.POSITIVE_INFINITY }, { limit, after }) => {
      const own = sagas().filter(({ status, startedAt }) => status === 'stuck' && startedAt < startedBefore)
      const marks = own.map(({ id, startedAt }) => ({ saga_id: id, started_at: startedAt }))
      const ordered = marks.toSorted((a, b) => a.started_at - b.started_at || (a.saga_id < b.saga_id ? -1 : 1))
      const isBehind = (mark: SagaMark, other: SagaMark) =>
        mark.started_at > other.started_at || (mark.started_at === other.started_at && mark.saga_id > other.saga_id)
      const page = ordered.filter((mark) => !after || isBehind(mark, after)).slice(0, limit)
      seen(page.length)
      return page
    },
    standings: async (ids) => {
      seen(ids.length)
      const wanted = new Set(ids)
      const own = sagas().filter(({ id }) => wanted.has(id))
      return own.map((saga): StandingSaga => ({ ...saga, saga_id: saga.id }))
    },
  }
}

export class BulkWorld {
  readonly clock = new ManualClock()
  readonly #log = new MemoryLog({ clock: this.clock })
  readonly #own = this.#log.connect()
  /** What matches; may change at any time. */
  readonly sagas: SagaStandIn[] = []
  readonly sent: Sent[] = []
  /** The most ids that one read was asked for, or answered. */
  idsAtOnceMax = 0
  #ids = 0
  #processes = 0

  async open(): Promise<this> {
    await this.clockwise(this.#own.createTopics([{ name: TOPIC, partitions: 1, retention: 'compacted' }]))
    return this
  }

  /** A call that is answered in virtual time. */
  async clockwise<T>(call: Promise<T>): Promise<T> {
    let open = true
    const done = call.finally(() => {
      open = false
    })
    done.catch(() => {})
    while (open) await this.clock.advance(1)
    return done
  }

  async ask(id: string, act: BulkAct, rate: number): Promise<void> {
    const at = this.clock.now()
    const asked = { kind: 'asked', act, filter: { status: 'stuck' }, rate, actor: 'ann', reason: 'why', at } as const
    const records = [factRecord(id, asked, at)]
    await this.clockwise(this.#own.append([{ topic: TOPIC, partition: 0, records }]))
  }

  async abort(id: string): Promise<void> {
    const at = this.clock.now()
    const records = [factRecord(id, { kind: 'aborted', actor: 'bob', reason: 'wrong', at }, at)]
    await this.clockwise(this.#own.append([{ topic: TOPIC, partition: 0, records }]))
  }

  /** As a gateway that comes new sees it. */
  async bulk(id: string): Promise<Bulk | undefined> {
    return this.clockwise(new BulkBook({ broker: this.#own, log: noLog, topic: TOPIC }).find(id))
  }

  start(): Process {
    const number = ++this.#processes
    const connection = this.#log.connect()
    let [isDead, left] = [false, Number.POSITIVE_INFINITY]
    const gone = () => new OperationalError('append-unknown', 'gone', { where: 'test', retriable: true })
    const broker: Broker = Object.assign(Object.create(connection) as Broker, {
      append: async (batches: Parameters<Broker['append']>[0]) => {
        if (isDead || left-- <= 0) return batches.map(() => ({ kind: 'unknown' as const, error: gone() }))
        return connection.append(batches)
      },
      join: (...given: Parameters<Broker['join']>) => connection.join(...given),
      read: (...given: Parameters<Broker['read']>) => connection.read(...given),
    })
    const driver = new BulkDriver({
      ...{ broker, clock: this.clock, ids: { next: () => `list-${++this.#ids}` }, log: noLog, metrics: noMetrics },
      ...{
        topic: TOPIC,
        prefix: 'kasaga',
        reads: rowsOf(
          () => this.sagas,
          (count) => this.#seen(count),
        ),
      },
      carryOut: async (command) => {
        if (isDead) throw gone()
        this.sent.push({ at: this.clock.now(), by: number, command })
      },
    })
    driver.start()
    return {
      number,
      driver,
      die: () => {
        isDead = true
        connection.drop()
        void driver.stop().catch(() => {})
      },
      deafAfter: (appends) => {
        left = appends
      },
    }
  }

  #seen(count: number): void {
    this.idsAtOnceMax = Math.max(this.idsAtOnceMax, count)
  }

  /** By saga, the request ids of what it was sent. */
  get requests(): ReadonlyMap<string, readonly string[]> {
    const all = new Map<string, string[]>()
    for (const { command } of this.sent) {
      const known = all.get(command.sagaId) ?? []
      all.set(command.sagaId, [...known, command.requestId])
    }
    return all
  }

  async close(): Promise<void> {
    await this.clockwise(this.#own.close())
  }
}
