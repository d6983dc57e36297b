/** What the gateway reads of locks. Every list is bounded. */
import { type Kysely, sql } from 'kysely'
import type { LockRow } from '../../view/saga-tables.ts'
import { pageOf } from './page.ts'
import type { ViewTables } from './view-schema.ts'

export interface LockFilter {
  /** Resource of the last lock of the page before. */
  readonly after?: string
  readonly limit: number
}

/** Locks that somebody holds or waits for, by resource. `next`: where the list goes on, absent on the last page. */
export async function listLocks(
  db: Kysely<ViewTables>,
  { after, limit }: LockFilter,
): Promise<{ readonly locks: readonly LockRow[]; readonly next?: string }> {
  let query = db
    .selectFrom('kasaga.locks')
    .selectAll()
    .where(sql<boolean>`coalesce(holders, 0) + coalesce(waiters, 0) > 0`)
  if (after !== undefined) query = query.where('resource', '>', after)
  const rows = await query
    .orderBy('resource')
    .limit(limit + 1)
    .execute()
  const { page: locks, last } = pageOf(rows, limit)
  return { locks, ...(last && { next: last.resource }) }
}

/** Those of some resources. */
export async function locksNamed(db: Kysely<ViewTables>, resources: readonly string[]): Promise<readonly LockRow[]> {
  if (resources.length === 0) return []
  return db
    .selectFrom('kasaga.locks')
    .selectAll()
    .where('resource', 'in', [...resources])
    .execute()
}
