import '../../shared/adapters/kafka/kafkajs-timers.ts'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { expect, test } from 'vitest'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { withDatabase } from '../support/real-servers/with-database.ts'

await describeReal('real servers', ['kafka', 'postgres'], ({ kafka, postgres }) => {
  test('Kafka answers with one broker or more', async () => {
    const admin = new Kafka({ brokers: [kafka], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const { brokers } = await admin.describeCluster()
    await admin.disconnect()
    expect(brokers.length).toBeGreaterThan(0)
  })

  test('Postgres gives a test its own database and takes it away', async () => {
    const name = await withDatabase(postgres, async (url) => {
      const [row] = await rows(url, 'select current_database() as name')
      return row?.name
    })
    expect(name).toMatch(/^test_/)
    const left = await rows(postgres, 'select datname as name from pg_database')
    expect(left.map((row) => row.name)).not.toContain(name)
  })
})

async function rows(connectionString: string, statement: string): Promise<{ name: string }[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const answer = await client.query<{ name: string }>(statement)
  await client.end()
  return answer.rows
}
