/** A bulk act, and what one would come to, as the API says it. */
import type { StandingCount, StandingSaga } from '../../../shared/adapters/postgres/bulk-queries.ts'
import type { BulkAct, BulkAnswer, BulkPreview, BulkState } from '../../../shared/client/bulk-api.ts'
import type { Bulk } from './bulk-book.ts'
import { total } from './bulk-turn.ts'
import { whyNotOpen } from './openness.ts'

const time = (at: number) => new Date(at).toISOString()

export function bulkAnswer({ id, asked, progress, aborted, ended }: Bulk): BulkAnswer {
  const { act, filter, actor, reason, rate, at } = asked
  const { sagas = null, done = 0, refused = {} } = ended ?? progress ?? {}
  const left = sagas === null ? null : sagas - done - total(refused)
  const state: BulkState = ended ? ended.as : progress ? 'running' : 'waiting'
  return {
    ...{ id, state, act, filter, actor, reason, rate, sagas, done, refused, left },
    askedAt: time(at),
    endedAt: ended ? time(ended.at) : null,
    abortedBy: aborted ? { actor: aborted.actor, reason: aborted.reason } : null,
    why: ended?.why ?? null,
  }
}

/** What would become of the act, as the sagas stand now. */
export function bulkPreview(
  act: BulkAct,
  counts: readonly StandingCount[],
  sample: readonly StandingSaga[],
): BulkPreview {
  const refused: BulkPreview['refused'] = {}
  let [sagas, open] = [0, 0]
  for (const count of counts) {
    const why = whyNotOpen(act, count)
    sagas += count.sagas
    if (why === undefined) open += count.sagas
    else refused[why] = (refused[why] ?? 0) + count.sagas
  }
  const shown = sample.map((row) => {
    return { id: row.saga_id, status: row.status, refused: whyNotOpen(act, row) ?? null }
  })
  return { sagas, open, refused, sample: shown }
}
