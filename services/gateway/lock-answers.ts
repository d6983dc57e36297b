/** Rows of locks as the API answers them. Pure. */
import type { LockAnswer } from '../../shared/client/http-api.ts'
import { openAsks } from '../../shared/view/lock-standing.ts'
import type { LockRow } from '../../shared/view/saga-tables.ts'

const time = (ms: number): string => new Date(ms).toISOString()

/** One lock: who holds it, and who waits for it. */
export function lockAnswer(row: LockRow): LockAnswer {
  const { resource, permits, token, quarantined, updated_at } = row
  const holders: LockAnswer['holders'] = []
  const waiters: LockAnswer['waiters'] = []
  for (const { saga, step, since, token: own, heldSince = since } of openAsks(row.asks)) {
    if (own === undefined) waiters.push({ saga, step, since: time(since) })
    else holders.push({ saga, step, token: own, since: time(heldSince) })
  }
  return {
    resource,
    permits,
    token,
    holders,
    waiters,
    quarantined,
    updatedAt: updated_at === null ? null : time(updated_at),
  }
}

/** Who holds each of some locks, by resource. */
export function holdersOf(rows: readonly LockRow[]): ReadonlyMap<string, LockAnswer['holders']> {
  return new Map(rows.map((row) => [row.resource, lockAnswer(row).holders]))
}
