/** What the gateway reads for operators. */
import {
  type ActFilter,
  type ActMark,
  type IncidentRow,
  incidentSagas,
  incidents,
  type LiveCount,
  listActs,
  liveCounts,
} from '../../shared/adapters/postgres/operator-queries.ts'
import {
  listTimers,
  type TimerFilter,
  type TimerMark,
  type TimerRow,
} from '../../shared/adapters/postgres/timer-queries.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import type { ActRow } from '../../shared/view/saga-tables.ts'
import { asked } from './saga-reads.ts'

/** Every method throws an `OperationalError` when the views do not answer. */
export interface OperatorReads {
  incidents(): Promise<readonly IncidentRow[]>
  incidentSagas(fingerprint: string, limit: number): Promise<readonly string[]>
  acts(filter: ActFilter): Promise<{ readonly acts: readonly ActRow[]; readonly next?: ActMark }>
  liveCounts(): Promise<readonly LiveCount[]>
  timers(filter: TimerFilter): Promise<{ readonly timers: readonly TimerRow[]; readonly next?: TimerMark }>
}

export function operatorReads({ db }: ViewStore<ViewTables>): OperatorReads {
  return {
    incidents: () => asked(() => incidents(db)),
    incidentSagas: (fingerprint, limit) => asked(() => incidentSagas(db, fingerprint, limit)),
    acts: (filter) => asked(() => listActs(db, filter)),
    liveCounts: () => asked(() => liveCounts(db)),
    timers: (filter) => asked(() => listTimers(db, filter)),
  }
}
