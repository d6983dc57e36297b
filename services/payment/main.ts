/** The process of the payment participant: commands from Kafka, its tables and inbox in Postgres. */
import { wireContracts } from '../../shared/contracts/wire-contracts.ts'
import { runProcess } from '../kafka/main.ts'
import { PARTICIPANTS } from '../participants/home.ts'
import { payment } from './contract.ts'

await runProcess({
  name: 'payment',
  contracts: wireContracts(Object.values(payment)),
  start: async ({ home, settings, metrics }) => {
    const { prefix, inboxRetention } = settings
    const service = await PARTICIPANTS.payment(home, { prefix, inboxRetention, metrics })
    await service.start()
    return { stop: () => service.stop(), notReady: () => service.notReady, live: () => service.live }
  },
})
