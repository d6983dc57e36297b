/** A process that fills the embedded views as fast as it can, until it is killed. Argument: the folder. */
import { ordersView } from '../../services/orders/orders-view.ts'
import { openPgliteViewStore } from '../../shared/adapters/pglite/pglite-view-store.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { changesFor, foldBatches } from '../../shared/view/projection.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { accepted } from './fold-view.ts'
import { longLog } from './long-log.ts'

const projections = [sagasProjection, ordersView]
const store = await openPgliteViewStore({ folder: process.argv[2] ?? '', log: noLog })
const writer = new KyselyViewWriter(store.db)
await writer.prepare(projections)
const { batches } = accepted(longLog())
for (const batch of batches) {
  const checkpoints = await writer.checkpoints(projections, [0])
  const tables = projections.flatMap((own) => {
    const into = changesFor(own)
    foldBatches(own, [batch], { source: { topic: 'kasaga.events', partition: 0 }, into })
    return into.tables()
  })
  const moves = checkpoints.map((from) => {
    const { number, commands, replies } = batch.header
    return {
      from,
      to: { ...from, nextOffset: batch.nextOffset, nextNumber: number + 1, commands, replies, at: batch.at },
    }
  })
  await writer.apply({ moves, tables })
  process.stdout.write(`${batch.header.number}\n`)
}
await store.close()
