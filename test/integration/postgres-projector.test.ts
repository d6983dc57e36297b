import { openPostgresViewStore } from '../../shared/adapters/postgres/postgres-view-store.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { bulkRowsSuite } from '../contract/bulk-rows-suite.ts'
import { controlViewsSuite } from '../contract/control-views-suite.ts'
import { heldRowsSuite } from '../contract/held-rows-suite.ts'
import { projectorSuite } from '../contract/projector-suite.ts'
import { rebuildSuite } from '../contract/rebuild-suite.ts'
import { timerRowsSuite } from '../contract/timer-rows-suite.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { withDatabase } from '../support/real-servers/with-database.ts'

/** A store on a database of its own, which goes when the store is closed. */
function storeOn(server: string): Promise<ViewStore<ViewTables>> {
  return new Promise((resolve, reject) => {
    const closing = Promise.withResolvers<void>()
    const dropped = withDatabase(server, async (connectionString) => {
      const store = openPostgresViewStore({ connectionString, onIdleTrouble: () => {} })
      resolve({
        db: store.db,
        async close() {
          await store.close()
          closing.resolve()
          await dropped
        },
      })
      await closing.promise
    })
    dropped.catch(reject)
  })
}

await describeReal('views on a real Postgres', ['postgres'], ({ postgres }) => {
  projectorSuite('Postgres', () => storeOn(postgres))
  controlViewsSuite(() => storeOn(postgres))
  heldRowsSuite('Postgres', () => storeOn(postgres))
  timerRowsSuite('Postgres', () => storeOn(postgres))
  bulkRowsSuite('Postgres', () => storeOn(postgres))
  rebuildSuite('Postgres', () => storeOn(postgres))
})
