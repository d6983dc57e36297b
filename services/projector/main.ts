/** The process of the projector: the views follow the log. Run as many as wanted: they share the partitions out. */
import { wireContracts } from '../../shared/contracts/wire-contracts.ts'
import { runProcess } from '../kafka/main.ts'
import { startProjector } from './home.ts'

await runProcess({
  name: 'projector',
  contracts: wireContracts([]),
  start: async ({ home, settings, metrics }) => {
    const projector = await startProjector(home, { prefix: settings.prefix, metrics })
    return { stop: () => projector.close(), notReady: () => projector.notReady, halted: projector.halted }
  },
})
