/** Values of several megabytes through a whole installation on a real Kafka and Postgres, and the store on Postgres. */
import { KyselyPayloadStore } from '../../shared/adapters/postgres/kysely-payload-store.ts'
import type { PayloadTables } from '../../shared/adapters/postgres/payloads-table.ts'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { LARGE_EXAMPLE, largeSuite } from '../contract/large-suite.ts'
import { payloadStoreContract } from '../contract/payload-store-suite.ts'
import { openKafkaExampleHome } from '../support/examples/kafka-home.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { withDatabase } from '../support/real-servers/with-database.ts'

await describeReal('large values', ['kafka', 'postgres'], (servers) => {
  largeSuite(() => openKafkaExampleHome(servers, [LARGE_EXAMPLE]))
})

await describeReal('a table of a real Postgres', ['postgres'], ({ postgres }) => {
  payloadStoreContract('a table of a real Postgres', async () => {
    const opened = Promise.withResolvers<string>()
    const closing = Promise.withResolvers<void>()
    const dropped = withDatabase(postgres, async (url) => {
      opened.resolve(url)
      await closing.promise
    })
    dropped.catch(opened.reject)
    const url = await opened.promise
    const open = () => openPostgresDatabase<PayloadTables>({ url, log: noLog })
    const damaging = open()
    return {
      store: new KyselyPayloadStore(open(), systemClock),
      reopen: () => new KyselyPayloadStore(open(), systemClock),
      async damage(id) {
        const content = Buffer.from('something else')
        await damaging.updateTable('kasaga_payloads').set({ content }).where('id', '=', id).execute()
      },
      async close() {
        await damaging.destroy()
        closing.resolve()
        await dropped
      },
    }
  })
})
