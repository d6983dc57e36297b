/** The process of the shipping participant: commands from Kafka, its tables and inbox in Postgres. */
import { wireContracts } from '../../shared/contracts/wire-contracts.ts'
import { runProcess } from '../kafka/main.ts'
import { PARTICIPANTS } from '../participants/home.ts'
import { shipping } from './contract.ts'

await runProcess({
  name: 'shipping',
  contracts: wireContracts(Object.values(shipping)),
  start: async ({ home, settings, metrics }) => {
    const { prefix, inboxRetention } = settings
    const service = await PARTICIPANTS.shipping(home, { prefix, inboxRetention, metrics })
    await service.start()
    return { stop: () => service.stop(), notReady: () => service.notReady, live: () => service.live }
  },
})
