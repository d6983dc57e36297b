/** What the gateway reads for bulk acts. */
import {
  countStandings,
  meantSagas,
  type StandingCount,
  type StandingSaga,
  standingsOf,
} from '../../shared/adapters/postgres/bulk-queries.ts'
import type { SagaCriteria } from '../../shared/adapters/postgres/saga-filter.ts'
import type { SagaMark } from '../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { asked } from './saga-reads.ts'

/** Every method throws an `OperationalError` when the views do not answer. */
export interface BulkReads {
  /** How many sagas are meant, by how they stand to an act on that step. */
  count(filter: SagaCriteria, step?: string): Promise<readonly StandingCount[]>
  /** The oldest first. */
  meant(
    filter: SagaCriteria,
    page: { readonly limit: number; readonly after?: SagaMark | undefined },
  ): Promise<readonly SagaMark[]>
  standings(ids: readonly string[], step?: string): Promise<readonly StandingSaga[]>
}

export function bulkReads({ db }: ViewStore<ViewTables>): BulkReads {
  return {
    count: (filter, step) => asked(() => countStandings(db, filter, step)),
    meant: (filter, page) => asked(() => meantSagas(db, filter, page)),
    standings: (ids, step) => asked(() => standingsOf(db, ids, step)),
  }
}
