/** A process of the Kafka home whose service never comes to its end: what drains for ever. */
import { runProcess } from '../../../services/kafka/main.ts'
import { wireContracts } from '../../../shared/contracts/wire-contracts.ts'

await runProcess({
  name: 'slow-to-stop',
  contracts: wireContracts([]),
  start: async () => ({ stop: () => new Promise<void>(() => {}), notReady: () => [] }),
})
