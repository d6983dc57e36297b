/** How far an installation is. */
import type { Kysely } from 'kysely'
import type { Home } from '../../../services/home.ts'
import { allCheckpoints } from '../../../shared/adapters/postgres/view-queries.ts'
import type { ViewTables } from '../../../shared/adapters/postgres/view-schema.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'

const LOOK_AGAIN_MS = 100

/** Records on the log: events, and a header for each batch of them. */
export async function logRecords({ broker }: Pick<Home, 'broker'>, { events }: KasagaTopics): Promise<number> {
  return (await broker.offsets(events)).reduce((sum, { end }) => sum + Number(end), 0)
}

/** Records that every view has, of all partitions together. */
export async function checkpointOffsets(db: Kysely<ViewTables>): Promise<number> {
  const offsets = new Map<number, bigint>()
  for (const { partition, nextOffset } of await allCheckpoints(db)) {
    const known = offsets.get(partition)
    if (known === undefined || nextOffset < known) offsets.set(partition, nextOffset)
  }
  return [...offsets.values()].reduce((sum, offset) => sum + Number(offset), 0)
}

/** Waits until every command that was sent is in the views. */
export async function viewsReached(home: Home, { commands }: KasagaTopics): Promise<void> {
  const { db } = (await home.views()).store
  for (;;) {
    const [checkpoints, ends] = [await allCheckpoints(db), await home.broker.offsets(commands)]
    const reached = ends.every(({ partition, end }) => {
      const here = checkpoints.filter((checkpoint) => checkpoint.partition === partition)
      return end === 0n || (here.length > 0 && here.every((checkpoint) => checkpoint.commands >= end))
    })
    if (reached) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
