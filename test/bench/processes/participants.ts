/** The three participants as one process on Kafka: with their inboxes in Postgres where there is one, else in memory. */
import { runProcess } from '../../../services/kafka/main.ts'
import { MemoryInbox } from '../../../shared/adapters/memory/memory-inbox.ts'
import { contractsOf } from '../../../shared/contracts/wire-contracts.ts'
import { participantService } from '../../../shared/participant/participant-service.ts'
import { writingParticipants } from '../homes/participants.ts'
import { BENCH_DEFINITIONS } from '../work/definitions.ts'
import { bank, benchHandlers, carrier, stock } from '../work/order.ts'

/** More than any run has commands. */
const INBOX_ENTRIES_MAX = 5_000_000

await runProcess({
  name: 'participants',
  contracts: contractsOf(BENCH_DEFINITIONS),
  start: async ({ home, settings, metrics }) => {
    const { prefix, databaseUrl } = settings
    const idle = benchHandlers<undefined>()
    const inMemory = () => ({
      ...home,
      prefix,
      metrics,
      inbox: new MemoryInbox({ entriesMax: INBOX_ENTRIES_MAX, acceptLoss: true }),
    })
    const services =
      databaseUrl === undefined
        ? [
            participantService(stock, idle.stock, inMemory()),
            participantService(bank, idle.bank, inMemory()),
            participantService(carrier, idle.carrier, inMemory()),
          ]
        : await Promise.all(writingParticipants.map((prepare) => prepare(home, { prefix, metrics, sagas: [] })))
    await Promise.all(services.map((service) => service.start()))
    return {
      stop: async () => void (await Promise.all(services.map((service) => service.stop()))),
      notReady: () => services.flatMap((service) => service.notReady),
    }
  },
})
