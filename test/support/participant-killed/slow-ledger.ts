/**
 * A participant in a process of its own, slow enough to be killed at work. Arguments: Kafka, database, name. A line of
 * its output for each call of a handler that takes many: `begin` when its rows are written, `end` when it answers.
 */
import type { Transaction } from 'kysely'
import { openKafkaBroker } from '../../../shared/adapters/kafka/kafka-broker.ts'
import { kyselyInbox } from '../../../shared/adapters/postgres/kysely-inbox.ts'
import { openPostgresDatabase } from '../../../shared/adapters/postgres/postgres-database.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { batched } from '../../../shared/participant/handlers.ts'
import { participantService } from '../../../shared/participant/participant-service.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { batchedLedger, type LedgerHandlers, type LedgerTables, ledger, singleLedger } from '../ledger.ts'

const [kafka = '', url = '', name = ''] = process.argv.slice(2)
const BATCH_MS = 60
const ONE_MS = 10
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const broker = await openKafkaBroker({ brokers: kafka.split(','), clientId: name }, { log: noLog, clock: systemClock })
const db = openPostgresDatabase<LedgerTables>({ url, log: noLog })
const { post } = batchedLedger()
const { unpost } = singleLedger()
if (typeof post === 'function' || post.kind !== 'batched' || typeof unpost !== 'function')
  throw new Error('other handlers')

const handlers: LedgerHandlers = {
  post: batched(
    async (items, context: { tx: Transaction<LedgerTables>; signal: AbortSignal }) => {
      const answers = await post.run(items, context)
      process.stdout.write('begin\n')
      await pause(BATCH_MS)
      process.stdout.write('end\n')
      return answers
    },
    { itemsMax: 20 },
  ),
  unpost: async (input, context) => {
    await unpost(input, context)
    await pause(ONE_MS)
  },
}

const concurrency = { max: 8, key: ({ amount }: { amount: number }) => String(amount) }
const topics = { topic: `${name}.commands`, group: name, prefix: name }
const ports = { broker, inbox: kyselyInbox(db), clock: systemClock }
await participantService(ledger, handlers, { ...ports, ...topics, concurrency }).start()
process.stdout.write('running\n')
