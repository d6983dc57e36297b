import { test } from 'vitest'
import { openPostgresDatabase } from '../../shared/adapters/postgres/postgres-database.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { type LoyaltyTables, tryReadmeParticipant } from '../support/docs/readme-participant.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { withDatabase } from '../support/real-servers/with-database.ts'

await describeReal('the participant of the README', ['kafka', 'postgres'], ({ kafka, postgres }) => {
  test('runs on Kafka and Postgres', async () => {
    await withDatabase(postgres, async (url) => {
      const db = openPostgresDatabase<LoyaltyTables>({ url, log: noLog })
      try {
        await tryReadmeParticipant(await openTestKafka(kafka), db)
      } finally {
        await db.destroy()
      }
    })
  })
})
