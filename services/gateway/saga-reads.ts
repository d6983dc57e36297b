/** What the gateway reads of the views. */
import { type LockFilter, listLocks, locksNamed } from '../../shared/adapters/postgres/lock-queries.ts'
import type { SagaCriteria } from '../../shared/adapters/postgres/saga-filter.ts'
import {
  allCheckpoints,
  attributesOf,
  countQuarantined,
  countStopped,
  countsByStatus,
  forkedBy,
  type HistoryEvent,
  historyOf,
  listSagas,
  type SagaMark,
  type SagaView,
  type StatusCounts,
  sagaById,
  stepsOf,
} from '../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { InvariantError, messageOf, OperationalError } from '../../shared/message/errors.ts'
import type { ViewCheckpoint, ViewStore } from '../../shared/ports/view-store.ts'
import type { AttributeRow, LockRow, StepRow } from '../../shared/view/saga-tables.ts'

export interface ListFilter extends SagaCriteria {
  readonly limit: number
  readonly after?: SagaMark
}

export interface SagaPage {
  readonly sagas: readonly SagaView[]
  readonly next?: SagaMark
}

export interface LockPage {
  readonly locks: readonly LockRow[]
  readonly next?: string
}

/** Every method throws an `OperationalError` when the views do not answer. */
export interface SagaReads {
  saga(id: string): Promise<SagaView | undefined>
  steps(id: string): Promise<readonly StepRow[]>
  attributes(id: string): Promise<readonly AttributeRow[]>
  /** Events with a seq above `after`. */
  events(id: string, after: number, limit: number): Promise<readonly HistoryEvent[]>
  /** The event by which a saga was forked under that request. */
  forked(id: string, requestId: string): Promise<HistoryEvent | undefined>
  list(filter: ListFilter): Promise<SagaPage>
  counts(): Promise<{ readonly counts: StatusCounts; readonly unreadable: number; readonly stopped: number }>
  checkpoints(): Promise<readonly ViewCheckpoint[]>
  /** Locks that somebody holds or waits for. */
  locks(filter: LockFilter): Promise<LockPage>
  locksNamed(resources: readonly string[]): Promise<readonly LockRow[]>
}

/** Reads change nothing and name what the views have, so what goes wrong with one is that the views do not answer. */
export async function asked<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof InvariantError || cause instanceof OperationalError) throw cause
    throw new OperationalError('views-unavailable', messageOf(cause), { where: 'gateway', retriable: true, cause })
  }
}

/** Reads from a view store. */
export function sagaReads({ db }: ViewStore<ViewTables>): SagaReads {
  return {
    saga: (id) => asked(() => sagaById(db, id)),
    attributes: (id) => asked(() => attributesOf(db, id)),
    steps: (id) => asked(() => stepsOf(db, id)),
    events: (id, after, limit) => asked(() => historyOf(db, id, { fromSeq: after + 1, limit })),
    forked: (id, requestId) => asked(() => forkedBy(db, id, requestId)),
    list: (filter) => asked(() => listSagas(db, filter)),
    counts: () =>
      asked(async () => {
        const [unreadable, stopped] = [await countQuarantined(db), await countStopped(db)]
        return { counts: await countsByStatus(db), unreadable, stopped }
      }),
    locks: (filter) => asked(() => listLocks(db, filter)),
    locksNamed: (resources) => asked(() => locksNamed(db, resources)),
    checkpoints: () => asked(() => allCheckpoints(db)),
  }
}
